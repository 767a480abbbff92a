"""What one worker answers with: its scorer, its settings, its clock, its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    """Everything a route may need; one request sees one of these from beginning to end."""

    scorer: Scorer
    settings: Settings
    clock: Clock
    telemetry: Telemetry
    database: Database


class Desk:
    """What this process answers with now. A swap is one assignment: requests that have begun go
    on with the model they began with, and none ever sees two."""

    def __init__(self, worker: Worker) -> None:
        self.now = worker

    def swap(self, scorer: Scorer) -> None:
        """Answer with another model from the next request on."""
        self.now = replace(self.now, scorer=scorer)


def worker_of(request: Request) -> Worker:
    """The worker that answers this request: the one that was there when it was first asked for."""
    found = getattr(request.state, "worker", None)
    if found is None:
        found = request.app.state.desk.now
        request.state.worker = found
    return cast(Worker, found)
