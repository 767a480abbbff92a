"""What sales decides of a hand-off, and whether both teams keep their promises."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from features.errors import InputRefused
from serving.access.caller import Caller, Conflict, NoSuch, NotAllowed
from serving.announcing import Announcer
from serving.feedback import Said, give
from serving.incoming import outcome_rows
from serving.pact.handing import RECYCLED
from serving.pact.letters import tell_decided
from serving.pact.scope import Scope, scope_of
from serving.reading import instant_text
from serving.record import Record
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.handoffs import HandoffStore

ACCEPTED, RETURNED = "accepted", "returned"
WEEK = np.timedelta64(7, "D")
_BAD = {"no_need", "no_budget", "no_authority", "wrong_person", "competitor", "duplicate"}
"""Reasons by which a lead was bad; the others say that nothing came of it."""


@dataclass(frozen=True)
class Decision:
    """What is decided of a hand-off.

    Attributes:
        decision: accepted, returned, or (of a returned one, by marketing) recycled.
        reason: code of a return; see `serving.feedback.REASONS`.
        line: key of the line of the score that a return disputes, such as `criterion:webinar`.
        note: in their own words.
    """

    decision: str
    reason: str | None = None
    line: str | None = None
    note: str = ""


def decide(record: Record, handoff_id: str, told: Decision, caller: Caller) -> None:
    """Sales accepts or returns what waits; marketing recycles what came back.

    Raises:
        NoSuch: when there is no such hand-off.
        NotAllowed: to the other team.
        Conflict: when it is decided otherwise already.
        InputRefused: when a return names no reason, or a line that the score has not.
    """
    store = HandoffStore(record.connection)
    row = store.find(handoff_id)
    if row is None:
        raise NoSuch(f"There is no hand-off {handoff_id}.")
    record.hold([row.lead_id])
    row = store.find(handoff_id)
    assert row is not None
    _check(row, told, caller)
    at = to_number(record.now)
    if told.decision == RETURNED:
        said = Said(RETURNED, str(told.reason), told.line, told.note)
        give(record, row.lead_id, said, caller.actor, caller.role)
    elif told.decision == ACCEPTED:
        _accept(record, row)
    values = {"decision": told.decision, "decided_at": at, "decided_by": caller.actor}
    if told.decision == RETURNED:
        criterion = (told.line or "").removeprefix("criterion:") or None
        values |= {"reason": told.reason, "criterion": criterion, "note": told.note}
    store.write(handoff_id, values)
    tell_decided(Announcer(record.connection, record.now), row._asdict() | values)
    noted = {"decision": told.decision, "reason": told.reason or ""}
    log = AuditLog(record.connection)
    log.append(record.now, caller.actor, "hand-off decided", f"hand-off {handoff_id}", noted)


def _check(row: Row[Any], told: Decision, caller: Caller) -> None:
    team = "marketing" if told.decision == RECYCLED else "sales"
    if caller.role != team:
        raise NotAllowed(f"This is for {team} to decide.")
    waits_for = RETURNED if told.decision == RECYCLED else None
    if row.decision != waits_for:
        raise Conflict(f"The hand-off is {row.decision or 'waiting for sales'}.")
    if told.decision == RETURNED and told.reason is None:
        raise InputRefused("A return needs a reason, one of those that GET /docs lists.")


def _accept(record: Record, row: Row[Any]) -> None:
    event = {
        "event_id": f"hand-off-{uuid.uuid4().hex}",
        "lead_id": row.lead_id,
        "at": f"{record.now}Z",
        "stage": ACCEPTED,
    }
    [checked] = outcome_rows([event], "", record.now)
    if checked.row is None:
        raise InputRefused("The acceptance cannot be kept.", list(checked.problems))
    record.happened([], [checked.row])


def first_touch(record: Record, row: Row[Any]) -> int | None:
    """When sales first did something about a hand-off; None while it did nothing. A decision is
    something."""
    did = [
        a.occurred_at
        for a in record.events.activities_of(row.lead_id)
        if a.team == "sales" and a.occurred_at >= row.handed_at
    ]
    known = [*did, *([] if row.decided_at is None else [row.decided_at])]
    return min(known, default=None)


def handoff_as_json(record: Record, row: Row[Any]) -> dict[str, Any]:
    """A hand-off with its clocks as they stand at the record's instant."""
    now, touched = to_number(record.now), first_touch(record, row)
    return {
        "id": row.id,
        "lead_id": row.lead_id,
        "score_id": row.score_id,
        "edition": row.edition,
        "explored": row.explored,
        "owner": row.owner,
        "handed_at": instant_text(row.handed_at),
        "touch_due": instant_text(row.touch_due),
        "decision_due": instant_text(row.decision_due),
        "touched_at": instant_text(touched),
        "decision": row.decision,
        "decided_at": instant_text(row.decided_at),
        "reason": row.reason,
        "criterion": row.criterion,
        "note": row.note,
        "touch_late": (now if touched is None else touched) > row.touch_due,
        "decision_late": (now if row.decided_at is None else row.decided_at) > row.decision_due,
    }


def promises(record: Record, weeks: int) -> dict[str, Any]:
    """What both teams owed and kept, week by week, newest first; by lot told apart."""
    scope = scope_of(record.connection)
    ends = (record.now - back * WEEK for back in range(weeks))
    told = [week_of(record, scope, until - WEEK, until) for until in ends]
    return {"owed": scope.promises.model_dump(mode="json"), "weeks": told}


def week_of(
    record: Record, scope: Scope, first: np.datetime64, until: np.datetime64
) -> dict[str, Any]:
    """What both teams owed and kept between two instants (UTC), by lot told apart."""
    rows = HandoffStore(record.connection).between(to_number(first), to_number(until))
    chosen = [handoff_as_json(record, row) for row in rows if not row.explored]
    lot = [handoff_as_json(record, row) for row in rows if row.explored]
    week: dict[str, Any] = {"from": f"{first}Z", "until": f"{until}Z", **_kept(chosen)}
    week["by_lot"] = _kept(lot)
    rate, owed = week["hit_rate"], scope.promises
    week["hit_rate_kept"] = None if rate is None else rate >= owed.hit_rate
    week["volume_kept"] = len(chosen) >= owed.hand_offs_a_week
    return week


def _kept(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    rows = list(rows)
    decided = [r for r in rows if r["decision"] is not None]
    accepted = sum(r["decision"] == ACCEPTED for r in decided)
    back = [r for r in decided if r["decision"] in (RETURNED, RECYCLED)]
    return {
        "handed_over": len(rows),
        "accepted": accepted,
        "returned_as_bad": sum(r["reason"] in _BAD for r in back),
        "returned_otherwise": sum(r["reason"] not in _BAD for r in back),
        # Apart from what was returned: a lead that nobody touched says nothing of its quality.
        "never_touched": sum(r["touched_at"] is None and r["touch_late"] for r in rows),
        "touched_late": sum(r["touched_at"] is not None and r["touch_late"] for r in rows),
        "decided_late": sum(r["decision_late"] for r in rows),
        "hit_rate": accepted / len(decided) if decided else None,
    }
