"""Everything that runs beside the requests outlives a store whose tables are gone, and goes on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from models.workspace import Workspace
from serving import bootstrap
from serving.access.gate import open_gate
from serving.access.settings import AccessSettings
from serving.state import Desk
from serving.storage.database import Database
from serving.storage.jobs_tables import leases as held
from serving.storage.migrate import migrate
from serving.supervising import Supervision
from tests.support.coroutines import finish
from tests.support.service import NOW, make_worker

LOOPS = ("model", "webhooks", "jobs", "scores", "handoffs", "sessions")


class Clockwork:
    """Short sleeps for long ones; each loop's naps are counted by its task."""

    def __init__(self) -> None:
        self.broke: list[str] = []
        self.naps: dict[asyncio.Task[Any] | None, int] = {}

    async def sleep(self, _seconds: float) -> None:
        task = asyncio.current_task()
        self.naps[task] = self.naps.get(task, 0) + 1
        await asyncio.sleep(0.01)


@pytest.fixture
def desk(trained: Workspace, tmp_path: Path) -> Desk:
    return Desk(make_worker(trained, database_url=f"sqlite:///{tmp_path / 'store.db'}"))


def lose_the_tables(database: Database) -> None:
    """As an operator does who restores the wrong dump."""
    with database.rebuilding() as connection:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        for name in [n for n in found.scalars().all() if not n.startswith("sqlite_")]:
            connection.exec_driver_sql(f'DROP TABLE "{name}"')


async def until(holds: Any, within: float = 20.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        await asyncio.sleep(0.02)


def leases(database: Database) -> set[str]:
    """Who has worked since the tables came back."""
    with database.reading() as connection:
        return set(connection.execute(select(held.c.name)).scalars())


async def whole(desk: Desk, workspace: Workspace, clockwork: Clockwork) -> None:
    database = desk.now.database
    gate = open_gate(database, AccessSettings(), lambda: NOW, time.time)
    supervision = Supervision(clockwork.broke.append, clockwork.sleep)
    lose_the_tables(database)
    tasks = [
        asyncio.create_task(loop()) for loop in bootstrap.loops(supervision, desk, workspace, gate)
    ]
    try:
        await until(lambda: all(clockwork.broke.count(name) >= 3 for name in LOOPS))
        migrate(database)
        # A round may have begun before the tables were there.
        await asyncio.sleep(0.2)
        before, naps = len(clockwork.broke), dict(clockwork.naps)
        await until(lambda: all(clockwork.naps[task] > naps[task] + 3 for task in tasks))
        assert clockwork.broke[before:] == []
        assert "hand over" in leases(database)
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_every_loop_outlives_tables_that_are_gone_and_works_once_they_are_back(
    desk: Desk, trained: Workspace
):
    clockwork = Clockwork()
    with capture_logs() as lines:
        finish(whole(desk, trained, clockwork))
    told = {line["loop"] for line in lines if line["event"] == "broke beside requests"}
    assert told == set(clockwork.broke) == set(LOOPS)
