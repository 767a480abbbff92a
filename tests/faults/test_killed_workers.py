"""Workers are killed under write load, round after round: nothing that was acknowledged is lost,
nothing is there twice. Three rounds by default; `make faults ROUNDS=50` for more."""

from __future__ import annotations

import http.client
import logging
import os
import random
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from models.scorer import Scorer
from models.workspace import Workspace
from serving.canonical import read
from serving.reproducing import reproduce
from serving.storage import tables
from serving.storage.database import Database
from serving.storage.migrate import migrate
from tests.support.databases import empty_database
from tests.support.server import call, key_header, started

WORKERS, WRITERS = 2, 6
SEED = 20261125
LOG = logging.getLogger("faults")


@dataclass
class Writer:
    """A CRM that writes one lead, and whatever is not acknowledged again under the same name.

    Attributes:
        put: values of `employees` that were acknowledged, in order.
        events: ids of activities that were acknowledged.
        scores: ids of scores that were told.
        repeated: how often an answer did not come.
    """

    address: str
    key: dict[str, str]
    lead: str
    stop: threading.Event
    put: list[int] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    repeated: int = 0
    fault: str = ""

    def run(self) -> None:
        """Write until told to stop."""
        turn = 0
        while not self.stop.is_set() and not self.fault:
            turn += 1
            self._put(turn)
            if turn % 2 == 0:
                self._tell([f"{self.lead}-{turn}-{k}" for k in range(3)])

    def _put(self, turn: int) -> None:
        lead = {"lead": {"employees": turn, "industry": "logistics"}}
        told = self._until_told("PUT", f"/v1/leads/{self.lead}", lead, (200, 201))
        if told is not None:
            self.put.append(turn)
            self.scores.append(told["score"]["score_id"])

    def _tell(self, ids: list[str]) -> None:
        at = "2026-08-20T10:00:00Z"
        rows = [
            {"lead_id": self.lead, "event_id": i, "occurred_at": at, "kind": "visit"} for i in ids
        ]
        told = self._until_told("POST", "/v1/activities", {"activities": rows}, (200,))
        if told is not None:
            self.events += ids

    def _until_told(
        self, method: str, path: str, body: object, good: tuple[int, ...]
    ) -> dict | None:
        """The answer, however often it takes; None when it is none that should be."""
        name = f"{self.lead}-{len(self.put)}-{len(self.events)}"
        while True:
            try:
                status, _, content = call(
                    self.address, method, path, body, idempotency_key=name, **self.key
                )
            except (OSError, http.client.HTTPException):
                self.repeated += 1
                time.sleep(0.05)
                continue
            if status in good:
                return msgspec.json.decode(content)
            self.fault = f"{method} {path}: {status} {content!r}"
            return None


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
    acknowledged = sum(len(w.scores) + len(w.events) // 3 for w in writers)
    LOG.info(
        "%s: %d rounds, %d writes acknowledged, %d sent again; none lost, none doubled",
        *(database.engine.dialect.name, rounds, acknowledged, sum(w.repeated for w in writers)),
    )


def check(database: Database, scorer: Scorer, writer: Writer) -> None:
    """What one writer was told against what is stored."""
    versions, did, scores = tables.lead_versions, tables.activities, tables.scores
    with database.reading() as connection:
        query = select(versions.c.fields).where(versions.c.lead_id == writer.lead)
        kept = connection.execute(query.order_by(versions.c.version)).scalars()
        assert [int(read(fields)["employees"]) for fields in kept] == writer.put
        events = connection.execute(select(did.c.event_id).where(did.c.lead_id == writer.lead))
        assert Counter(events.scalars()) == Counter(writer.events)
        made = select(scores.c.id).where(scores.c.lead_id == writer.lead).order_by(scores.c.seq)
        ids = list(connection.execute(made).scalars())
        assert set(writer.scores) <= set(ids)
        # One for each write of the lead, one for each list of activities.
        assert len(ids) == len(writer.put) + len(writer.events) // 3
        assert reproduce(connection, scorer, ids[-1]).same


def check_figures(text: str, writers: list[Writer]) -> None:
    """Figures outlive the workers that counted them, and nobody is left in flight."""

    def value(pattern: str) -> float:
        return sum(float(x) for x in re.findall(rf"^{pattern} (\S+)$", text, flags=re.MULTILINE))

    assert value("leadpact_http_requests_in_flight") == 1
    put = value(r'leadpact_http_requests_total\{method="PUT",.*status="20[01]"\}')
    acknowledged = sum(len(w.put) for w in writers)
    assert abs(put - acknowledged) <= sum(w.repeated for w in writers)
    assert value("leadpact_store_connections_in_use") <= 1
