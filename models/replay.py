"""A proposed rulebook on matured history: who would have been handed over, and what came of it.

Every lead is looked at once, as of its own snapshot. All matured leads count as work for sales;
only those whose end is known tell whether a hand-over was right. numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import Flags, Floats, Instants, Ints, Texts
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed
from models.handover import handed_over
from models.rates import Rate, rate_of

WEEK = np.timedelta64(7 * 86_400_000_000, "us")
EXAMPLES = 5
"""Leads shown of each kind of flip."""
REASONS = 3
"""Criteria named behind one flip."""


@dataclass(frozen=True)
class Past:
    """n matured leads, each as of its own instant. Arrays of shape (n,).

    Attributes:
        lead: ids.
        at: instants; NaT without dates.
        known: whether what became of the lead is known; sales never worked the others, or they
            were decided before they were looked at.
        y: 1 converted within the horizon, 0 not; meaningful where known.
        amount: what the lead was won for; NaN where it was not, or nobody wrote it down.
    """

    lead: Texts
    at: Instants
    known: Flags
    y: Floats
    amount: Floats

    def __len__(self) -> int:
        return len(self.lead)

    @property
    def won(self) -> Flags:
        """(n,) whether the lead is known to have converted."""
        return np.asarray(self.known & (self.y == 1.0))

    @property
    def priced(self) -> Flags:
        """(n,) whether the lead is known to have converted, and for what amount."""
        return np.asarray(self.won & ~np.isnan(self.amount))

    @property
    def week(self) -> Ints | None:
        """(n,) weeks since the first lead, whole; None without dates."""
        if len(self) == 0 or np.isnat(self.at).any():
            return None
        return np.asarray((self.at - self.at.min()) // WEEK, dtype=np.int64)

    @property
    def weeks(self) -> float | None:
        """Length of the history in weeks, at least one; None without dates."""
        if self.week is None:
            return None
        return max(1.0, float((self.at.max() - self.at.min()) / WEEK))


@dataclass(frozen=True)
class Workload:
    """Hand-overs a week.

    Attributes:
        mean: over the whole history; busiest: in its busiest week.
        above: share of weeks with more than sales can work; None when nobody said how many.
    """

    mean: float
    busiest: int
    above: float | None


@dataclass(frozen=True)
class Side:
    """What one way of scoring hands over at one threshold, and what came of it.

    Attributes:
        name: which way of scoring.
        threshold: from which score.
        handed: leads handed over; known: those whose end is known.
        workload: hand-overs a week; None without dates.
        precision: conversions among the handed over.
        recall: handed over among the conversions.
        lift, lift_low, lift_high: precision over the conversion of all known leads.
        caught, missed: amounts won by leads handed over, and by others; None without amounts.
    """

    name: str
    threshold: float
    handed: int
    known: int
    workload: Workload | None
    precision: Rate
    recall: Rate
    lift: float
    lift_low: float
    lift_high: float
    caught: float | None
    missed: float | None


@dataclass(frozen=True)
class Flip:
    """One lead that the proposal treats otherwise.

    Attributes:
        before, after: its scores, exact.
        end: `converted`, `did not convert` or `not known`.
        why: criteria that moved it most, with the points they moved it by.
    """

    lead: str
    before: float
    after: float
    end: str
    why: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Flips:
    """Leads that flip one way.

    Attributes:
        leads: how many; converted: of those whose end is known.
        amount: won by them; None without amounts.
        examples: the ones that moved furthest.
    """

    leads: int
    converted: Rate
    amount: float | None
    examples: tuple[Flip, ...]


def side(
    name: str,
    points: Floats,
    threshold: float,
    past: Past,
    capacity: float | None = None,
    barred: Flags | None = None,
) -> Side:
    """What a score (n,) hands over from `threshold` on.

    Args:
        name: of the way of scoring, for people.
        points: exact scores.
        threshold: least shown score that is handed over.
        past: the matured leads.
        capacity: hand-overs that sales can work a week; None when not told.
        barred: (n,) leads that are never handed over; None for none.
    """
    over = handed_over(points, threshold, barred)
    precision = rate_of(past.y[over & past.known])
    base = float(past.y[past.known].mean()) if past.known.any() else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        lift, low, high = np.array([precision.rate, precision.low, precision.high]) / base
    return Side(
        name=name,
        threshold=threshold,
        handed=int(over.sum()),
        known=precision.leads,
        workload=workload(over, past, capacity),
        precision=precision,
        recall=rate_of(over[past.won].astype(np.float64)),
        lift=float(lift),
        lift_low=float(low),
        lift_high=float(high),
        caught=amount_of(over, past),
        missed=amount_of(~over, past),
    )


def workload(over: Flags, past: Past, capacity: float | None) -> Workload | None:
    """Hand-overs a week; None without dates."""
    counts, weeks = by_week(over, past), past.weeks
    if counts is None or weeks is None:
        return None
    above = None if capacity is None else float((counts > capacity).mean())
    return Workload(float(over.sum()) / weeks, int(counts.max()), above)


def by_week(rows: Flags, past: Past) -> Ints | None:
    """Leads at `rows` (n,) in each week of the history; None without dates."""
    week = past.week
    return None if week is None else np.bincount(week[rows], minlength=int(week.max()) + 1)


def amount_of(rows: Flags, past: Past) -> float | None:
    """Amounts won by the known conversions among `rows` (n,); None where none has an amount."""
    told = past.priced
    return float(past.amount[told & rows].sum()) if told.any() else None


def moves(before: Rulebook, agreed: Agreed, after: Rulebook, proposed: Agreed) -> dict[str, Floats]:
    """What each part of two editions moves n leads by, in points; the parts sum to the change.

    Returns:
        criterion or cap, in words -> (n,) points under `after` less those under `before`.
    """
    found: dict[str, Floats] = {"base points": np.asarray(0.0 * agreed.total)}
    found["base points"] += proposed.base - agreed.base
    for sign, rulebook, points in ((-1.0, before, agreed), (1.0, after, proposed)):
        parts = [(c.says, points.points[:, k]) for k, c in enumerate(rulebook.criteria)]
        groups = rulebook.groups.values()
        parts += [(f"cap of {g.label}", points.caps[:, i]) for i, g in enumerate(groups)]
        for name, values in parts:
            found[name] = np.asarray(found.get(name, 0.0) + sign * values)
    return found


def flips(
    rows: Flags, before: Floats, after: Floats, past: Past, moved: Mapping[str, Floats]
) -> Flips:
    """The leads at `rows` (n,), with examples: those that moved furthest, ties by place.

    Args:
        rows: which leads flip.
        before, after: (n,) exact scores under both editions.
        past: the matured leads.
        moved: what moved them; see `moves`.
    """
    places = np.flatnonzero(rows)
    furthest = places[np.argsort(-np.abs(after - before)[places], kind="stable")][:EXAMPLES]
    return Flips(
        leads=len(places),
        converted=rate_of(past.y[rows & past.known]),
        amount=amount_of(rows, past),
        examples=tuple(_flip(int(i), before, after, past, moved) for i in furthest),
    )


def _flip(i: int, before: Floats, after: Floats, past: Past, moved: Mapping[str, Floats]) -> Flip:
    told = sorted(((name, float(x[i])) for name, x in moved.items()), key=lambda m: -abs(m[1]))
    end = "not known"
    if past.known[i]:
        end = "converted" if past.y[i] == 1.0 else "did not convert"
    why = tuple((name, points) for name, points in told[:REASONS] if abs(points) >= 0.05)
    return Flip(str(past.lead[i]), float(before[i]), float(after[i]), end, why)
