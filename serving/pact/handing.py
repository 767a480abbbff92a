"""The hand-over: leads that reach the threshold go to sales by themselves, and a few by lot.

What is left behind is never known to have been left rightly. A share of it, drawn by a hash of the
lead's id that nobody can choose, is handed over all the same and marked, so that the score cannot
prove itself right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Row

from serving.access.secrets import new_id
from serving.announcing import Announcer
from serving.canonical import read
from serving.pact.letters import tell_made
from serving.pact.scope import Route, Scope, scope_of
from serving.record import Record
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.handoffs import HandoffStore
from serving.storage.locks import hold

LEFT_AFTER = np.timedelta64(7, "D")
"""A lead that has not reached the threshold by then counts as left behind."""
LEFT_UNTIL = np.timedelta64(21, "D")
"""Older ones are not drawn any more: what would come of them is another question."""
MOST = 500
"""Leads of one transaction; the others are next."""
RECYCLED = "recycled"
_PAGE = 500
_SPACE = 2.0**64


@dataclass(frozen=True)
class Handed:
    """How many leads were handed over, and how many of them by lot."""

    leads: int
    explored: int


def hand_over(record: Record) -> Handed:
    """Hand over leads that are due, in the record's transaction, `MOST` at once; none twice.

    Args:
        record: under the edition in force, at the instant of the hand-over.

    Raises:
        Collision: when another writer moved one of them meanwhile.
    """
    hold(record.connection, ["hand-over"])
    store, scope = HandoffStore(record.connection), scope_of(record.connection)
    threshold = record.book.scorer.rulebook.hand_over_from
    due = {row.id for row in islice(_due(record, store, threshold), MOST)}
    left = {row.id for row in islice(_left_behind(record, store, scope, threshold), MOST)}
    # Held from here on: who is erased meanwhile is not handed over.
    rows = [row for row in record.hold(due | left).values() if row.scoring_allowed]
    loads, announcer = store.loads(), Announcer(record.connection, record.now)
    for row in rows:
        _keep(record, store, scope, loads, announcer, row, by_lot=row.id not in due)
    explored = sum(row.id not in due for row in rows)
    if rows:
        told = {"leads": len(rows), "explored": explored}
        AuditLog(record.connection).append(record.now, "system", "handed over", "", told)
    return Handed(len(rows), explored)


def drawn(lead_id: str, share: float) -> bool:
    """Whether a lead that is left behind is handed over by lot: the same for ever."""
    digest = hashlib.sha256(f"explored {lead_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / _SPACE < share


def _due(record: Record, store: HandoffStore, threshold: float) -> Iterator[Row[Any]]:
    """Leads at the threshold that nobody was handed, or that came back and moved again."""
    after = 0
    while page := store.candidates(threshold, after, _PAGE):
        after = page[-1].seq
        for row in page:
            if _may_go(record, store, row) and _answer(record, row)["handed_over"]:
                yield row


def _left_behind(
    record: Record, store: HandoffStore, scope: Scope, threshold: float
) -> Iterator[Row[Any]]:
    if not scope.explored_share:
        return
    first, until = record.now - LEFT_UNTIL, record.now - LEFT_AFTER
    bounds = to_number(first), to_number(until)
    after = 0
    while page := store.never_handed(threshold, bounds, after, _PAGE):
        after = page[-1].seq
        # Whom a disqualifier keeps back is no question of the score, and is never drawn.
        for row in page:
            if drawn(row.id, scope.explored_share) and not _answer(record, row)["disqualified"]:
                yield row


def _may_go(record: Record, store: HandoffStore, row: Row[Any]) -> bool:
    before = store.of_lead(row.id)
    if not before:
        return True
    last = before[-1]
    if last.decision != RECYCLED:
        return False
    return any(a.received_at > last.decided_at for a in record.events.activities_of(row.id))


def _answer(record: Record, row: Row[Any]) -> dict[str, Any]:
    found: dict[str, Any] = read(record.scores.by_seq(row.score_seq).answer)
    return found


def _keep(
    record: Record,
    store: HandoffStore,
    scope: Scope,
    loads: dict[str | None, int],
    announcer: Announcer,
    row: Row[Any],
    *,
    by_lot: bool,
) -> None:
    answer, promises = _answer(record, row), scope.promises
    owner = row.owner or route(scope.routes, read(row.fields), loads)
    loads[owner] = loads.get(owner, 0) + 1
    calendar = promises.calendar
    handoff = {
        "id": new_id(),
        "lead_id": row.id,
        "score_id": answer["score_id"],
        "edition": answer["versions"]["rulebook"],
        "explored": by_lot,
        "owner": owner,
        "handed_at": to_number(record.now),
        "touch_due": to_number(calendar.after(record.now, promises.touch_hours)),
        "decision_due": to_number(calendar.after(record.now, promises.decision_hours)),
    }
    store.add(handoff)
    tell_made(announcer, handoff)


def route(
    routes: tuple[Route, ...], fields: Mapping[str, Any], loads: Mapping[str | None, int]
) -> str | None:
    """Who gets a lead that nobody owns: of the first route that takes it, the one with the fewest
    hand-offs waiting; None, the common queue, where no route takes it or all are full."""
    for one in routes:
        if one.field is not None and str(fields.get(one.field)) not in one.values:
            continue
        free = [o for o in one.owners if one.most is None or loads.get(o, 0) < one.most]
        if free:
            return min(free, key=lambda owner: (loads.get(owner, 0), one.owners.index(owner)))
    return None
