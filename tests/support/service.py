"""The service as tests ask it: in process, with a clock that stands still."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from models.scorer import Scorer
from models.workspace import Workspace
from serving.app import create_app
from serving.settings import Settings
from serving.state import Desk, Worker
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.telemetry import Telemetry

NOW = np.datetime64("2026-09-01T12:00:00", "us")


def make_worker(workspace: Workspace, **changes: Any) -> Worker:
    """A worker on a workspace's champion; `changes` are settings."""
    folder = workspace.champion()
    url = f"sqlite:///{mkdtemp(prefix='leadpact-test-')}/store.db"
    settings = Settings(workspace=workspace.folder, database_url=url, **changes)
    database = Database(url)
    migrate(database)
    return Worker(Scorer.load(Path(folder)), settings, lambda: NOW, Telemetry(), database)


def make_client(worker: Worker) -> TestClient:
    """A client of a worker's app, started; use it as a context manager."""
    return TestClient(create_app(Desk(worker)))
