"""One engine, and transactions on it: they commit when they end well, and use cases never do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

WAIT_SECONDS = 30
"""How long a transaction waits for a lock before it gives up."""


class Database:
    """The store behind one URL.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`.
    """

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self.engine = _engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, which has one writer at a time."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that may write; commits at the end, undoes everything on an error."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                # Taking the write lock at once: two readers that both turn writers would deadlock.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            with connection.begin() if not self.is_sqlite else _explicit(connection):
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, from one moment's state."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
                with _explicit(connection):
                    yield connection
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
                with connection.begin():
                    yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


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


def _engine(url: str) -> Engine:
    options: dict[str, Any] = {"pool_pre_ping": True}
    sqlite = url.startswith("sqlite")
    if sqlite:
        # Autocommit at the driver: transactions are begun by `Database`, in words.
        options = {
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {"timeout": WAIT_SECONDS, "check_same_thread": False},
        }
    engine = create_engine(url, **options)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {WAIT_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
