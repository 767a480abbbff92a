"""A disk that is full and a store that somebody else holds: nothing acknowledged is lost, the
refusal says what to do, and the service goes on when it is over."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
from ipaddress import ip_network
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from models.scorer import Scorer
from models.workspace import Workspace
from serving.refreshing import LEASE, Counts, sweep
from serving.storage import database as store_module
from serving.storage.base import to_number
from serving.storage.database import Database
from serving.storage.events import EventStore
from serving.storage.leads import Filter, LeadStore
from serving.storage.leases import Lease
from serving.storage.outbox import OutboxStore
from serving.verifying import verify
from serving.webhooks.delivering import Post, deliver_some, waiting
from serving.webhooks.signing import service_key
from serving.webhooks.targets import Rules
from tests.support.access import Clock
from tests.support.cli import run
from tests.support.pact import Table, sit_down
from tests.support.receiver import receiving, status
from tests.support.server import call, key_header, started

STRONG = {"employees": 640, "industry": "logistics", "job_title": "Head of Operations"}
LEAD = {"lead": {"employees": 640, "industry": "logistics"}}
DAY = np.timedelta64(1, "D")


@pytest.fixture
def copied(trained: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(
        trained.folder, tmp_path / "halden", ignore=shutil.ignore_patterns("store.db*", "mlart*")
    )
    return Workspace(tmp_path / "halden")


def test_a_full_disk_refuses_writes_and_loses_none_that_was_acknowledged(copied: Workspace):
    key = key_header(copied.folder)
    kept: list[str] = []
    with started(copied.folder) as (process, address):

        def write(name: str) -> tuple[int, bytes]:
            status, _, body = call(address, "PUT", f"/v1/leads/{name}", LEAD, **key)
            kept.extend([name] if status in (200, 201) else [])
            return status, body

        assert all(write(f"B{n}")[0] == 201 for n in range(5))
        grown = max(f.stat().st_size for f in copied.store.parent.glob("store.db*"))
        most = (grown, resource.RLIM_INFINITY)
        # No file of the process may grow beyond this: the system's own word for a full disk.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, most)
        refusals = [write(f"D{n}") for n in range(20)]
        full = [(status, body) for status, body in refusals if status >= 400]
        assert full, "the disk never became full"
        for status, body in full:
            assert status == 503, body
            assert "Idempotency-Key" in json.loads(body)["detail"]
        assert call(address, "GET", "/v1/leads/B0", **key)[0] == 200
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        assert write("A0")[0] == 201
        for name in kept:
            assert call(address, "GET", f"/v1/leads/{name}", **key)[0] == 200
    verified = run("store", "verify", "-w", copied.folder, "--json").json
    assert verified["faults"] == []
    assert verified["leads"] >= len(kept)


def test_a_store_that_somebody_holds_is_waited_for_and_then_refused(
    trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store_module, "WAIT_SECONDS", 1)
    with sit_down(trained, database_url=f"sqlite:///{tmp_path}/held.db") as table:
        table.put_lead("L1")
        holder = sqlite3.connect(tmp_path / "held.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        answer = table.client.put("/v1/leads/L2", json=LEAD, headers=table.crm)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        # Who only reads is not kept waiting.
        assert table.client.get("/v1/leads/L1", headers=table.crm).status_code == 200
        holder.execute("ROLLBACK")
        holder.close()
        assert table.client.put("/v1/leads/L2", json=LEAD, headers=table.crm).status_code == 201


@pytest.mark.parametrize("jump", [-400 * DAY, -np.timedelta64(1, "h"), 400 * DAY])
def test_a_clock_that_jumps_loses_nothing_and_every_score_comes_out_again(
    trained: Workspace, tmp_path: Path, jump: np.timedelta64
):
    url = f"sqlite:///{tmp_path}/jump.db"
    with sit_down(trained, database_url=url) as table:
        assert isinstance(table.clock, Clock)
        for name in ("L1", "L2"):
            table.put_lead(name)
        touch(table, "L1", "before")
        table.clock.now = table.clock.now + jump
        table.put_lead("L1", {"employees": 700})
        touch(table, "L1", "after")
        touch(table, "L2", "after")
        table.put_lead("L3")
        assert table.ask("/v1/leads/L1")["version"] == 2
        with table.worker.database.reading() as connection:
            rows = EventStore(connection).activities_of("L1")
        assert {row.event_id for row in rows} == {"before-L1", "after-L1"}
        scorer = Scorer.load(trained.champion())
        database = Database(url)
        found = verify(database, scorer, lambda _: scorer, table.clock.now)
        database.close()
    assert (found.leads, found.faults) == (3, ())


def test_a_clock_that_ran_ahead_and_was_set_right_leaves_no_score_and_no_letter_stuck(
    trained: Workspace, tmp_path: Path
):
    url = f"sqlite:///{tmp_path}/ahead.db"
    with sit_down(trained, database_url=url, webhook_key="k" * 32) as table, receiving() as there:
        assert isinstance(table.clock, Clock)
        body = {"url": there.address, "events": ["score.changed", "grade.changed"]}
        table.post("admin", "/v1/webhooks", body)
        post = _post(table)
        for n in range(4):
            table.put_lead(f"L{n}", STRONG if n % 2 else {"employees": 1})
        right = table.clock.now
        table.clock.now = right + 400 * DAY
        there.answer = lambda handler, _: status(handler, 503)
        assert sweep_all(table).looked == 4
        table.put_lead("L0", STRONG)
        assert deliver(post)
        table.clock.now, there.answer = right + np.timedelta64(1, "h"), None
        assert sweep_all(table).looked == 4
        assert sweep_all(table).looked == 0
        before = set(there.ids)
        while deliver(post):
            pass
        assert set(there.ids) >= before
        with table.worker.database.reading() as connection:
            assert OutboxStore(connection).counts().keys() == {"delivered"}
            due = [row.due_at for row in LeadStore(connection).page(Filter(), 0, 10)]
        assert max(due) <= to_number(table.clock.now + DAY)
        scorer = Scorer.load(trained.champion())
        found = verify(table.worker.database, scorer, lambda _: scorer, table.clock.now)
    assert (found.leads, found.faults) == (4, ())


def _post(table: Table) -> Post:
    rules = Rules((ip_network("127.0.0.0/8"),), connect_seconds=2, total_seconds=1)
    key = service_key(table.worker.settings)
    return Post(table.worker.database, table.clock, key, rules, lambda _: None)


def deliver(post: Post) -> int:
    """How many letters were tried."""
    tried = 0
    for name in waiting(post):
        lease = Lease(f"webhook {name}")
        assert lease.take(post.database, post.clock())
        tried += deliver_some(post, lease, name)
        lease.release(post.database)
    return tried


def sweep_all(table: Table) -> Counts:
    """What a sweep does now."""
    database, lease = table.worker.database, Lease(LEASE)
    assert lease.take(database, table.clock())
    counts = sum(sweep(database, lambda: table.worker.scorer, table.clock, lease), Counts())
    lease.release(database)
    return counts


def touch(table: Table, lead_id: str, when: str) -> None:
    event = {"lead_id": lead_id, "event_id": f"{when}-{lead_id}", "channel": "web"}
    body = event | {"occurred_at": f"{table.clock.now}Z", "kind": "webinar"}
    client: TestClient = table.client
    answer = client.post("/v1/activities", json=body, headers=table.crm)
    assert answer.is_success, answer.text
