"""The database is stopped and started again under a running service, which needs no help."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from models.workspace import Workspace
from serving import readiness
from serving.storage.database import Database
from serving.storage.migrate import VERSION_TABLE, migrate
from tests.support.coroutines import finish
from tests.support.databases import own_postgresql
from tests.support.server import call, key_header, started

LEAD = {"lead": {"employees": 640, "industry": "logistics"}}


def ready(address: str) -> tuple[int, str]:
    """What `/readyz` says: the status, and the reason where there is one."""
    status, _, body = call(address, "GET", "/readyz")
    return status, json.loads(body).get("detail", "")


def test_a_store_that_goes_and_comes_back(trained: Workspace, tmp_path: Path):
    log = tmp_path / "log"
    with own_postgresql() as server:
        url = server.database()
        store = Database(url)
        migrate(store)
        key = key_header(trained.folder, store=url)
        figures = key_header(trained.folder, "admin", store=url)
        settings = {"database_url": url, "log_level": "info"}
        with started(trained.folder, log=log, **settings) as (_, address):
            assert ready(address) == (200, "")
            assert call(address, "PUT", "/v1/leads/before", LEAD, **key)[0] == 201
            server.stop()
            try:
                status, reason = ready(address)
                assert (status, reason) == (503, "The store cannot be reached.")
                status, headers, body = call(address, "PUT", "/v1/leads/during", LEAD, **key)
                assert (status, headers["retry-after"]) == (503, "1")
                told = json.loads(body)
                assert told["type"] == "urn:leadpact:problem:not-ready"
                assert "same Idempotency-Key" in told["detail"]
                assert call(address, "GET", "/healthz")[0] == 200
            finally:
                server.start()
            assert ready(address) == (200, "")
            assert call(address, "GET", "/v1/leads/before", **key)[0] == 200
            assert call(address, "GET", "/v1/leads/during", **key)[0] == 404
            shown = call(address, "GET", "/metrics", **figures)[2].decode()
            assert "leadpact_store_up 1.0" in shown
            # What runs beside the requests looks at the store too, and fails as often.
            [failures] = re.findall(r"^leadpact_store_failures_total (\S+)$", shown, re.MULTILINE)
            assert float(failures) >= 2
            with store.transaction() as connection:
                connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))
            status, reason = ready(address)
            assert status == 503
            assert "The store is at revision 0001" in reason
            assert "leadpact migrate" in reason
        store.close()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    events = [line["event"] for line in lines if line["level"] != "info"]
    # What runs beside the requests may meet it first, and says so in words of its own.
    asked = [event for event in events if event in ("store unreachable", "not ready")]
    assert asked[:2] == ["store unreachable", "not ready"]
    assert events.count("ready again") == 1
    [refused] = [x for x in lines if x.get("method") == "PUT" and x["status"] == 503]
    [why] = [
        x["error"] for x in lines if "error" in x and x.get("request_id") == refused["request_id"]
    ]
    assert "connection" in why


def test_a_store_that_hangs_is_asked_once_and_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[Database] = []
    go_on = threading.Event()

    def hangs(asked_of: Database) -> None:
        asked.append(asked_of)
        go_on.wait(10)

    monkeypatch.setattr(readiness, "require_current", hangs)
    database = Database(f"sqlite:///{tmp_path / 'store.db'}")

    async def several() -> list[str | None]:
        looks = readiness.Readiness(database, within=0.05)
        told = list(await asyncio.gather(*(looks.why_not() for _ in range(5))))
        go_on.set()
        await asyncio.sleep(0.05)
        return [*told, await looks.why_not()]

    *slow, after = finish(several())
    assert slow == ["The store has not answered within 0.05 seconds."] * 5
    assert after is None
    assert asked == [database] * 2
