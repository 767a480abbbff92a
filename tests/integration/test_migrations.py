"""The store's tables through time, on both databases, with data in them."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select

from serving.storage import tables
from serving.storage.database import Database
from serving.storage.migrate import (
    VERSION_TABLE,
    StoreOutdated,
    migrate,
    require_current,
    revision_of,
)
from serving.storage.schema import metadata

ACTIVITY = {
    "event_id": "e1",
    "content_sha256": "0" * 64,
    "lead_id": "L-1",
    "occurred_at": 1,
    "channel": "web",
    "kind": "visit",
    "team": "marketing",
    "received_at": 2,
}


def names(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {VERSION_TABLE}


def test_an_empty_store_is_refused_with_what_to_do(database: Database):
    with pytest.raises(StoreOutdated, match="leadpact migrate"):
        require_current(database)


def test_migrated_tables_are_those_the_code_declares(database: Database):
    migrate(database)
    require_current(database)
    assert names(database) == set(metadata.tables)
    options = {"version_table": VERSION_TABLE, "compare_type": True}
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_migrating_again_keeps_what_is_there(database: Database):
    migrate(database)
    with database.transaction() as connection:
        connection.execute(insert(tables.activities).values(**ACTIVITY))
    migrate(database)
    with database.reading() as connection:
        assert connection.execute(select(tables.activities.c.kind)).scalar_one() == "visit"


def test_every_step_can_be_taken_back_and_again(database: Database):
    migrate(database)
    migrate(database, "base")
    assert names(database) == set()
    with database.reading() as connection:
        assert revision_of(connection) is None
    migrate(database)
    require_current(database)


def test_a_failed_transaction_leaves_nothing(database: Database):
    migrate(database)

    def fail() -> None:
        with database.transaction() as connection:
            connection.execute(insert(tables.activities).values(**ACTIVITY))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as connection:
        assert connection.execute(select(tables.activities)).all() == []
