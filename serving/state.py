"""What one worker answers with: its scorer, its settings, its clock, its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from fastapi import Request

from models.scorer import Scorer
from serving.settings import Settings
from serving.storage.database import Database
from serving.telemetry import Telemetry

Clock = Callable[[], np.datetime64]
"""Tells the instant in UTC, datetime64[us]."""


@dataclass(frozen=True)
class Worker:
    """Everything a route may need; put together once, by `bootstrap`."""

    scorer: Scorer
    settings: Settings
    clock: Clock
    telemetry: Telemetry
    database: Database


def worker_of(request: Request) -> Worker:
    """The worker that answers this request."""
    return cast(Worker, request.app.state.worker)
