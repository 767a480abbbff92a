"""What is older than a rule allows: found, counted, and removed in pieces."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    select,
    tuple_,
)

from serving.storage.privacy_tables import training_exports, wishes
from serving.storage.tables import (
    activities,
    feedback,
    idempotency,
    lead_versions,
    leads,
    outcomes,
    scores,
)


class RetentionStore:
    """Questions about age, on one connection. `before` is an instant in microseconds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, query: Select[Any]) -> int:
        """How many rows a question finds."""
        counted = select(func.count()).select_from(query.subquery())
        return int(self._connection.execute(counted).scalar_one())

    def some(self, query: Select[Any], limit: int) -> list[Row[Any]]:
        """The first rows of a question."""
        return list(self._connection.execute(query.limit(limit)))

    def remove(self, table: Table, rows: list[Row[Any]]) -> None:
        """Remove rows by their primary key; the question has asked for its columns."""
        keys = list(table.primary_key.columns)
        found = [tuple(row._mapping[k.name] for k in keys) for row in rows]
        where = tuple_(*keys).in_(found) if len(keys) > 1 else keys[0].in_([k for (k,) in found])
        self._connection.execute(delete(table).where(where))


def idle_leads(before: int) -> Select[Any]:
    """Leads that nobody wrote, that did nothing and had no outcome since."""
    since = [
        _of_lead(lead_versions, lead_versions.c.received_at >= before),
        _of_lead(activities, activities.c.occurred_at >= before),
        _of_lead(outcomes, outcomes.c.at >= before),
    ]
    quiet = and_(leads.c.created_at < before, *(~found for found in since))
    return select(leads.c.id).where(quiet).order_by(leads.c.seq)


def _of_lead(table: Table, recent: ColumnElement[bool]) -> Any:
    return exists().where(table.c.lead_id == leads.c.id, recent)


def orphans(table: Table, before: int) -> Select[Any]:
    """Events that came before and whose lead never did, or is gone."""
    known = exists().where(leads.c.id == table.c.lead_id)
    return select(table.c.seq).where(table.c.received_at < before, ~known).order_by(table.c.seq)


def past_scores(before: int) -> Select[Any]:
    """Scores made before that are no lead's current one, and that nobody said anything about:
    feedback is kept with the score that it is about."""
    current = exists().where(leads.c.score_seq == scores.c.seq, leads.c.id == scores.c.lead_id)
    said = exists().where(
        feedback.c.score_seq == scores.c.seq, feedback.c.lead_id == scores.c.lead_id
    )
    past = select(scores.c.seq).where(scores.c.as_of < before, ~current, ~said)
    return past.order_by(scores.c.seq)


def old_answers(before: int) -> Select[Any]:
    """Answers kept since before."""
    table = idempotency
    query = select(table.c.caller, table.c.route, table.c.key).where(table.c.created_at < before)
    return query.order_by(table.c.created_at, table.c.key)


def old_copies(before: int) -> Select[Any]:
    """Copies for training that were made before."""
    query = select(training_exports).where(training_exports.c.made_at < before)
    return query.order_by(training_exports.c.seq)


def ended_erasures(now: int) -> Select[Any]:
    """Erased persons whose time has passed."""
    ended = and_(wishes.c.refused_until.is_not(None), wishes.c.refused_until <= now)
    return select(wishes.c.subject).where(ended).order_by(wishes.c.subject)
