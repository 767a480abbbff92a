"""The only place that turns numbers into words: for the API, the pages and the command line."""

from __future__ import annotations

import math
from collections.abc import Sequence


def in_hundred(likelihood: float) -> str:
    """A likelihood as people say it: `about 28 in 100`, never 0 % and never 100 %."""
    if likelihood < 0.001:
        return "fewer than 1 in 1,000"
    if likelihood < 0.0095:
        return f"about {max(1, round(1000 * likelihood))} in 1,000"
    if likelihood > 0.99:
        return "more than 99 in 100"
    return f"about {round(100 * likelihood)} in 100"


def span(low: float, high: float) -> str:
    """An interval of a likelihood: `24 to 33` in 100, or `3 to 9 in 1,000` for small ones."""
    if high < 0.0095:
        return f"{round(1000 * low)} to {max(1, round(1000 * high))} in 1,000"
    return f"{round(100 * low)} to {min(99, round(100 * high))}"


def score_sentence(likelihood: float, low: float, high: float, horizon_days: float) -> str:
    """What a score means: `About 18 in 100 leads like this convert within 90 days (16 to 21).`"""
    told = in_hundred(likelihood)
    return (
        f"{told[0].upper()}{told[1:]} leads like this convert within {horizon_days:g} days "
        f"({span(low, high)})."
    )


def signed(points: float, digits: int = 1) -> str:
    """Points with their sign, a true minus, and no sign on zero."""
    told = f"{abs(points):.{digits}f}"
    if float(told) == 0:
        return told
    return ("\N{MINUS SIGN}" if points < 0 else "+") + told


def rounded_to_sum(values: Sequence[float], digits: int = 1) -> list[float]:
    """Values rounded so that the shown parts add up to the shown total (largest remainder).

    Each differs from its value by less than one unit of the last digit.
    """
    unit = 10.0**digits
    down = [math.floor(v * unit) for v in values]
    missing = round(math.fsum(values) * unit) - sum(down)
    by_rest = sorted(range(len(values)), key=lambda i: (down[i] - values[i] * unit, i))
    for i in by_rest[:missing]:
        down[i] += 1
    return [d / unit for d in down]
