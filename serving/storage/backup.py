"""A copy of a SQLite store while it is in use, and the way back. PostgreSQL has its own tools."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from features.errors import LeadpactError
from serving.storage.database import Database
from serving.storage.migrate import VERSION_TABLE, known_revision

_PRIVATE = 0o600
"""A copy holds people's data: only who made it may read it."""


class BackupRefused(LeadpactError):
    """A store cannot be copied so, or a file is no copy that can be brought back."""


def back_up(database: Database, target: Path) -> None:
    """Copy a store into a new file, as it is at one moment; writers go on meanwhile. The copy is
    checked before it gets its name.

    Raises:
        BackupRefused: when the store is not SQLite, or the file is there already.
    """
    _require_sqlite(database, f"pg_dump --format=custom --file={target} DATABASE_URL")
    if target.exists():
        raise BackupRefused(f"{target} is there already and is left as it is. Name another file.")
    half = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE))
    try:
        with database.engine.connect() as connection, closing(sqlite3.connect(half)) as copy:
            _raw(connection.connection.driver_connection).backup(copy)
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        _check(half)
        _flush(half)
        half.rename(target)
        _flush(target.parent)
    finally:
        half.unlink(missing_ok=True)


def restore(database: Database, source: Path, *, replace: bool) -> None:
    """Bring a copy back, in one transaction.

    Args:
        replace: whether a store that holds tables may be overwritten.

    Raises:
        BackupRefused: when the store is not SQLite, the file is no whole copy of a store or of a
            later version, or something would be overwritten.
    """
    _require_sqlite(database, f"pg_restore --clean --if-exists --dbname=DATABASE_URL {source}")
    _check(source)
    with database.engine.connect() as connection, closing(_open(source)) as copy:
        raw = _raw(connection.connection.driver_connection)
        there = raw.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if there and not replace:
            raise BackupRefused(
                "There is a store already. Back it up, then say --replace to overwrite it."
            )
        copy.backup(raw)


def _require_sqlite(database: Database, instead: str) -> None:
    if not database.is_sqlite:
        raise BackupRefused(f"This store is PostgreSQL, which has its own tools: `{instead}`.")


def _check(path: Path) -> None:
    """Refuse a file that is not a whole store of this version or an earlier one."""
    if not path.is_file():
        raise BackupRefused(f"There is no file {path}.")
    try:
        with closing(_open(path)) as copy:
            [(told,)] = copy.execute("PRAGMA integrity_check(1)").fetchall()
            query = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608
            revision = copy.execute(query).fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupRefused(f"{path} is no whole copy of a store: {error}.") from error
    if told != "ok":
        raise BackupRefused(f"{path} is damaged: {told}.")
    if revision is None or not known_revision(revision[0]):
        found = "none" if revision is None else revision[0]
        raise BackupRefused(f"{path} is at revision {found}, which this version does not know.")


def _open(path: Path) -> sqlite3.Connection:
    """To read only."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _raw(connection: object) -> sqlite3.Connection:
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _flush(path: Path) -> None:
    """Have what was written reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
