"""Names that one transaction holds until its end, so that no two change the same leads at once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def hold(connection: Connection, names: Iterable[str]) -> None:
    """Hold every name; waits for whoever holds one. Always in one order, so nobody waits in a ring.

    SQLite has one writer at a time, so there is nothing to do.
    """
    if connection.dialect.name == "sqlite":
        return
    for name in sorted(set(names)):
        connection.execute(_HOLD, {"name": name})
