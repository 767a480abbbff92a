"""Everything that a store holds, as text: to look for what should not be there any more."""

from __future__ import annotations

from sqlalchemy import select

from serving.storage.database import Database
from serving.storage.schema import metadata


def dump(database: Database) -> str:
    """Every row of every table, one a line, texts as they are."""
    with database.reading() as connection:
        return "\n".join(
            f"{name} {' | '.join(map(str, row))}"
            for name, table in sorted(metadata.tables.items())
            for row in connection.execute(select(table))
        )
