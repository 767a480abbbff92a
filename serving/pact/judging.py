"""Promises are judged when they are due, and a broken one is told to whoever asked, once.

Sales owes the first touch and a decision, hand-off by hand-off; marketing owes a hit rate and a
volume, week by week of the agreed calendar's time zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from serving.announcing import SERVICE, Announcer
from serving.pact.deciding import first_touch, week_of
from serving.pact.handing import MOST
from serving.pact.letters import tell_late
from serving.pact.scope import scope_of
from serving.record import Record
from serving.storage.base import to_number
from serving.storage.handoffs import HandoffStore
from serving.storage.locks import hold
from serving.storage.marks import move_mark

OWED_BY_SALES = ("touch", "decision")
"""The two clocks of a hand-off."""
_WEEK_MARK = "promises of the week"


def judge_clocks(record: Record) -> int:
    """Judge the clocks that have run out, `MOST` at once; how many promises were broken.

    A clock is judged once: what is done later is late, and is not told again.
    """
    hold(record.connection, ["hand-over"])
    store, announcer = HandoffStore(record.connection), Announcer(record.connection, record.now)
    now, broken = to_number(record.now), 0
    for what in OWED_BY_SALES:
        for row in store.unjudged(what, now, MOST):
            due = getattr(row, f"{what}_due")
            done = first_touch(record, row) if what == "touch" else row.decided_at
            store.write(row.id, {f"{what}_judged_at": now})
            if done is not None and done <= due:
                continue
            broken += 1
            tell_late(announcer, row._asdict(), what)
    return broken


def judge_week(record: Record) -> bool:
    """Judge what marketing owed in the last whole week, once; whether a promise was broken.

    A week in which nothing was decided has no hit rate, and breaks no promise about it.
    """
    scope = scope_of(record.connection)
    until = _monday(record.now, scope.promises.calendar.time_zone)
    before = move_mark(record.connection, _WEEK_MARK, f"{until}Z", to_number(record.now))
    if before is None:
        return False
    week = week_of(record, scope, until - np.timedelta64(7, "D"), until)
    broken = [p for p in ("hit_rate", "volume") if week[f"{p}_kept"] is False]
    if broken:
        names = ("from", "until", "handed_over", "accepted", "returned_as_bad", "hit_rate")
        owed = {"hit_rate": scope.promises.hit_rate, "volume": scope.promises.hand_offs_a_week}
        data = {name: week[name] for name in names}
        told = data | {"broken": broken, "owed": {name: owed[name] for name in broken}}
        Announcer(record.connection, record.now).announce("promise.broken", SERVICE, told)
    return bool(broken)


def _monday(now: np.datetime64, zone: str) -> np.datetime64:
    """The instant at which the current week began where the calendar is."""
    at = now.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)
    day = at.astimezone(ZoneInfo(zone)).date()
    monday = datetime.combine(day - timedelta(days=day.weekday()), time(0), ZoneInfo(zone))
    return np.datetime64(monday.astimezone(UTC).replace(tzinfo=None), "us")
