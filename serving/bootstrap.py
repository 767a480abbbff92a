"""The composition root: settings, clock, model and figures become one worker's app."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
import structlog
import uvicorn
from fastapi import FastAPI

from models.workspace import Workspace
from serving.access.gate import open_gate
from serving.access.people import first_start_link
from serving.access.settings import AccessSettings
from serving.app import create_app
from serving.settings import Settings
from serving.state import Desk, Worker
from serving.storage.database import Database
from serving.storage.migrate import migrate, require_current
from serving.swapping import load_champion, watch
from serving.sweeping import sweep_by_the_hour
from serving.telemetry import SHARED_FOLDER, Telemetry


def now() -> np.datetime64:
    """The instant in UTC."""
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")


def app_from_environment() -> FastAPI:
    """One worker's app: what uvicorn calls in every process.

    Raises:
        NoChampion: when nothing has been trained yet.
        BundleRefused: when the model is damaged, foreign or of another version.
        StoreOutdated: when the store's tables are of another version.
    """
    settings = Settings()  # type: ignore[call-arg]  # the environment tells the rest
    log_as_json(settings.log_level)
    database = Database(settings.database_url)
    require_current(database)
    workspace = Workspace(settings.workspace)
    scorer = load_champion(workspace, now)
    desk = Desk(Worker(scorer, settings, now, Telemetry(), database))
    gate = open_gate(database, AccessSettings(), now, time.time)
    beside = (lambda: watch(desk, workspace), lambda: sweep_by_the_hour(gate))
    return create_app(desk, gate, beside)


def store_url(workspace: Workspace, named: str | None) -> str:
    """The URL of the store that was named, or of the workspace's own."""
    return named or f"sqlite:///{workspace.store.resolve()}"


@contextmanager
def opened_store(workspace: Workspace, named: str | None) -> Iterator[Database]:
    """The store, closed at the end. The workspace's own SQLite is brought to this version as it is
    opened; a store that an operator named is theirs to migrate.

    Raises:
        StoreOutdated: when such a store is not at this version.
    """
    database = Database(store_url(workspace, named))
    try:
        if named is None:
            workspace.home.mkdir(parents=True, exist_ok=True)
            migrate(database)
        require_current(database)
        yield database
    finally:
        database.close()


def log_as_json(level: str) -> None:
    """Structured lines on standard error, one JSON object each."""
    at_least = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(at_least),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def run(
    workspace: Workspace, host: str, port: int, workers: int, tell: Callable[[str], None]
) -> None:
    """Serve a workspace's champion until told to stop; requests in flight are finished first.

    Args:
        tell: shows the operator where to begin; the first link is a secret and goes to no log.

    Raises:
        NoChampion: when nothing has been trained yet.
        StoreOutdated: when the store is another's to migrate and is not at this version.
    """
    model = workspace.champion().name
    os.environ["LEADPACT_WORKSPACE"] = str(workspace.folder.resolve())
    with opened_store(workspace, os.environ.get("LEADPACT_DATABASE_URL")) as database:
        os.environ["LEADPACT_DATABASE_URL"] = database.url
        link = first_start_link(database, now())
    home = f"http://{host}:{port}"
    tell(f"Model {model}. Open {home}/ or {home}/docs")
    if link is not None:
        tell(f"Nobody is an admin yet. To become one, open {home}{link.path} once, within a day.")
    # One thread a pool and one process a core: OpenMP on shared cores costs far more.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    shared = tempfile.mkdtemp(prefix="leadpact-figures-") if workers > 1 else None
    if shared is not None:
        os.environ[SHARED_FOLDER] = shared
    try:
        uvicorn.run(
            "serving.bootstrap:app_from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=30,
            server_header=False,
        )
    finally:
        if shared is not None:
            shutil.rmtree(shared, ignore_errors=True)
