"""Insert unless it is there: the one statement that both databases write differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_new(
    connection: Connection, table: Table, row: Mapping[str, Any], key: Sequence[str]
) -> bool:
    """Insert `row` unless one with the same `key` columns is there; whether it was inserted.

    Waits for a writer that is inserting the same key in another transaction.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**row).on_conflict_do_nothing(index_elements=key)
    # RETURNING tells a row only when one was inserted; counts of rows differ between drivers.
    found = connection.execute(statement.returning(*(table.c[name] for name in key)))
    return found.first() is not None


def insert_many_if_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> None:
    """Insert those of `rows` whose `key` columns are not there; the rows have the same columns."""
    if rows:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        statement = dialect.insert(table).on_conflict_do_nothing(index_elements=key)
        connection.execute(statement, [dict(row) for row in rows])
