"""Answers already given, so that a repeated request repeats the answer and not the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from serving.storage.tables import idempotency


class IdempotencyStore:
    """Reads and keeps answers, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, caller: str, route: str, key: str) -> Row[Any] | None:
        """The answer given to this caller under this key, or None."""
        table = idempotency
        query = select(table).where(
            table.c.caller == caller, table.c.route == route, table.c.key == key
        )
        return self._connection.execute(query).one_or_none()

    def keep(self, row: Mapping[str, Any]) -> None:
        """Keep an answer."""
        self._connection.execute(insert(idempotency).values(**row))

    def forget_before(self, instant: int) -> int:
        """Forget answers older than `instant` (microseconds); how many."""
        query = delete(idempotency).where(idempotency.c.created_at < instant)
        return self._connection.execute(query).rowcount
