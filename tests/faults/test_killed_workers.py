"""Workers are killed under write load, round after round: nothing that was acknowledged is lost,
nothing is there twice. Three rounds by default; `make faults ROUNDS=50` for more."""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.scorer import Scorer
from models.workspace import Workspace
from serving.storage.database import Database
from serving.storage.migrate import migrate
from tests.support.databases import empty_database
from tests.support.server import call, key_header, started
from tests.support.writers import Writer, check

WORKERS, WRITERS = 2, 6
SEED = 20261125
LOG = logging.getLogger("faults")


def workers_of(pid: int) -> list[int]:
    """The processes that answer, by the supervisor's process id."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in _command(int(c))]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def started_at(pid: int) -> int:
    """When a process was started, in ticks: proc(5), field 22 of `stat`."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def kill_in_rounds(supervisor: int, rounds: int, start: float) -> None:
    """Kill the worker that has lived longest, and again when the one that follows it answers too.

    Args:
        start: seconds that a worker needs until it answers.
    """
    chance = random.Random(SEED)
    for _ in range(rounds):
        time.sleep(chance.uniform(0.2, 0.7))
        victim = min(workers_of(supervisor), key=started_at)
        os.kill(victim, signal.SIGKILL)
        end = time.monotonic() + 20
        # For a moment the killed one still stands in the list.
        while victim in workers_of(supervisor) or len(workers_of(supervisor)) < WORKERS:
            assert time.monotonic() < end, "the killed worker was not started again"
            time.sleep(0.05)
        time.sleep(start)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, trained: Workspace, tmp_path: Path
) -> Iterator[tuple[Workspace, Database]]:
    """A workspace and an empty store, on both databases."""
    shutil.copytree(trained.folder, tmp_path / "halden", ignore=shutil.ignore_patterns("store.db*"))
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    with empty_database(request.param, tmp_path, server) as database:
        migrate(database)
        yield Workspace(tmp_path / "halden"), database


def test_nothing_acknowledged_is_lost_and_nothing_doubled(
    store: tuple[Workspace, Database], request: pytest.FixtureRequest
):
    workspace, database = store
    rounds = int(request.config.getoption("--rounds"))
    url = database.url.replace("+psycopg", "")
    key = key_header(workspace.folder, store=url)
    figures = key_header(workspace.folder, "admin", store=url)
    stop, began = threading.Event(), time.monotonic()
    with started(workspace.folder, "--workers", str(WORKERS), database_url=url) as (
        process,
        address,
    ):
        # The supervisor needed as long for itself before it started them.
        start = (time.monotonic() - began) / 2
        writers = [Writer(address, key, f"W{k}", stop) for k in range(WRITERS)]
        threads = [threading.Thread(target=writer.run) for writer in writers]
        for thread in threads:
            thread.start()
        try:
            kill_in_rounds(process.pid, rounds, start)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        told = call(address, "GET", "/metrics", **figures)[2].decode()
    assert [w.fault for w in writers if w.fault] == []
    assert sum(w.repeated for w in writers) > 0, "no kill met a request in flight"
    for writer in writers:
        check(database, Scorer.load(workspace.champion()), writer)
    check_figures(told, writers)
    acknowledged = sum(w.acknowledged for w in writers)
    LOG.info(
        "%s: %d rounds, %d writes acknowledged, %d sent again; none lost, none doubled",
        *(database.engine.dialect.name, rounds, acknowledged, sum(w.repeated for w in writers)),
    )


def check_figures(text: str, writers: list[Writer]) -> None:
    """Figures outlive the workers that counted them, and nobody is left in flight."""

    def value(pattern: str) -> float:
        return sum(float(x) for x in re.findall(rf"^{pattern} (\S+)$", text, flags=re.MULTILINE))

    assert value("leadpact_http_requests_in_flight") == 1
    put = value(r'leadpact_http_requests_total\{method="PUT",.*status="20[01]"\}')
    acknowledged = sum(len(w.put) for w in writers)
    assert abs(put - acknowledged) <= sum(w.repeated for w in writers)
    assert value("leadpact_store_connections_in_use") <= 1
