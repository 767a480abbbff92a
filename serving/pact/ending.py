"""What became of a lead within the horizon of a score: a conversion, none, or not known yet."""

from __future__ import annotations

import numpy as np

from features.stages import has_ended, is_excluded
from serving.record import Record
from serving.storage.base import to_number

_DAY = 86_400_000_000
"""Microseconds."""


def ended(record: Record, lead_id: str, as_of: np.datetime64, horizon_days: float) -> bool | None:
    """Whether a lead converted within the horizon after `as_of`; None while nobody knows, and of
    what turned out to be no lead."""
    until = to_number(as_of) + round(horizon_days * _DAY)
    ends = [o for o in record.events.outcomes_of(lead_id) if o.at > to_number(as_of)]
    if is_excluded(o.stage for o in ends):
        return None
    if any(o.stage == "won" and o.at <= until for o in ends):
        return True
    worked = bool(ends) or any(a.team == "sales" for a in record.events.activities_of(lead_id))
    # A return is an opinion. A lead that nobody worked is not known to be lost, whatever its age.
    lost = has_ended(o.stage for o in ends) and any(o.stage == "lost" for o in ends)
    over = to_number(record.now) > until and worked
    return False if lost or over else None
