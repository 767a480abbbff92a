"""The worklist: leads in the order in which people work them, and how many there are of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Result,
    Row,
    Select,
    and_,
    case,
    func,
    or_,
    select,
)

from features.stages import EXCLUDED
from serving.searching import folded
from serving.storage.leads import Filter, filtered
from serving.storage.pact_tables import handoffs
from serving.storage.tables import activities, leads, scores

CLOSED = ("won", "lost", "left", EXCLUDED)
"""Stages of leads that nobody works any more."""

_GAP = leads.c.score - leads.c.agreed_score
SORTS: Mapping[str, ColumnElement[Any]] = {
    "score": leads.c.score,
    "changed": leads.c.changed_at,
    "disagreement": func.abs(_GAP),
}
"""Name -> what leads are sorted by, the largest first."""
EXPORTED = ("id", "score", "agreed_score", "grade", "likelihood", "stage", "owner", "changed_at")
"""What a file tells of each lead."""
ANY_TIME = 2**62
"""An instant after all others."""
_AT_ONCE = 500


_OPEN = handoffs.c.decision.is_(None)
"""A hand-off of which sales owes something."""


def _touched() -> ColumnElement[Any]:
    """When sales first did something about a hand-off that waits; null while it did nothing."""
    did, of = activities.c, handoffs.c
    first = select(func.min(did.occurred_at)).where(
        did.lead_id == of.lead_id, did.team == "sales", did.occurred_at >= of.handed_at
    )
    return first.correlate(handoffs).scalar_subquery()


def _due() -> ColumnElement[Any]:
    """When the next thing that sales owes is due: a first touch, then a decision."""
    touch, decision = handoffs.c.touch_due, handoffs.c.decision_due
    return case((or_(_touched().is_not(None), decision < touch), decision), else_=touch)


def _waiting(due_before: int) -> Select[Any]:
    """The leads that wait for something that sales owes before an instant."""
    return select(handoffs.c.lead_id).where(_OPEN, _due() < due_before)


@dataclass(frozen=True)
class Place:
    """A place in a sorted list: the value sorted by, and the lead's number."""

    value: int
    seq: int


@dataclass(frozen=True)
class Wanted:
    """Which leads, and in what order.

    Attributes:
        filter: as in the API.
        search: part of a lead's id or of a field's text, in any case; "" for all.
        is_open: only leads that are not closed.
        gap: only those whose two scores part by more than so many points, either way; 0 for all.
        sort: a name in `SORTS`.
        after: the last lead of the page before.
        due_before: only those that wait for sales with a first touch or a decision due before this
            instant (microseconds); None for all.
        unowned: only those that are nobody's.
    """

    filter: Filter
    search: str = ""
    is_open: bool = True
    gap: float = 0
    sort: str = "score"
    after: Place | None = None
    due_before: int | None = None
    unowned: bool = False


class Worklist:
    """Reads the worklist on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, wanted: Wanted, limit: int) -> list[Row[Any]]:
        """Scored leads, the largest of `sort` first and the newest of equals; `place` is what was
        sorted by."""
        query, value = _asked(wanted)
        query = query.add_columns(value.label("place"))
        if wanted.after is not None:
            same = and_(value == wanted.after.value, leads.c.seq < wanted.after.seq)
            query = query.where(or_(value < wanted.after.value, same))
        return list(self._connection.execute(query.limit(limit)))

    def every(self, wanted: Wanted) -> Iterator[Row[Any]]:
        """All leads of a list in its order, as many as there are: a few at a time are held."""
        told = (leads.c[name] for name in EXPORTED)
        query = _asked(wanted)[0].with_only_columns(*told)
        yield from self._connection.execute(query, execution_options={"yield_per": _AT_ONCE})

    def counts(self, hand_over_from: int, tolerance: float) -> dict[str, int]:
        """How many open leads are scored, reach the hand-over, disagree, were returned, and are
        nobody's; and how many have no score, because their persons do not want one."""

        def number(test: ColumnElement[bool]) -> ColumnElement[Any]:
            return func.coalesce(func.sum(case((test, 1), else_=0)), 0)

        query = select(
            number(leads.c.scoring_allowed).label("open"),
            number(~leads.c.scoring_allowed).label("unscored"),
            number(leads.c.score >= hand_over_from).label("ready"),
            number(func.abs(_GAP) > tolerance).label("disagree"),
            number(and_(leads.c.scoring_allowed, leads.c.stage == "returned")).label("returned"),
            number(and_(leads.c.scoring_allowed, leads.c.owner.is_(None))).label("nobody"),
        ).where(leads.c.stage.not_in(CLOSED))
        return dict(self._connection.execute(query).one()._mapping)

    def waiting(self, now: int, soon: int) -> dict[str, int]:
        """How many open leads wait for sales, and for how many of them something is late, or due
        before `soon`."""

        def number(before: int) -> ColumnElement[Any]:
            return func.coalesce(func.sum(case((_due() < before, 1), else_=0)), 0)

        query = select(
            func.count().label("waiting"), number(now).label("late"), number(soon).label("due")
        )
        query = query.join_from(handoffs, leads, leads.c.id == handoffs.c.lead_id).where(
            _OPEN, leads.c.scoring_allowed, leads.c.stage.not_in(CLOSED)
        )
        return dict(self._connection.execute(query).one()._mapping)

    def duties(self, ids: Iterable[str]) -> dict[str, Row[Any]]:
        """The hand-offs of leads that wait for sales, by lead: when they were handed over, what is
        due when, and when sales first did something."""
        names = ("lead_id", "handed_at", "touch_due", "decision_due")
        columns: list[ColumnElement[Any]] = [handoffs.c[name] for name in names]
        query = select(*columns, _touched().label("touched_at")).where(
            handoffs.c.lead_id.in_(list(ids)), _OPEN
        )
        found: Result[Any] = self._connection.execute(query)
        return {row.lead_id: row for row in found}

    def cells(self) -> dict[str, tuple[int, float]]:
        """The cells of fit and engagement: open leads in each, and their mean likelihood."""
        query = select(leads.c.grid, func.count(), func.avg(leads.c.likelihood)).where(
            leads.c.grid.is_not(None), leads.c.scoring_allowed, leads.c.stage.not_in(CLOSED)
        )
        found = self._connection.execute(query.group_by(leads.c.grid))
        return {cell: (number, likelihood) for cell, number, likelihood in found}

    def owners(self, limit: int) -> list[str]:
        """Who works leads, by name."""
        return self._known(leads.c.owner, limit)

    def channels(self, limit: int) -> list[str]:
        """The channels of leads' first touches, by name."""
        return self._known(leads.c.channel, limit)

    def _known(self, column: ColumnElement[Any], limit: int) -> list[str]:
        """The first different values of an indexed column: a step into the index for each, where
        DISTINCT would read all of it."""
        found: list[str] = []
        while len(found) < limit:
            query = select(func.min(column))
            query = query.where(column > found[-1]) if found else query
            value = self._connection.execute(query).scalar_one()
            if value is None:
                break
            found.append(value)
        return found

    def answers(self, seqs: Iterable[int]) -> dict[int, str]:
        """Whole answers by the number of their score, as stored."""
        query = select(scores.c.seq, scores.c.answer).where(scores.c.seq.in_(list(seqs)))
        return {row.seq: row.answer for row in self._connection.execute(query)}

    def newest_answers(self, limit: int) -> list[str]:
        """The answers of the newest scores, as stored."""
        query = select(scores.c.answer).order_by(scores.c.seq.desc()).limit(limit)
        return list(self._connection.execute(query).scalars())

    def courses(self, ids: Iterable[str], since: int) -> dict[str, list[tuple[int, int]]]:
        """The scores of leads from `since` (microseconds) on, oldest first: (instant, score)."""
        query = select(scores.c.lead_id, scores.c.as_of, scores.c.score).where(
            scores.c.lead_id.in_(list(ids)), scores.c.as_of >= since
        )
        found: dict[str, list[tuple[int, int]]] = {}
        for row in self._connection.execute(query.order_by(scores.c.seq)):
            found.setdefault(row.lead_id, []).append((row.as_of, row.score))
        return found


def _asked(wanted: Wanted) -> tuple[Select[Any], ColumnElement[Any]]:
    """The scored leads that are wanted, the largest of `sort` first and the newest of equals; and
    what they are sorted by."""
    query, value = filtered(wanted.filter).where(leads.c.scoring_allowed), SORTS[wanted.sort]
    if wanted.is_open:
        query = query.where(leads.c.stage.not_in(CLOSED))
    if wanted.gap:
        query = query.where(func.abs(_GAP) > wanted.gap)
    if wanted.due_before is not None:
        query = query.where(leads.c.id.in_(_waiting(wanted.due_before)))
    if wanted.unowned:
        query = query.where(leads.c.owner.is_(None))
    if wanted.search:
        query = query.where(leads.c.search.contains(folded(wanted.search), autoescape=True))
    if wanted.search or wanted.due_before is not None:
        # Few leads hold a text, or wait: these are found first and then sorted, where the sort's
        # index would have every lead looked at. An expression keeps it from being used.
        value = value + 0
    return query.order_by(value.desc(), leads.c.seq.desc()), value
