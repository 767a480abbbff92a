"""A proposal on stored leads: who would be handed over otherwise, and what came of such leads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from features.arrays import texts
from features.fields import Fields
from features.rulebook.document import Rulebook
from models.handover import handed_over
from models.rates import rate_of
from models.replay import Flip, Flips, Past, by_week, flips, moves, side
from serving.pact.past import MOST, Known, StoredPast

FIGURES = 6
"""Digits of a figure that is told."""


@dataclass(frozen=True)
class Replayed:
    """What a proposal does to stored leads.

    Attributes:
        told: figures alone; no lead is named, so they may be kept.
        examples: current leads that flip, with what moved them; told and never kept.
        share_moved: of current open leads that cross the threshold either way.
        a_week: hand-offs a week on matured leads; None without any.
    """

    told: dict[str, Any]
    examples: dict[str, Any]
    share_moved: float
    a_week: float | None


def replay_stored(
    connection: Connection,
    fields: Fields,
    base: Rulebook,
    proposal: Rulebook,
    now: np.datetime64,
    capacity: float | None = None,
) -> Replayed:
    """Both editions by their agreed points, on the newest stored leads.

    Args:
        connection: reads one moment's state.
        fields: both editions fit them.
        base, proposal: the edition that is changed, and what it becomes.
        now: until when.
        capacity: hand-offs that sales can work a week.
    """
    past = StoredPast(connection, fields, now)
    current = past.current()
    now_in, now_out, examples = _current(current, past, base, proposal)
    open_leads = int(past.open_leads.sum())
    share = (now_in + now_out) / open_leads if open_leads else 0.0
    known, ended = past.matured(base.horizon_days)
    told: dict[str, Any] = {
        "leads": len(current.ids),
        "most": MOST,
        "open_leads": open_leads,
        "flips_in": now_in,
        "flips_out": now_out,
        "share_moved": share,
        "matured": {"leads": len(known.ids), "known": int(ended.known.sum())},
    }
    a_week = None
    if len(known.ids):
        told["matured"] |= _matured(known, ended, base, proposal, capacity)
        work = told["matured"]["after"]["workload"]
        a_week = None if work is None else work["mean"]
    return Replayed(_plain(told), _plain(examples), share, a_week)


def _matured(
    known: Known, ended: Past, base: Rulebook, proposal: Rulebook, capacity: float | None
) -> dict[str, Any]:
    """Both texts on leads old enough to judge: what each hands over, week by week, and what came
    of those that only one of them does."""
    told: dict[str, Any] = {"weeks": {}}
    over = {}
    for name, book in (("before", base), ("after", proposal)):
        points, barred = known.points(book).total, known.barred(book)
        called = f"edition {book.edition}"
        told[name] = asdict(side(called, points, book.hand_over_from, ended, capacity, barred))
        over[name] = handed_over(points, book.hand_over_from, barred)
        counts = by_week(over[name], ended)
        told["weeks"][name] = None if counts is None else counts.tolist()
    ways = {"out": over["before"] & ~over["after"], "in": over["after"] & ~over["before"]}
    told["crossed"] = {
        way: {"leads": int(rows.sum()), "converted": asdict(rate_of(ended.y[rows & ended.known]))}
        for way, rows in ways.items()
    }
    return told


def _current(
    known: Known, past: StoredPast, base: Rulebook, proposal: Rulebook
) -> tuple[int, int, dict[str, Any]]:
    agreed, proposed = known.points(base), known.points(proposal)
    waiting = past.open_leads
    was = handed_over(agreed.total, base.hand_over_from, known.barred(base)) & waiting
    will = handed_over(proposed.total, proposal.hand_over_from, known.barred(proposal)) & waiting
    ended = _not_ended(known)
    moved = moves(base, agreed, proposal, proposed)
    sides = {"in": ~was & will, "out": was & ~will}
    found: dict[str, Flips] = {
        name: flips(rows, agreed.total, proposed.total, ended, moved)
        for name, rows in sides.items()
    }
    told = {name: [_example(f) for f in flip.examples] for name, flip in found.items()}
    return found["in"].leads, found["out"].leads, told


def _not_ended(known: Known) -> Past:
    """Leads of whom nobody knows the end yet."""
    n = len(known.ids)
    nothing = np.full(n, np.nan)
    return Past(texts(known.ids), known.snapshot.as_of, np.zeros(n, dtype=bool), nothing, nothing)


def _example(flip: Flip) -> dict[str, Any]:
    why = [{"what": what, "points": points} for what, points in flip.why]
    return {"lead_id": flip.lead, "before": flip.before, "after": flip.after, "why": why}


def _plain(value: Any) -> Any:
    """Plain values with figures rounded; what is not a number is null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float | np.floating):
        return None if not np.isfinite(value) else round(float(value), FIGURES)
    return value
