"""Observed rates with their intervals, and whether a told rate agrees with them. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from features.arrays import Floats
from models.likelihood import Z90

FEWEST = 30
"""Leads under which a rate is not told: too few."""


@dataclass(frozen=True)
class Rate:
    """An observed conversion rate and its 90 % interval.

    Attributes:
        leads, conversions: behind it.
        rate: conversions over leads; NaN without leads.
        low, high: Wilson's score interval (Wilson 1927, JASA 22), 90 %.
    """

    leads: int
    conversions: int
    rate: float
    low: float
    high: float

    @property
    def few(self) -> bool:
        """Whether there are too few leads to tell a rate."""
        return self.leads < FEWEST

    def holds(self, told: float) -> bool:
        """Whether a told likelihood lies within the interval."""
        return self.low <= told <= self.high


def rate_of(y: Floats, z: float = Z90) -> Rate:
    """The rate of n outcomes (n,), each 0 or 1."""
    n, won = len(y), int(y.sum())
    if n == 0:
        return Rate(0, 0, float("nan"), 0.0, 1.0)
    p = won / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return Rate(n, won, p, max(0.0, centre - half), min(1.0, centre + half))


def difference(a: Rate, b: Rate) -> tuple[float, float, float]:
    """`a - b` with its 90 % interval, from the two rates' own (Newcombe 1998, method 10)."""
    d = a.rate - b.rate
    low = d - sqrt((a.rate - a.low) ** 2 + (b.high - b.rate) ** 2)
    high = d + sqrt((a.high - a.rate) ** 2 + (b.rate - b.low) ** 2)
    return d, low, high
