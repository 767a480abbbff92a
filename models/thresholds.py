"""From which score to hand over: by what sales can work, and by what a hand-over is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.arrays import Flags, Floats
from models.handover import as_shown
from models.replay import Past

By = Literal["model", "agreed points"]
MODEL: By = "model"
ALONE: By = "agreed points"

SCORES = np.arange(101)
FEWEST_WINS = 10
"""Wins with an amount under which value advises nothing: one large deal would decide."""


@dataclass(frozen=True)
class Step:
    """What handing over from one score on means.

    Attributes:
        threshold: the score.
        handed: leads; a_week: of them a week, None without dates.
        precision, recall: among leads whose end is known; NaN where there are none.
        value: amount won per known hand-over; None without amounts.
    """

    threshold: int
    handed: int
    a_week: float | None
    precision: float
    recall: float
    value: float | None


@dataclass(frozen=True)
class Advice:
    """A threshold and why.

    Attributes:
        threshold: None when none can be advised.
        says: why.
        by: whose score it speaks of.
    """

    threshold: int | None
    says: str
    by: By = ALONE


@dataclass(frozen=True)
class Curve:
    """Leads handed over, conversions and amounts among them, from each score 0..100 upwards.

    Arrays of shape (101,); `conversions` counts those of leads that are never handed over too.
    """

    handed: Floats
    known: Floats
    converted: Floats
    wins: Floats
    amount: Floats
    conversions: float
    weeks: float | None

    def step(self, threshold: int) -> Step:
        """What that threshold means."""
        known, wins = self.known[threshold], self.wins[0]
        total = self.conversions
        weeks = self.weeks
        return Step(
            threshold=threshold,
            handed=int(self.handed[threshold]),
            a_week=None if weeks is None else float(self.handed[threshold] / weeks),
            precision=float(self.converted[threshold] / known) if known else float("nan"),
            recall=float(self.converted[threshold] / total) if total else float("nan"),
            value=float(self.amount[threshold] / known) if wins and known else None,
        )


def curve(points: Floats, past: Past, barred: Flags | None = None) -> Curve:
    """The whole trade-off of a score (n,); leads that are `barred` (n,) are never handed over."""
    shown = as_shown(points).astype(np.int64)
    priced = past.priced
    open_to = 1.0 if barred is None else 1.0 - barred

    def upwards(weights: Floats) -> Floats:
        counts = np.bincount(shown, weights * open_to, minlength=101)
        return np.asarray(np.cumsum(counts[::-1])[::-1])

    return Curve(
        handed=upwards(np.ones(len(past))),
        known=upwards(past.known.astype(np.float64)),
        converted=upwards(past.won.astype(np.float64)),
        wins=upwards(priced.astype(np.float64)),
        amount=upwards(np.where(priced, past.amount, 0.0)),
        conversions=float(past.won.sum()),
        weeks=past.weeks,
    )


def from_capacity(found: Curve, capacity: float) -> Advice:
    """The lowest threshold whose hand-overs sales can work, on the average week."""
    if found.weeks is None:
        return Advice(None, "Without dates nobody can say how many leads come in a week.")
    fits = np.flatnonzero(found.handed / found.weeks <= capacity)
    if len(fits) == 0:
        least = found.handed[100] / found.weeks
        return Advice(
            None,
            f"Even at 100 points {least:,.0f} leads a week are handed over; sales can work "
            f"{capacity:,.0f}. The points are too generous for any threshold.",
        )
    step = found.step(int(fits[0]))
    if step.threshold == 0:
        return Advice(
            0, f"Sales can work {capacity:,.0f} a week and {step.a_week:,.0f} come: hand over all."
        )
    told = f"Sales can work {capacity:,.0f} a week: hand over at {step.threshold}"
    tells = f" ({step.a_week:,.0f} a week"
    if not np.isnan(step.precision):
        tells += f", {100 * step.precision:.0f} in 100 convert"
    return Advice(step.threshold, f"{told}{tells}).")


def from_value(found: Curve, cost: float) -> Advice:
    """The threshold at which amounts won less the cost of hand-overs are largest.

    Only leads whose end is known count, on both sides. `cost` is of one hand-over, in the
    currency of the amounts.
    """
    wins = int(found.wins[0])
    if wins < FEWEST_WINS:
        return Advice(
            None, f"{wins} wins with an amount are too few to advise by value ({FEWEST_WINS})."
        )
    net = found.amount - cost * found.known
    best = int(100 - np.argmax(net[::-1]))  # of equals the highest: less work for the same
    if net[best] <= 0:
        return Advice(None, f"At {cost:,.0f} a hand-over, no threshold pays.")
    step = found.step(best)
    assert step.value is not None
    return Advice(
        best,
        f"At {cost:,.0f} a hand-over, hand over at {best}: each brings {step.value:,.0f} on the "
        f"average, {net[best]:,.0f} more than it costs in all (from {wins:,} wins).",
    )
