"""The service as tests ask it: in process, with a clock that stands still, and a key of a role."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI
from starlette.testclient import TestClient

from models.scorer import Scorer
from models.workspace import Workspace
from serving.access.gate import Gate
from serving.access.keys import make_key
from serving.access.passwords import Passwords
from serving.access.rates import Rates
from serving.access.settings import AccessSettings
from serving.app import create_app
from serving.settings import Settings
from serving.state import Desk, Worker
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.telemetry import Telemetry
from tests.support.access import CHEAP
from tests.support.folders import new_folder

NOW = np.datetime64("2026-09-01T12:00:00", "us")


def make_worker(workspace: Workspace, **changes: Any) -> Worker:
    """A worker on a workspace's champion; `changes` are settings."""
    folder = workspace.champion()
    told = changes.pop("database_url", None)
    url = told or f"sqlite:///{new_folder('test') / 'store.db'}"
    settings = Settings(workspace=workspace.folder, database_url=url, **changes)
    database = Database(url)
    migrate(database)
    return Worker(Scorer.load(Path(folder)), settings, lambda: NOW, Telemetry(), database)


def make_app(worker: Worker) -> FastAPI:
    """A worker's app, behind a gate that lets many requests through in a minute."""
    settings = AccessSettings(requests_per_minute=10_000_000)
    rates = Rates(settings.requests_per_minute, time.time)
    passwords = Passwords(CHEAP)
    gate = Gate(worker.database, settings, worker.clock, passwords, rates, None)
    return create_app(Desk(worker), gate)


def key_header(database: Database, role: str = "crm") -> dict[str, str]:
    """The header of a new key of a role."""
    with database.transaction() as connection:
        made = make_key(connection, "test", f"a key for {role}", role, None, None, NOW)
    return {"authorization": f"Bearer {made.text}"}


def make_client(worker: Worker, role: str | None = "crm") -> TestClient:
    """A client of a worker's app with a key of a role, or with none; use it as a context
    manager."""
    headers = {} if role is None else key_header(worker.database, role)
    return TestClient(make_app(worker), headers=headers)
