"""What became of the leads that were handed over by lot: the one estimate of what was left behind
that neither the score nor sales' choice has bent."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.rates import rate_of
from serving.canonical import read
from serving.pact.ending import ended
from serving.record import Record
from serving.storage.base import from_number, to_number
from serving.storage.handoffs import HandoffStore


def exploration(record: Record, days: int) -> dict[str, Any]:
    """The leads handed over by lot in the last so many days, and how many of them converted.

    Returns:
        counts; `rate`, the share that converted among those whose end is known, with Wilson's 90 %
        interval, and `told`, the mean likelihood that their scores gave, all None without any;
        `holds`, whether the interval holds what was told.
    """
    first, now = to_number(record.now - np.timedelta64(days, "D")), to_number(record.now)
    rows = [r for r in HandoffStore(record.connection).between(first, now + 1) if r.explored]
    horizon = record.book.scorer.rulebook.horizon_days
    told, ends = [], []
    for row in rows:
        score = record.scores.find(row.score_id)
        if score is None:
            continue
        end = ended(record, row.lead_id, from_number(score.as_of), horizon)
        if end is not None:
            told.append(float(read(score.answer)["likelihood"]))
            ends.append(float(end))
    found: dict[str, Any] = dict.fromkeys(("rate", "low", "high", "told", "holds"))
    if ends:
        rate, mean = rate_of(np.array(ends)), float(np.mean(told))
        found = {"rate": rate.rate, "low": rate.low, "high": rate.high, "told": mean}
        found["holds"] = rate.holds(mean)
    counts = {"handed_over": len(rows), "known": len(ends), "converted": int(sum(ends))}
    return {"days": days, **counts, **found}
