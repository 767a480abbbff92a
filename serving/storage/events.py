"""Activities and outcomes: immutable, idempotent by event id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, delete, exists, or_, select

from serving.storage.tables import activities, leads, outcomes
from serving.storage.upsert import insert_if_new


class EventStore:
    """Reads and writes what happened, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_activity(self, row: Mapping[str, Any]) -> str:
        """Store an activity: `stored`, `duplicate` (the same again) or `conflict`."""
        return self._add(activities, row)

    def add_outcome(self, row: Mapping[str, Any]) -> str:
        """Store an outcome: `stored`, `duplicate` (the same again) or `conflict`."""
        return self._add(outcomes, row)

    def _add(self, table: Table, row: Mapping[str, Any]) -> str:
        if insert_if_new(self._connection, table, row, ("event_id",)):
            return "stored"
        query = select(table.c.content_sha256).where(table.c.event_id == row["event_id"])
        there = self._connection.execute(query).scalar_one()
        return "duplicate" if there == row["content_sha256"] else "conflict"

    def seen_of(self, lead_id: str, account_id: str | None) -> list[Row[Any]]:
        """A lead's own activities and those of its account, in one order whatever came first.

        An activity without an account belongs to the account of its lead. What a colleague
        did who does not want to be scored counts for nobody.
        """
        mine = activities.c.lead_id == lead_id
        if account_id is not None:
            colleagues = select(leads.c.id).where(leads.c.account_id == account_id)
            inherited = and_(
                activities.c.account_id.is_(None), activities.c.lead_id.in_(colleagues)
            )
            mine = or_(mine, activities.c.account_id == account_id, inherited)
        # Its own count for itself: it is scored, so it is allowed, or about to be.
        opted_out = and_(
            leads.c.id == activities.c.lead_id, leads.c.id != lead_id, ~leads.c.scoring_allowed
        )
        query = select(activities).where(mine, ~exists().where(opted_out))
        order = (activities.c.occurred_at, activities.c.event_id)
        return list(self._connection.execute(query.order_by(*order)))

    def by_seq(self, seqs: Sequence[int]) -> list[Row[Any]]:
        """The activities with these numbers, in the order in which they are looked at."""
        query = select(activities).where(activities.c.seq.in_(seqs))
        order = (activities.c.occurred_at, activities.c.event_id)
        return list(self._connection.execute(query.order_by(*order)))

    def activities_of(self, lead_id: str) -> list[Row[Any]]:
        """A lead's own activities, newest first."""
        query = select(activities).where(activities.c.lead_id == lead_id)
        order = (activities.c.occurred_at.desc(), activities.c.event_id)
        return list(self._connection.execute(query.order_by(*order)))

    def outcomes_of(self, lead_id: str) -> list[Row[Any]]:
        """A lead's outcomes, oldest first; at the same instant by event id."""
        query = select(outcomes).where(outcomes.c.lead_id == lead_id)
        return list(self._connection.execute(query.order_by(outcomes.c.at, outcomes.c.event_id)))

    def remove_of(self, lead_id: str) -> None:
        """Remove what is known of a lead's doings and of its end."""
        for table in (activities, outcomes):
            self._connection.execute(delete(table).where(table.c.lead_id == lead_id))
