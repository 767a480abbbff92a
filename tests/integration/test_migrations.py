"""The store's tables through time, on both databases, with data in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import column, insert, inspect, select, table
from sqlalchemy.exc import IntegrityError

from features.errors import LeadpactError
from serving.storage import privacy_tables, tables
from serving.storage.database import Database, ForeignKeysBroken
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


SCORED = {"score_seq": 1, "score": 50, "agreed_score": 40, "grade": "B", "likelihood": 0.1}
OLD_LEAD = {
    "seq": 1,
    "id": "L-1",
    "email_sha256": "a" * 64,
    "fields": '{"lead_id":"L-1"}',
    "version": 1,
    "stage": "new",
    "created_at": 1,
    "changed_at": 2,
    "stale": False,
    **SCORED,
}
VERSION = {"lead_id": "L-1", "version": 1, "fields": "{}", "received_at": 1}


def test_leads_and_their_history_are_carried_to_the_tables_of_privacy_and_back(database: Database):
    migrate(database, "0002")
    old = table("leads", *map(column, OLD_LEAD))
    with database.transaction() as connection:
        connection.execute(insert(old).values(**OLD_LEAD))
        connection.execute(insert(tables.lead_versions).values(**VERSION))
    migrate(database)
    with database.reading() as connection:
        [lead] = connection.execute(select(tables.leads)).all()
        [address] = connection.execute(select(privacy_tables.lead_addresses)).all()
        assert len(connection.execute(select(tables.lead_versions)).all()) == 1
    assert (lead.scoring_allowed, lead.training_allowed, lead.score) == (True, True, 50)
    assert (address.lead_id, address.email_sha256) == ("L-1", "a" * 64)
    migrate(database, "0002")
    with database.reading() as connection:
        [back] = connection.execute(select(old)).all()
    assert back._asdict() == OLD_LEAD


def test_what_the_worklist_looks_for_is_filled_from_what_is_stored(database: Database):
    migrate(database, "0050")
    fields = '{"job_title":"HEAD of Operations","lead_id":"L-1","employees":5}'
    lead = {k: v for k, v in OLD_LEAD.items() if k != "email_sha256"} | {"fields": fields}
    lead |= {"scoring_allowed": True, "training_allowed": True, "scored_with": ""}
    score = dict.fromkeys(("score", "score_exact", "agreed_score", "likelihood", "as_of"), 1)
    score |= {"seq": 1, "id": "s", "lead_id": "L-1", "lead_version": 1, "activity_seqs": "[]"}
    score |= {"inputs_sha256": "", "cause": "", "grade": "B", "model": "m"}
    later = ACTIVITY | {"event_id": "e0", "occurred_at": 9, "channel": "call"}
    with database.transaction() as connection:
        connection.execute(insert(tables.scores).values(**score, answer='{"grid":"B2"}'))
        connection.execute(insert(table("leads", *map(column, lead))).values(**lead))
        connection.execute(insert(tables.activities), [ACTIVITY, later])
    migrate(database)
    with database.reading() as connection:
        [row] = connection.execute(select(tables.leads)).all()
    assert (row.grid, row.channel) == ("B2", "web")
    assert row.search.splitlines() == ["head of operations", "l-1"]


def test_going_back_never_forgets_what_a_person_asked_for(database: Database):
    migrate(database)
    wish = {"subject": "b" * 64, "scoring": False, "training": False, "told_at": 1}
    with database.transaction() as connection:
        connection.execute(insert(privacy_tables.wishes).values(**wish))
    with pytest.raises(LeadpactError, match="1 wishes"):
        migrate(database, "0002")
    require_current(database)


def test_the_store_itself_holds_that_a_lead_is_scored_or_its_person_said_no(database: Database):
    migrate(database)
    row = {k: v for k, v in OLD_LEAD.items() if k != "email_sha256"}
    for allowed, unscored in ((True, True), (False, False)):
        wrong = row | {"scoring_allowed": allowed}
        wrong |= dict.fromkeys(SCORED) if unscored else {}
        with pytest.raises(IntegrityError), database.transaction() as connection:
            connection.execute(insert(tables.leads).values(**wrong))


def test_a_step_that_leaves_rows_pointing_to_nothing_is_undone(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(database)
    with pytest.raises(ForeignKeysBroken, match="1 rows"), database.rebuilding() as connection:
        connection.execute(insert(tables.lead_versions).values(**VERSION))
    with database.transaction() as connection:
        assert connection.execute(select(tables.lead_versions)).all() == []
        with pytest.raises(IntegrityError):
            connection.execute(insert(tables.lead_versions).values(**VERSION))
    database.close()
