"""Answers already given, so that a repeated request repeats the answer and not the work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select

from serving.storage.locks import hold
from serving.storage.tables import idempotency


class IdempotencyStore:
    """Reads and keeps answers, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, caller: str, route: str, key: str) -> Row[Any] | None:
        """The answer given to this caller under this key, or None; the key is held until the
        transaction's end, so that who asks for it meanwhile waits and finds the answer."""
        hold(self._connection, [f"key {caller} {route} {key}"])
        table = idempotency
        query = select(table).where(
            table.c.caller == caller, table.c.route == route, table.c.key == key
        )
        return self._connection.execute(query).one_or_none()

    def keep(self, row: Mapping[str, Any]) -> None:
        """Keep an answer."""
        self._connection.execute(insert(idempotency).values(**row))

    def every(self) -> Iterator[Row[Any]]:
        """All kept answers, one after the other."""
        query = select(idempotency).execution_options(yield_per=500)
        yield from self._connection.execute(query)

    def remove(self, rows: Iterable[Row[Any]]) -> None:
        """Forget these answers."""
        table = idempotency
        for row in rows:
            same = and_(
                table.c.caller == row.caller, table.c.route == row.route, table.c.key == row.key
            )
            self._connection.execute(delete(table).where(same))
