"""Leads: their current row, and every version of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from serving.storage.jobs_tables import outbox
from serving.storage.privacy_tables import lead_addresses
from serving.storage.tables import lead_versions, leads


@dataclass(frozen=True)
class Filter:
    """Which leads are asked for; None asks for all.

    Attributes:
        grades: any of these.
        least, most: score bounds, inclusive.
        stage, owner, account_id, grid, channel: exactly this; `channel` is of the first touch.
        gap: score less agreed score: more than so much (positive) or less (negative).
        changed_since: changed at this instant (microseconds) or later.
    """

    grades: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    stage: str | None = None
    owner: str | None = None
    account_id: str | None = None
    grid: str | None = None
    channel: str | None = None
    gap: float | None = None
    changed_since: int | None = None


class Ages(NamedTuple):
    """How many leads there are, how many wait to be scored anew, and when the oldest of all and
    the oldest of those was scored (microseconds; None when there is none)."""

    leads: int
    stale: int
    oldest: int | None
    oldest_stale: int | None


class Due(NamedTuple):
    """When a score is due to be looked at, as instants in microseconds.

    Attributes:
        by: a score due by then is.
        at_most: no clock that is right lets one be due later than that. One that is was made by a
            clock that ran ahead and has been set right: nobody can say how it has aged since.
    """

    by: int
    at_most: int


def _waits(scored_with: str, due: Due) -> ColumnElement[bool]:
    """Whether a lead's score is to be looked at: its inputs changed, time may have moved it, or
    another model or edition made it."""
    # Ranges rather than "not equal" and "not between": PostgreSQL finds the few by their indexes.
    # SQLite reads all rows for any two of these, some tens of milliseconds for 100,000 leads.
    other = or_(leads.c.scored_with < scored_with, leads.c.scored_with > scored_with)
    moved = or_(leads.c.due_at <= due.by, leads.c.due_at > due.at_most)
    return and_(leads.c.scoring_allowed, or_(leads.c.stale, moved, other))


class LeadStore:
    """Reads and writes leads on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, lead_id: str) -> Row[Any] | None:
        """A lead's row, or None."""
        return self._connection.execute(select(leads).where(leads.c.id == lead_id)).one_or_none()

    def find_many(self, ids: Iterable[str]) -> list[Row[Any]]:
        """Rows of the leads that exist, by id."""
        query = select(leads).where(leads.c.id.in_(list(ids))).order_by(leads.c.id)
        return list(self._connection.execute(query))

    def of_account(self, account_id: str) -> list[Row[Any]]:
        """All leads of an account, by id."""
        query = select(leads).where(leads.c.account_id == account_id).order_by(leads.c.id)
        return list(self._connection.execute(query))

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make the rows of new leads; all have the same columns."""
        if rows:
            self._connection.execute(insert(leads), [dict(row) for row in rows])

    def write(self, lead_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a lead."""
        self.write_many({lead_id: values})

    def write_many(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Change columns of leads, by id; the same columns of all."""
        if values:
            statement = update(leads).where(leads.c.id == bindparam("_which"))
            rows = [{**told, "_which": lead_id} for lead_id, told in values.items()]
            self._connection.execute(statement, rows)

    def remember(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep versions of leads' fields."""
        if rows:
            self._connection.execute(insert(lead_versions), [dict(row) for row in rows])

    def version(self, lead_id: str, version: int) -> Row[Any] | None:
        """One version of a lead's fields."""
        same = and_(lead_versions.c.lead_id == lead_id, lead_versions.c.version == version)
        return self._connection.execute(select(lead_versions).where(same)).one_or_none()

    def versions(self, lead_id: str) -> list[Row[Any]]:
        """Every version of a lead's fields, oldest first."""
        query = select(lead_versions).where(lead_versions.c.lead_id == lead_id)
        return list(self._connection.execute(query.order_by(lead_versions.c.version)))

    def remove(self, lead_id: str) -> None:
        """Remove a lead, every version of its fields, whose addresses it carried, and what was to
        be told of it."""
        for table in (lead_versions, lead_addresses):
            self._connection.execute(delete(table).where(table.c.lead_id == lead_id))
        self._connection.execute(delete(outbox).where(outbox.c.subject == lead_id))
        self._connection.execute(delete(leads).where(leads.c.id == lead_id))

    def ages(self) -> Ages:
        """How old the current scores are. A lead changes when it is scored, and only
        then; who opted out has no score to grow old."""
        count = func.count()
        oldest = func.min(leads.c.changed_at).filter(leads.c.scoring_allowed)
        every = self._connection.execute(select(count, oldest).select_from(leads)).one()
        waiting = select(count, oldest).select_from(leads).where(leads.c.stale)
        some = self._connection.execute(waiting).one()
        return Ages(every[0], some[0], every[1], some[1])

    def waiting(self, scored_with: str, due: Due, most: int) -> list[str]:
        """Ids of leads whose scores are to be looked at, `most` of them."""
        query = select(leads.c.id).where(_waits(scored_with, due)).limit(most)
        return list(self._connection.execute(query).scalars())

    def count_waiting(self, scored_with: str, due: Due) -> int:
        """How many scores are to be looked at."""
        query = select(func.count()).select_from(leads).where(_waits(scored_with, due))
        return int(self._connection.execute(query).scalar_one())

    def due_between(self) -> tuple[int, int] | None:
        """When the first lead was, or will be, due to be looked at, and when the last."""
        # Two look-ups in the index; asked for together, SQLite reads every row.
        ends = (select(end(leads.c.due_at)) for end in (func.min, func.max))
        first, last = (self._connection.execute(query).scalar_one() for query in ends)
        return None if first is None else (first, last)

    def mark_stale(self, ids: Iterable[str]) -> None:
        """The scores of these leads are to be made anew by the next sweep."""
        mine = leads.c.id.in_(list(ids)) & leads.c.scoring_allowed
        self._connection.execute(update(leads).where(mine).values(stale=True))

    def mark_stale_at(self, accounts: Iterable[str]) -> None:
        """The same for all leads of these accounts."""
        mine = leads.c.account_id.in_(list(accounts)) & leads.c.scoring_allowed
        self._connection.execute(update(leads).where(mine).values(stale=True))

    def mark_all_stale(self) -> None:
        """Every score is to be made anew by the next sweep."""
        self._connection.execute(update(leads).where(leads.c.scoring_allowed).values(stale=True))

    def look_again(self, due: Mapping[str, int]) -> None:
        """When leads are to be looked at next, by id; nothing else of them changes."""
        self.write_many({lead_id: {"due_at": at, "stale": False} for lead_id, at in due.items()})

    def page(self, wanted: Filter, after: int, limit: int) -> list[Row[Any]]:
        """Leads in the order they came, those after `after` (a `seq`); stable under writes."""
        query = filtered(wanted).where(leads.c.seq > after).order_by(leads.c.seq).limit(limit)
        return list(self._connection.execute(query))


def filtered(wanted: Filter) -> Select[Any]:
    """The leads that a filter asks for, in no order."""
    gap = leads.c.score - leads.c.agreed_score
    tests: dict[str, Callable[[Any], Any]] = {
        "grades": lambda v: leads.c.grade.in_(v),
        "least": lambda v: leads.c.score >= v,
        "most": lambda v: leads.c.score <= v,
        "stage": lambda v: leads.c.stage == v,
        "owner": lambda v: leads.c.owner == v,
        "account_id": lambda v: leads.c.account_id == v,
        "grid": lambda v: leads.c.grid == v,
        "channel": lambda v: leads.c.channel == v,
        "changed_since": lambda v: leads.c.changed_at >= v,
        "gap": lambda v: gap > v if v >= 0 else gap < v,
    }
    query = select(leads)
    for name, test in tests.items():
        value = getattr(wanted, name)
        if value not in (None, ()):
            query = query.where(test(value))
    return query
