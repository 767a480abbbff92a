"""PostgreSQL is ended at once and started again under write load: callers are asked to wait,
nothing that was acknowledged is lost or doubled, and what runs beside the requests goes on. One
restart by default; `make faults ROUNDS=50` for more."""

from __future__ import annotations

import json
import logging
import random
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from models.scorer import Scorer
from models.workspace import Workspace
from serving.storage.database import Database
from serving.storage.migrate import migrate
from tests.support.cli import run
from tests.support.databases import Postgresql, own_postgresql
from tests.support.filled import sample_leads
from tests.support.receiver import Receiver, receiving
from tests.support.server import call, key_header, started, upload
from tests.support.writers import Writer, check

SEED, WRITERS, LEADS = 20261125, 4, 500
SETTINGS = {"webhook_networks": "127.0.0.0/8", "log_level": "info"}
LOG = logging.getLogger("faults")


def test_a_database_that_ends_under_load_costs_a_wait_and_nothing_else(
    trained: Workspace, tmp_path: Path, request: pytest.FixtureRequest
):
    restarts = max(1, int(request.config.getoption("--rounds")) // 3)
    folder, log = tmp_path / "halden", tmp_path / "log"
    shutil.copytree(trained.folder, folder, ignore=shutil.ignore_patterns("store.db*", "mlart*"))
    scorer = Scorer.load(Workspace(folder).champion())
    with own_postgresql() as server, receiving() as receiver:
        url = server.database()
        store = Database(url)
        migrate(store)
        keys = {role: key_header(folder, role, store=url) for role in ("admin", "crm")}
        with started(folder, log=log, database_url=url, **SETTINGS) as (process, address):
            told = {"url": receiver.address, "events": ["score.changed", "grade.changed"]}
            assert call(address, "POST", "/v1/webhooks", told, **keys["admin"])[0] == 201
            leads = sample_leads(Workspace(folder), LEADS)
            (tmp_path / "leads.ndjson").write_text("\n".join(json.dumps(lead) for lead in leads))
            job = upload(address, tmp_path / "leads.ndjson", **keys["admin"])
            until(lambda: state(address, keys["admin"], job)["state"] == "running")
            writers = write_while(server, address, keys["crm"], restarts)
            assert process.poll() is None
            goes_on(address, keys, receiver, job)
        assert [w.fault for w in writers if w.fault] == []
        assert sum(w.waited for w in writers) > 0, "no restart met a request in flight"
        for writer in writers:
            check(store, scorer, writer)
        verified = run("store", "verify", "-w", folder, "--database-url", url, "--json").json
        assert (verified["leads"], verified["faults"]) == (LEADS + WRITERS + 1, [])
        store.close()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    events = [line["event"] for line in lines]
    assert "store unreachable" in events
    assert "broke beside requests" not in events
    cut_off = [x for x in lines if x["event"] == "not done beside requests" and "kind" in x]
    assert {x["kind"] for x in cut_off} == {"import"}, "no restart met the job"
    LOG.info(
        "%d restarts, %d writes acknowledged, %d asked to wait; none lost, none doubled",
        *(restarts, sum(w.acknowledged for w in writers), sum(w.waited for w in writers)),
    )


def write_while(
    server: Postgresql, address: str, key: dict[str, str], restarts: int
) -> list[Writer]:
    """Write leads, activities and outcomes while the database ends and comes back."""
    chance, stop = random.Random(SEED), threading.Event()
    writers = [Writer(address, key, f"W{k}", stop, waits=True) for k in range(WRITERS)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(restarts):
            time.sleep(chance.uniform(0.5, 1.0))
            server.crash()
            time.sleep(chance.uniform(0.5, 1.5))
            server.start()
            before = sum(w.acknowledged for w in writers)
            until(lambda before=before: sum(w.acknowledged for w in writers) > before + WRITERS)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return writers


def goes_on(address: str, keys: dict[str, dict[str, str]], receiver: Receiver, job: str) -> None:
    """The job that was cut off is done and a letter arrives, without anybody's help."""
    weak = {"employees": 1, "job_title": "Student", "phone_given": False}
    strong = {"employees": 640, "job_title": "Head of Operations", "phone_given": True}
    for lead in (weak, strong):
        body = {"lead": lead}
        assert call(address, "PUT", "/v1/leads/MOVED", body, **keys["crm"])[0] in (200, 201)

    until(lambda: state(address, keys["admin"], job)["state"] not in ("queued", "running"))
    found = state(address, keys["admin"], job)
    assert (found["state"], found["done"], found["refused"]) == ("done", LEADS, 0)
    until(lambda: any(x["data"].get("lead_id") == "MOVED" for x in receiver.bodies))


def state(address: str, key: dict[str, str], job: str) -> dict[str, Any]:
    """A job as it stands."""
    found: dict[str, Any] = json.loads(call(address, "GET", f"/v1/jobs/{job}", **key)[2])
    return found


def until(holds, within: float = 20.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)
