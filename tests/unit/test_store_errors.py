"""What a store that fails is said to be: unreachable when it is, and a defect of ours when not."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from serving.storage import database as storage
from serving.storage.database import Database, StoreUnreachable, Watcher


class Counted:
    """What a store tells its watcher."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.used, self.failed = 0, 0

    def watcher(self) -> Watcher:
        return Watcher(self.waits.append, self._use, self._fail)

    def _use(self, more: int) -> None:
        self.used += more

    def _fail(self) -> None:
        self.failed += 1


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def store(tmp_path: Path, counted: Counted) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path / 'store.db'}", watcher=counted.watcher())
    yield found
    found.close()


def test_a_wrong_statement_is_a_defect_on_both_databases(database: Database):
    with pytest.raises(DBAPIError), database.transaction() as connection:
        connection.exec_driver_sql("SELECT * FROM nothing")


def test_a_folder_that_is_gone_and_a_server_that_is_not_there_are_unreachable(tmp_path: Path):
    for url in (f"sqlite:///{tmp_path / 'gone' / 'x.db'}", "postgresql://u:s3cret@127.0.0.1:1/x"):
        with pytest.raises(StoreUnreachable) as told, Database(url).reading():
            pass
        [note] = told.value.__notes__
        assert note
        assert "s3cret" not in str(told.value) + note


def test_who_waits_too_long_for_the_lock_is_told_that_the_store_is_busy(
    tmp_path: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(storage, "WAIT_SECONDS", 0.05)
    store = Database(f"sqlite:///{tmp_path / 'store.db'}", watcher=counted.watcher())
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnreachable, match="too busy") as told, store.transaction():
            pass
        other.execute("ROLLBACK")
    assert told.value.__notes__ == ["database is locked"]
    assert (counted.failed, counted.used) == (1, 0)
    with store.transaction() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        assert counted.used == 1
    assert (counted.used, len(counted.waits)) == (0, 1)
    store.close()


def test_more_than_the_allowed_connections_wait_and_then_give_up(
    tmp_path: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(storage, "WAIT_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = Database(url, connections=2, watcher=counted.watcher())
    with store.reading(), store.reading():
        assert counted.used == 2
        with pytest.raises(StoreUnreachable), store.reading():
            pass
    with store.reading():
        assert counted.used == 1
    store.close()


def test_writers_of_one_process_line_up_without_holding_connections(
    tmp_path: Path, counted: Counted
):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = Database(url, connections=2, watcher=counted.watcher())
    done: list[int] = []

    def write(k: int) -> None:
        with store.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (?)", (k,))
        done.append(k)

    with store.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
    writers = [threading.Thread(target=write, args=(k,)) for k in range(8)]
    with store.transaction():
        for writer in writers:
            writer.start()
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0
        assert (counted.used, done) == (1, [])
    for writer in writers:
        writer.join(20)
    assert sorted(done) == list(range(8))
    store.close()


def test_who_waits_too_long_for_their_turn_is_told_so_too(
    store: Database, counted: Counted, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(storage, "WAIT_SECONDS", 0.05)
    with store.transaction(), pytest.raises(StoreUnreachable), store.transaction():
        pass
    assert counted.failed == 1


def test_values_of_leads_are_in_no_error(store: Database):
    with store.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x TEXT UNIQUE)")
        connection.exec_driver_sql("INSERT INTO t VALUES (?)", ("Ines Duarte",))
    with pytest.raises(DBAPIError) as told, store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (?)", ("Ines Duarte",))
    assert "Duarte" not in str(told.value)
