"""A lead with whom much happened: hundreds of activities, and a score after most of them."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection

from models.scorer import Scorer
from serving.incoming import activity_rows
from serving.record import Record

_KINDS = (
    ("pricing_page", "web", "marketing"),
    ("email_open", "email", "marketing"),
    ("call", "phone", "sales"),
    ("webinar_attended", "webinar", "marketing"),
)
_FIELDS = {"employees": 640, "industry": "logistics", "job_title": "Head of Operations"}
_DAYS = 89


def write_busy_lead(
    connection: Connection,
    scorer: Scorer,
    name: str,
    until: np.datetime64,
    scores: int,
    activities: int,
) -> None:
    """Write a lead over the 89 days before `until`.

    Args:
        scores: how many it has at the end: one when it comes, one for each activity told alone,
            and one for the rest of them, which are told at once.
        activities: how many happened to it.
    """
    begin = until - np.timedelta64(_DAYS, "D")
    at = begin + (until - begin) * np.arange(1, activities + 1) // (activities + 1)
    Record(connection, scorer, begin).put_lead(name, dict(_FIELDS), "Tom Okafor")
    alone = scores - 2
    for i in range(alone):
        _did(Record(connection, scorer, at[i]), name, range(i, i + 1), at)
    _did(Record(connection, scorer, until), name, range(alone, activities), at)


def _did(record: Record, lead: str, which: range, at: np.ndarray) -> None:
    told = []
    for i in which:
        kind, channel, team = _KINDS[i % len(_KINDS)]
        doing = {"lead_id": lead, "event_id": f"{lead}-{i}", "occurred_at": f"{at[i]}Z"}
        told.append(doing | {"kind": kind, "channel": channel, "team": team})
    rows = [c.row for c in activity_rows(told, "", record.now) if c.row is not None]
    assert len(rows) == len(told)
    record.happened(rows, [])
