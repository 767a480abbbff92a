"""What to do about a criterion, and why in a sentence both teams can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.wording import signed

Verdict = Literal["keep", "raise", "lower", "drop", "too little data"]

FEWEST = 10.0
"""Conversions under which a criterion is not judged: carried by them, or expected of its leads."""
WIDEST_DOUBLINGS = 2.0
"""An interval wider than so many doublings of the odds says nothing about points it holds."""


@dataclass(frozen=True)
class Behind:
    """The leads behind a criterion's evidence.

    Attributes:
        leads: that carried it; conversions: those of them that converted.
        usual: conversions among so many leads at the history's own rate.
        all_leads: of the history.
    """

    leads: int
    conversions: int
    usual: float
    all_leads: int


def judge(
    agreed: float, points: float, interval: tuple[float, float], behind: Behind, pdo: float
) -> tuple[Verdict, str]:
    """The verdict and its reason.

    `raise` and `lower` speak of the signed number: -20 lowered is -25. `drop` is for points that
    history rules out while it does not rule out 0; 0 is then always the nearer of the two.

    Args:
        agreed: points that both teams signed.
        points: evidence points.
        interval: their 90 % credible interval.
        behind: leads and conversions.
        pdo: points to double the odds.
    """
    low, high = interval
    told = f"agreed {signed(agreed)}, history supports {signed(points)} ({_span(low, high)})"
    # Few conversions among many leads are evidence too: of a criterion that rightly takes away.
    if max(behind.conversions, behind.usual) < FEWEST:
        return "too little data", (
            f"{behind.conversions} of the {behind.leads:,} leads that carried it converted, about "
            f"{behind.usual:.0f} would at the usual rate; {FEWEST:.0f} are needed to judge."
        )
    if low <= agreed <= high:
        if high - low > WIDEST_DOUBLINGS * pdo:
            return "too little data", (
                f"The interval is {high - low:.0f} points wide: {told}. More leads that carry it, "
                "and some that do not, are needed."
            )
        return "keep", f"{_capital(told)}: the agreed points stand."
    if low <= 0.0 <= high:
        return "drop", f"{_capital(told)}: no effect at all fits, the agreed points do not."
    move = points - agreed
    word: Verdict = "raise" if move > 0 else "lower"
    return word, f"{_capital(told)}: {_move(agreed, points, move)}."


def _move(agreed: float, points: float, move: float) -> str:
    if agreed * points < 0:
        return f"it points the other way, by {abs(move):.1f} points"
    if agreed < 0:
        more = "more" if move < 0 else "less"
        return f"it should take {abs(move):.1f} points {more} away"
    more = "more" if move > 0 else "less"
    return f"it is worth {abs(move):.1f} points {more}"


def _span(low: float, high: float) -> str:
    return f"{signed(low)} to {signed(high)}"


def _capital(told: str) -> str:
    return told[0].upper() + told[1:]
