"""Hand-offs as people read them: whose, by when, how late. No HTML here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from serving.pact.deciding import first_touch
from serving.pages.words import when
from serving.record import Record
from serving.storage.base import to_number

if TYPE_CHECKING:
    from sqlalchemy import Row

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


@dataclass(frozen=True)
class Clock:
    """A promise that runs.

    Attributes:
        says: by when, and how long that is from now, or how late it is.
        spent: how much of the time has passed, in %, 0 to 100.
        late: whether it was not kept in time.
        done: whether it is kept, be it late.
    """

    says: str
    spent: float
    late: bool
    done: bool


@dataclass(frozen=True)
class Waiting:
    """A hand-off: the stored row, its two clocks, and the decision in words."""

    row: Row[Any]
    touch: Clock
    decision: Clock

    @property
    def open(self) -> bool:
        """Whether sales owes a decision."""
        return self.row.decision is None


def waiting_of(record: Record, row: Row[Any]) -> Waiting:
    """A hand-off at the record's instant."""
    now = to_number(record.now)
    touched = first_touch(record, row)
    return Waiting(
        row,
        _clock("call", row.handed_at, row.touch_due, touched, now),
        _clock("decide", row.handed_at, row.decision_due, row.decided_at, now),
    )


def duty_of(row: Row[Any], now: int) -> Clock:
    """What sales owes next about a hand-off that waits: a first touch, then a decision.

    Args:
        row: of `Worklist.duties`.
        now: the instant, in microseconds.
    """
    decides = row.touched_at is not None or row.decision_due < row.touch_due
    verb, due = ("decide", row.decision_due) if decides else ("call", row.touch_due)
    clock = _clock(verb, row.handed_at, due, None, now)
    says = f"{verb} {clock.says}" if clock.late else clock.says
    return replace(clock, says=says[0].upper() + says[1:])


def _clock(verb: str, start: int, due: int, done: int | None, now: int) -> Clock:
    spent = 100.0 * (min(now, due) - start) / max(due - start, 1)
    if done is not None:
        after = f", {distance(done - due)} late" if done > due else ""
        return Clock(f"done {when(done)}{after}", 100.0, done > due, True)
    if now > due:
        return Clock(f"{distance(now - due)} late, was due {when(due)}", 100.0, True, False)
    told = f"{verb} by {when(due)}, in {distance(due - now)}"
    return Clock(told, max(0.0, min(100.0, spent)), False, False)


def distance(time: int) -> str:
    """A stretch of time (microseconds) as "40 min", "3 h" or "2 days"."""
    if time < _HOUR:
        return f"{max(1, round(time / 60_000_000))} min"
    if time < 2 * _DAY:
        return f"{round(time / _HOUR)} h"
    return f"{round(time / _DAY)} days"
