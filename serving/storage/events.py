"""Activities and outcomes: immutable, idempotent by event id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Row,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    union,
    update,
)

from serving.storage.tables import activities, lead_versions, leads, outcomes
from serving.storage.upsert import insert_if_new, insert_many_if_new


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

    def add_activities(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """`add_activity` for many rows in two statements; of two with one id the first counts."""
        ids = [row["event_id"] for row in rows]
        query = select(activities.c.event_id, activities.c.content_sha256)
        found = self._connection.execute(query.where(activities.c.event_id.in_(ids)))
        there = {row.event_id: row.content_sha256 for row in found}
        told, new = [], []
        for row in rows:
            known = there.setdefault(row["event_id"], "")
            if known:
                told.append("duplicate" if known == row["content_sha256"] else "conflict")
            else:
                there[row["event_id"]] = row["content_sha256"]
                new.append(dict(row))
                told.append("stored")
        insert_many_if_new(self._connection, activities, new, ("event_id",))
        return told

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
        mine = _numbers([lead_id], [] if account_id is None else [account_id])
        # Its own count for itself: it is scored, so it is allowed, or about to be.
        opted_out = and_(
            leads.c.id == activities.c.lead_id, leads.c.id != lead_id, ~leads.c.scoring_allowed
        )
        query = select(activities).where(activities.c.seq.in_(mine), ~exists().where(opted_out))
        order = (activities.c.occurred_at, activities.c.event_id)
        return list(self._connection.execute(query.order_by(*order)))

    def seen_of_many(self, accounts: Mapping[str, str | None]) -> dict[str, list[Row[Any]]]:
        """What `seen_of` tells, for many leads in one look.

        Args:
            accounts: by lead that may be scored, its account.
        """
        names = sorted({a for a in accounts.values() if a})
        owner = leads.alias()
        asked, count = list(accounts), activities.c
        opted_out = and_(owner.c.id.is_not(None), ~owner.c.scoring_allowed)
        query = select(activities, owner.c.account_id.label("owner_account"))
        query = query.outerjoin(owner, owner.c.id == count.lead_id)
        query = query.where(count.seq.in_(_numbers(asked, names)))
        query = query.where(or_(count.lead_id.in_(asked), ~opted_out))
        rows = self._connection.execute(query.order_by(count.occurred_at, count.event_id)).all()
        by_account: dict[str, list[str]] = {}
        for lead_id, account in accounts.items():
            by_account.setdefault(account or "", []).append(lead_id)
        seen: dict[str, list[Row[Any]]] = {lead_id: [] for lead_id in accounts}
        for row in rows:
            account = row.account_id or accounts.get(row.lead_id, row.owner_account)
            whose = set(by_account[account]) if account in by_account else set()
            for lead_id in whose | ({row.lead_id} & accounts.keys()):
                seen[lead_id].append(row)
        return seen

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

    def newest_received(self, by: int) -> int | None:
        """When something came in last by an instant: a lead's fields, an activity or an outcome.
        What came in later did so by a clock that ran ahead, and nobody knows when that was."""
        tables = (lead_versions, activities, outcomes)
        newest = [select(func.max(t.c.received_at)).where(t.c.received_at <= by) for t in tables]
        found = [self._connection.execute(query).scalar_one() for query in newest]
        return max((at for at in found if at is not None), default=None)

    def stages_of(self, ids: Sequence[str]) -> dict[str, str]:
        """The stage of those leads that have an outcome: their latest one's."""
        query = select(outcomes.c.lead_id, outcomes.c.stage).where(outcomes.c.lead_id.in_(ids))
        order = (outcomes.c.at, outcomes.c.event_id)
        return {r.lead_id: r.stage for r in self._connection.execute(query.order_by(*order))}

    def move(self, lead_id: str, to: str) -> int:
        """Let what happened to one lead have happened to another; how many events moved. Sent
        again, an event is known by its id and content as before."""
        moved = 0
        for table in (activities, outcomes):
            mine = update(table).where(table.c.lead_id == lead_id).values(lead_id=to)
            moved += len(self._connection.execute(mine.returning(table.c.seq)).all())
        return moved

    def remove_of(self, lead_id: str) -> None:
        """Remove what is known of a lead's doings and of its end."""
        for table in (activities, outcomes):
            self._connection.execute(delete(table).where(table.c.lead_id == lead_id))


def _numbers(ids: Sequence[str], accounts: Sequence[str]) -> CompoundSelect[tuple[int]]:
    """The numbers of the activities of leads and of accounts, inherited ones too.

    A union of look-ups, each by an index. With `or` in their place PostgreSQL reads the whole
    table, and SQLite does once it has gathered statistics (`make bench-service`).
    """
    number, own = select(activities.c.seq), activities.c.account_id
    inherited = number.join(leads, leads.c.id == activities.c.lead_id)
    return union(
        number.where(activities.c.lead_id.in_(ids)),
        number.where(own.in_(accounts)),
        inherited.where(own.is_(None), leads.c.account_id.in_(accounts)),
    )
