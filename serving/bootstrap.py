"""The composition root: settings, clock, model and figures become one worker's app."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI

from models.workspace import Workspace
from serving.access.gate import Gate, open_gate
from serving.access.people import first_start_link
from serving.access.settings import AccessSettings
from serving.answering import answering
from serving.app import Watch, create_app
from serving.beginning.first_leads import bring_after_first_run
from serving.beginning.folder import Beginning
from serving.configuration import configured, store_url
from serving.first_app import create_first_app
from serving.handing_over import keep_handing_over
from serving.jobs.watching import run_jobs
from serving.jobs.work import House
from serving.keeping_fresh import keep_fresh
from serving.logs import log_as_json
from serving.opening import Opening
from serving.pact.seeding import begin
from serving.processes import serve
from serving.readiness import Readiness
from serving.settings import WORKSPACE, ServerSettings, Settings
from serving.state import Desk, Worker
from serving.stopping import stop_in_order
from serving.storage.database import Database, Watcher
from serving.storage.migrate import migrate, require_current
from serving.supervising import Supervision
from serving.swapping import load_champion, watch
from serving.sweeping import sweep_by_the_hour
from serving.telemetry import Telemetry
from serving.webhooks.delivering import Post
from serving.webhooks.signing import service_key
from serving.webhooks.targets import Rules
from serving.webhooks.watching import deliver_letters


def now() -> np.datetime64:
    """The instant in UTC."""
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")


def app_from_environment() -> FastAPI | Opening:
    """One worker's app: what uvicorn calls in every process. Without a model, the first run, which
    becomes the service once one was learned.

    Raises:
        BundleRefused: when the model is damaged, foreign or of another version.
        SettingsRefused: when a setting has a value that it may not have.
        StoreOutdated: when the store's tables are of another version.
    """
    workspace = Workspace(Path(os.environ[WORKSPACE]))
    log_as_json(configured(Settings, workspace.folder).log_level)
    return _service(workspace) if workspace.has_champion else _first_run(workspace)


def _first_run(workspace: Workspace) -> Opening:
    settings, telemetry, database = _equipment(workspace)
    beginning = Beginning(workspace, database, now)
    gate = open_gate(database, configured(AccessSettings, workspace.folder), now, time.time)
    first = create_first_app(beginning, gate, settings, telemetry)

    def whole() -> FastAPI:
        begin(database, workspace, now())
        bring_after_first_run(beginning, workspace.fields())
        return _service(workspace)

    def tell(fault: str) -> None:
        beginning.fault = fault

    return Opening(first, lambda: workspace.has_champion, whole, tell)


def _equipment(workspace: Workspace) -> tuple[Settings, Telemetry, Database]:
    settings, telemetry = configured(Settings, workspace.folder), Telemetry()
    database = Database(store_url(settings), settings.database_connections, _counting(telemetry))
    require_current(database)
    return settings, telemetry, database


def _service(workspace: Workspace) -> FastAPI:
    settings, telemetry, database = _equipment(workspace)
    scorer = answering(database, load_champion(workspace, now), now())
    desk = Desk(Worker(scorer, settings, now, telemetry, database))
    gate = open_gate(database, configured(AccessSettings, workspace.folder), now, time.time)
    readiness = Readiness(database)
    stopping = configured(ServerSettings, workspace.folder)
    supervision = Supervision(lambda loop: telemetry.broken.labels(loop).inc())
    beside = (
        *loops(supervision, desk, workspace, gate),
        lambda: stop_in_order(readiness, stopping),
    )
    return create_app(desk, gate, beside, readiness)


def loops(
    supervision: Supervision, desk: Desk, workspace: Workspace, gate: Gate
) -> tuple[Watch, ...]:
    """Everything that runs beside the requests again and again, each outliving its failures."""
    settings = desk.now.settings
    return (
        lambda: watch(supervision, desk, workspace),
        lambda: deliver_letters(supervision, _post(desk)),
        lambda: run_jobs(supervision, _house(desk, workspace), settings.job_days),
        lambda: keep_fresh(supervision, desk, workspace, settings.rescore_seconds),
        lambda: keep_handing_over(supervision, desk, workspace),
        lambda: sweep_by_the_hour(supervision, gate),
    )


def _house(desk: Desk, workspace: Workspace) -> House:
    """What jobs need of this process."""
    worker = desk.now
    return House(
        worker.database,
        workspace,
        lambda: desk.now.scorer,
        worker.clock,
        worker.settings.max_activities,
    )


def _post(desk: Desk) -> Post:
    """What webhooks need of this process."""
    worker, settings = desk.now, desk.now.settings
    key = service_key(settings)
    networks = (n.strip() for n in settings.webhook_networks.split(",") if n.strip())
    rules = Rules(tuple(ip_network(n) for n in networks))

    def count(outcome: str) -> None:
        worker.telemetry.letters.labels(outcome).inc()

    return Post(worker.database, worker.clock, key, rules, count)


def _counting(telemetry: Telemetry) -> Watcher:
    return Watcher(
        waited=telemetry.waited.observe,
        used=telemetry.connections.inc,
        failed=telemetry.store_failures.inc,
    )


def store_of(workspace: Workspace, named: str | None) -> Database:
    """The store that was named or is set, or the workspace's own, as it is."""
    return Database(store_url(configured(Settings, workspace.folder, database_url=named)))


@contextmanager
def opened_store(workspace: Workspace, named: str | None) -> Iterator[Database]:
    """The store, closed at the end. The workspace's own SQLite is brought to this version as it is
    opened; a store that an operator named is theirs to migrate.

    Raises:
        StoreOutdated: when such a store is not at this version.
    """
    settings = configured(Settings, workspace.folder, database_url=named)
    database = Database(store_url(settings))
    try:
        if not settings.database_url:
            workspace.home.mkdir(parents=True, exist_ok=True)
            migrate(database)
        require_current(database)
        yield database
    finally:
        database.close()


def run(workspace: Workspace, tell: Callable[[str], None], **told: Any) -> None:
    """Serve a workspace's champion, or its first run, until told to stop; requests in flight are
    finished first.

    Args:
        tell: shows the operator where to begin; the first link is a secret and goes to no log.
        told: settings of `ServerSettings` that win over file and environment; None says nothing.

    Raises:
        NoChampion: when the entry of the model that serves is damaged.
        SettingsRefused: when a setting has a value that it may not have.
        StoreOutdated: when the store is another's to migrate and is not at this version.
        StoreUnreachable: when it does not answer.
    """
    settings = configured(ServerSettings, workspace.folder, **told)
    log_as_json(configured(Settings, workspace.folder).log_level)
    configured(AccessSettings, workspace.folder)
    model = workspace.champion().name if workspace.has_champion else None
    os.environ[WORKSPACE] = str(workspace.folder.resolve())
    with opened_store(workspace, None) as database:
        link = first_start_link(database, now())
        if model is not None:
            begin(database, workspace, now())
    home = f"http://{settings.host}:{settings.port}"
    if model is None:
        tell(
            f"{workspace.folder} has no model yet. Open {home}/begin to bring leads and learn one."
        )
    else:
        tell(f"Model {model}. Open {home}/ or {home}/docs")
    if link is not None:
        tell(f"Nobody is an admin yet. To become one, open {home}{link.path} once, within a day.")
    # One thread a pool and one process a core: OpenMP on shared cores costs far more.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    serve("serving.bootstrap:app_from_environment", settings)
