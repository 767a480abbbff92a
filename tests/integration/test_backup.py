"""A store copied while it is in use, brought back, and compared row by row, on both databases."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.workspace import Workspace
from serving.storage import tables
from serving.storage.database import Database
from serving.storage.migrate import VERSION_TABLE, require_current
from serving.storage.schema import metadata
from tests.support.cli import run
from tests.support.databases import empty_database, postgresql_tools
from tests.support.service import make_client, make_worker

LEAD = {"lead": {"employees": 640, "industry": "logistics", "email": "ines.duarte@example.com"}}


def filled(workspace: Workspace, url: str, leads: int) -> Database:
    """A store in which something of everything is."""
    worker = make_worker(workspace, database_url=url)
    with make_client(worker) as client:
        for k in range(leads):
            told = client.put(f"/v1/leads/L{k}", json=LEAD, headers={"idempotency-key": str(k)})
            assert told.status_code == 201
        activity = {"lead_id": "L0", "occurred_at": "2026-08-20T10:00:00Z", "kind": "visit"}
        outcome = {"lead_id": "L1", "at": "2026-08-20T10:00:00Z", "stage": "won"}
        assert client.post("/v1/activities", json=activity).status_code == 200
        assert client.post("/v1/outcomes", json=outcome).status_code == 200
    return Database(url)


def everything(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with database.reading() as connection:
        return {
            name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for name, table in metadata.tables.items()
        }


@pytest.fixture
def house(trained: Workspace, tmp_path: Path) -> Workspace:
    """A workspace with a store of its own and something in it."""
    home = Workspace(tmp_path / "halden")
    shutil.copytree(trained.folder, home.folder, ignore=shutil.ignore_patterns("store.db*"))
    filled(home, f"sqlite:///{home.store}", 3).close()
    return home


def test_a_copy_of_sqlite_brought_back_is_the_same_row_by_row(house: Workspace, tmp_path: Path):
    copy, store = tmp_path / "copy.db", Database(f"sqlite:///{house.store}")
    assert run("store", "backup", copy, "-w", house.folder).code == 0
    before = everything(store)
    assert sum(map(len, before.values())) > 10
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with store.transaction() as connection:
        connection.execute(tables.outcomes.delete())
        connection.execute(tables.leads.update().values(owner="somebody else"))
    assert everything(store) != before
    refused = run("store", "restore", copy, "-w", house.folder)
    assert (refused.code, "--replace" in refused.err) == (2, True)
    assert run("store", "restore", copy, "--replace", "-w", house.folder).code == 0
    assert everything(store) == before
    store.close()
    for beside in house.home.glob("store.db*"):
        beside.unlink()
    assert run("store", "restore", copy, "-w", house.folder).code == 0
    assert everything(store) == before
    store.close()


def test_a_copy_made_under_writes_is_one_moments_state(house: Workspace, tmp_path: Path):
    store, stop = Database(f"sqlite:///{house.store}"), threading.Event()
    pair = {"channel": "web", "team": "marketing", "occurred_at": 1, "received_at": 2}

    def write() -> None:
        k = 0
        while not stop.is_set():
            k += 1
            with store.transaction() as connection:
                for half in ("a", "b"):
                    event = {"event_id": f"{k}{half}", "content_sha256": "", "lead_id": "L0"}
                    row = {**pair, **event, "kind": half}
                    connection.execute(tables.activities.insert().values(**row))

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"{k}.db" for k in range(5)]
    try:
        for path in copies:
            assert run("store", "backup", path, "-w", house.folder).code == 0
    finally:
        stop.set()
        writer.join()
    seen = []
    for path in copies:
        copy = Database(f"sqlite:///{path}")
        require_current(copy)
        with copy.reading() as connection:
            kind = tables.activities.c.kind
            count = select(kind, func.count()).where(kind.in_(("a", "b"))).group_by(kind)
            a, b = (dict(connection.execute(count).all()).get(half, 0) for half in ("a", "b"))
        copy.close()
        assert a == b
        seen.append(a)
    store.close()
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_what_is_no_copy_is_refused_and_nothing_is_overwritten(house: Workspace, tmp_path: Path):
    store = Database(f"sqlite:///{house.store}")
    before = everything(store)
    copy = tmp_path / "copy.db"
    assert run("store", "backup", copy, "-w", house.folder).code == 0
    again = run("store", "backup", copy, "-w", house.folder)
    assert (again.code, "is there already" in again.err) == (2, True)
    damaged, later, other = (tmp_path / f"{n}.db" for n in ("damaged", "later", "other"))
    damaged.write_bytes(copy.read_bytes()[:50_000])
    shutil.copy(copy, later)
    with closing(sqlite3.connect(later)) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        connection.commit()
    other.write_text("lead_id,score\n")
    for path in (damaged, later, other, tmp_path / "nothing.db"):
        told = run("store", "restore", path, "--replace", "-w", house.folder)
        assert told.code == 2, path
        assert path.name in told.err
    assert everything(store) == before
    assert [p.name for p in tmp_path.glob(".*.tmp")] == []
    store.close()


def test_a_dump_of_postgresql_brought_back_is_the_same_and_goes_on(
    trained: Workspace, tmp_path: Path, postgresql: str
):
    dump, tools = tmp_path / "store.dump", postgresql_tools()
    with (
        empty_database("postgresql", tmp_path, postgresql) as store,
        empty_database("postgresql", tmp_path, postgresql) as elsewhere,
    ):
        url, other = (address_of(database) for database in (store, elsewhere))
        filled(trained, url, 3).close()
        before = everything(store)
        options = ("-w", trained.folder, "--database-url", url)
        refused = run("store", "backup", tmp_path / "x.db", *options)
        assert (refused.code, "pg_dump" in refused.err) == (2, True)
        call(tools / "pg_dump", "--format=custom", f"--file={dump}", url)
        call(tools / "pg_restore", "--clean", "--if-exists", f"--dbname={other}", str(dump))
        assert everything(elsewhere) == before
        with make_client(make_worker(trained, database_url=other)) as client:
            # Numbers go on where they were: a new row collides with none.
            assert client.put("/v1/leads/new", json=LEAD).status_code == 201
            assert client.get("/v1/leads/L0").json()["id"] == "L0"


def address_of(database: Database) -> str:
    """Its URL as PostgreSQL's own programs take it."""
    return database.url.replace("+psycopg", "")


def call(program: Path, *arguments: str) -> None:
    subprocess.run([str(program), *arguments], check=True, capture_output=True)
