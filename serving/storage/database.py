"""One engine, and transactions on it: they commit when they end well, and use cases never do."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import ConnectionPoolEntry

from features.errors import LeadpactError
from serving.storage.turns import Turns

WAIT_SECONDS = 30
"""How long a transaction waits for a lock before it gives up."""
CONNECT_SECONDS = 5
"""How long a connection to PostgreSQL may take to come about."""
CONNECTIONS = 15
"""Connections of one process at most; whoever comes when all are in use waits."""
_KEPT = 5
"""Connections that stay open when nothing is asked."""


class StoreUnreachable(LeadpactError):
    """The store cannot be reached, or gave up; whether a commit came through is not known."""


@dataclass(frozen=True)
class Watcher:
    """Who is told what the store does.

    Attributes:
        waited: seconds until a transaction could begin.
        used: 1 when a connection is taken, -1 when it is given back.
        failed: a transaction ended by `StoreUnreachable`.
    """

    waited: Callable[[float], None]
    used: Callable[[int], None]
    failed: Callable[[], None]


class ForeignKeysBroken(LeadpactError):
    """A rebuilt table left rows that point to nothing."""


class Database:
    """The store behind one URL.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`.
        connections: most connections at once.
        watcher: told what happens here, or nobody.
    """

    def __init__(
        self, url: str, connections: int = CONNECTIONS, watcher: Watcher | None = None
    ) -> None:
        self.url = _with_driver(url)
        self.engine = _engine(self.url, connections)
        self._watcher = watcher
        self._writer = Turns()
        if watcher is not None:
            event.listen(self.engine, "checkout", lambda *_: watcher.used(1))
            event.listen(self.engine, "checkin", lambda *_: watcher.used(-1))

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, which has one writer at a time."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that may write; commits at the end, undoes everything on an error.

        Raises:
            StoreUnreachable: when the store cannot be reached, or gives up.
        """
        began = time.perf_counter()
        with self._telling(), self._turn(), self.engine.connect() as connection:
            if self.is_sqlite:
                # Taking the write lock at once: two readers that both turn writers would deadlock.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._waited(began)
            with connection.begin() if not self.is_sqlite else _explicit(connection):
                yield connection

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """A transaction in which tables may be rebuilt: SQLite drops a table to do so, and would
        find its foreign keys broken half way. It checks them at the end instead.

        Raises:
            StoreUnreachable: when the store cannot be reached, or gives up.
            ForeignKeysBroken: when rows point to rows that are gone; nothing is done then.
        """
        if not self.is_sqlite:
            with self.transaction() as connection:
                yield connection
            return
        with self._telling(), self._turn(), self.engine.connect() as connection:
            # Inside a transaction SQLite ignores this word.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                with _explicit(connection):
                    yield connection
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                    if broken:
                        raise ForeignKeysBroken(f"{len(broken)} rows point to rows that are gone.")
            finally:
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, from one moment's state.

        Raises:
            StoreUnreachable: when the store cannot be reached, or gives up.
        """
        began = time.perf_counter()
        with self._telling(), self.engine.connect() as connection:
            self._waited(began)
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
                with _explicit(connection):
                    yield connection
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
                with connection.begin():
                    yield connection

    def settle(self) -> None:
        """After an erasure: let what was overwritten reach SQLite's file, and empty its log, which
        holds older pages. Another who reads at this moment puts it off. PostgreSQL cleans by
        itself (autovacuum)."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite's one writer, taken in turns within this process: its own waiting looks again
        after ever longer sleeps, and lets whoever came last in before whoever waits."""
        if not self.is_sqlite:
            yield
            return
        if not self._writer.take(WAIT_SECONDS):
            raise NoneFree("other writers of this process took too long")
        try:
            yield
        finally:
            self._writer.give_back()

    def _waited(self, began: float) -> None:
        if self._watcher is not None:
            self._watcher.waited(time.perf_counter() - began)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, NoneFree) as error:
            cause = getattr(error, "orig", error)
            if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
                # A statement that is wrong, which the driver calls by the same name.
                raise
            if self._watcher is not None:
                self._watcher.failed()
            told = StoreUnreachable(
                "The store cannot be reached, or is too busy. Whether a write was kept is not "
                "known: send it again, under the same Idempotency-Key if it had one."
            )
            # For who runs the service, not for who asks it: hosts and paths stand in here.
            told.add_note(str(cause).strip().partition("\n")[0])
            raise told from error


@contextmanager
def _explicit(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _with_driver(url: str) -> str:
    found = make_url(url)
    if found.drivername == "postgresql":
        found = found.set(drivername="postgresql+psycopg")
    return found.render_as_string(hide_password=False)


def _engine(url: str, connections: int) -> Engine:
    told = {"connect_timeout": CONNECT_SECONDS, "application_name": "leadpact"}
    connect = {k: v for k, v in told.items() if k not in make_url(url).query}
    # A broken connection is noticed when it is taken, so a store that comes back is used again.
    options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": connect}
    sqlite = url.startswith("sqlite")
    if sqlite:
        # Autocommit at the driver: transactions are begun by `Database`, in words.
        options = {
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {"timeout": WAIT_SECONDS, "check_same_thread": False},
        }
    kept = min(_KEPT, connections)
    # Values of leads do not belong into the texts of errors, and so into logs.
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=kept,
        max_overflow=connections - kept,
        pool_timeout=WAIT_SECONDS,
        **options,
    )
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # What is erased is overwritten in the file, not only unlinked.
        "secure_delete = ON",
        f"busy_timeout = {WAIT_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
