"""Every lead carries two scores; where they disagree, which line is responsible and who was right.

Scores disagree as shown: whoever reads both numbers can tell. numpy only: every answer carries
its `label`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.arrays import Flags, Floats
from models.explanation import Explanation, Line
from models.handover import as_shown, handed_over
from models.likelihood import Z90
from models.rates import Rate, rate_of
from models.scorer import Scores
from models.wording import signed

Kind = Literal["in agreement", "agreed high, learned low", "agreed low, learned high"]
Right = Literal["the rulebook", "the model", "not decided"]

IN_AGREEMENT: Kind = "in agreement"
LEARNED_LOW: Kind = "agreed high, learned low"
LEARNED_HIGH: Kind = "agreed low, learned high"
KEPT_BACK = "kept back by a disqualifier"


@dataclass(frozen=True)
class Label:
    """How far a lead's two scores agree.

    Attributes:
        kind: in agreement, or which of the two is higher by more than the tolerance.
        difference: learned less agreed score in points, as shown.
        tolerance: points that the rulebook lets them differ by.
        responsible: the line that learned most in the direction of the difference; None in
            agreement.
        says: the label as a sentence.
    """

    kind: Kind
    difference: float
    tolerance: float
    responsible: Line | None
    says: str


def label(scores: Scores, i: int) -> Label:
    """Whether the agreed and the learned score of lead `i` agree, and if not, what is behind it."""
    tolerance = scores.told.rulebook.tolerance_points
    difference = float(scores.shown[i] - scores.agreed[i])
    if abs(difference) <= tolerance:
        told = f"Both scores agree within {tolerance:g} points."
        return Label(IN_AGREEMENT, difference, tolerance, None, told)
    line = responsible(scores.explain(i), difference)
    says = (
        f"The rulebook gives {scores.agreed[i]:.0f}, outcomes so far say {scores.shown[i]:.0f}; "
        f"most of it: {line.label}, learned {signed(line.learned)}."
    )
    kind = LEARNED_HIGH if difference > 0 else LEARNED_LOW
    return Label(kind, difference, tolerance, line, says)


def responsible(explanation: Explanation, difference: float) -> Line:
    """The line that learned most in the direction of `difference`.

    What every lead gets (the base) is responsible only where no fact and no criterion is.
    """
    way = 1.0 if difference > 0 else -1.0
    facts = [x for x in explanation.lines if x.kind not in ("base", "limit")]
    found = [x for x in facts if way * x.learned > 0] or list(explanation.lines)
    return max(found, key=lambda line: way * line.learned)


def disagreements(learned: Floats, agreed: Floats, tolerance: float) -> tuple[Flags, Flags]:
    """Which leads are `agreed high, learned low`, and which the reverse. Shapes (n,).

    Args:
        learned, agreed: (n,) exact scores.
        tolerance: points they may differ by.
    """
    difference = as_shown(learned) - as_shown(agreed)
    return np.asarray(difference < -tolerance), np.asarray(difference > tolerance)


@dataclass(frozen=True)
class Told:
    """What both sides say of n unseen leads, and what came of them. Arrays of shape (n,).

    Attributes:
        learned, agreed: exact scores.
        f_learned, f_agreed: log-odds of conversion that each stands for.
        y: 1 converted, 0 not.
    """

    learned: Floats
    agreed: Floats
    f_learned: Floats
    f_agreed: Floats
    y: Floats

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Standing:
    """One group of leads: what each side told of them and which was nearer to what happened.

    Attributes:
        name: of the group.
        observed: conversions, with a 90 % interval.
        told_learned, told_agreed: mean likelihoods; NaN without leads.
        gain: mean log loss of the rulebook less that of the model, in nats; above 0 the model was
            nearer. error: its standard error, paired by lead.
        right: who was, at 90 % confidence; not decided with too few leads to tell a rate.
    """

    name: str
    observed: Rate
    told_learned: float
    told_agreed: float
    gain: float
    error: float
    right: Right


def standing(name: str, rows: Flags, told: Told) -> Standing:
    """Who was right about the leads at `rows` (n,)."""
    y = told.y[rows]
    if len(y) == 0:
        nothing = float("nan")
        return Standing(name, rate_of(y), nothing, nothing, nothing, nothing, "not decided")
    f_learned, f_agreed = told.f_learned[rows], told.f_agreed[rows]
    gains = _loss(f_agreed, y) - _loss(f_learned, y)
    gain = float(gains.mean())
    error = float(gains.std(ddof=1) / np.sqrt(len(y))) if len(y) > 1 else float("inf")
    observed = rate_of(y)
    right: Right = "not decided"
    if not observed.few and abs(gain) > Z90 * error:
        right = "the model" if gain > 0 else "the rulebook"
    return Standing(
        name=name,
        observed=observed,
        told_learned=float(_likelihood(f_learned).mean()),
        told_agreed=float(_likelihood(f_agreed).mean()),
        gain=gain,
        error=error,
        right=right,
    )


def quadrants(told: Told, threshold: float, barred: Flags | None = None) -> list[Standing]:
    """Both sides over and under the hand-over threshold: four groups, and a fifth for leads that
    are `barred` (n,), whatever their scores; together they cover all leads."""
    kept = np.zeros(len(told), dtype=bool) if barred is None else barred
    learned = handed_over(told.learned, threshold)
    agreed = handed_over(told.agreed, threshold)
    found = [
        standing("both high", agreed & learned & ~kept, told),
        standing(LEARNED_LOW, agreed & ~learned & ~kept, told),
        standing(LEARNED_HIGH, ~agreed & learned & ~kept, told),
        standing("both low", ~agreed & ~learned & ~kept, told),
    ]
    return [*found, standing(KEPT_BACK, kept, told)] if kept.any() else found


def beyond_tolerance(told: Told, tolerance: float) -> list[Standing]:
    """The same for leads whose scores differ by more than the tolerance, whatever the threshold."""
    low, high = disagreements(told.learned, told.agreed, tolerance)
    return [
        standing(IN_AGREEMENT, ~low & ~high, told),
        standing(LEARNED_LOW, low, told),
        standing(LEARNED_HIGH, high, told),
    ]


def _loss(f: Floats, y: Floats) -> Floats:
    return np.logaddexp(0.0, f) - y * f


def _likelihood(f: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -f)))
