"""Points <-> odds: what a point means, as stated by the rulebook and as fitted to history.

The points-to-odds scaling of credit scorecards (Siddiqi, Intelligent Credit Scoring, ch. 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log1p
from typing import TypeVar

import numpy as np

from features.arrays import Floats

Number = TypeVar("Number", float, Floats)


def sigmoid(f: Floats) -> Floats:
    """Log-odds to probability, without overflow."""
    e = np.exp(-np.abs(f))
    return np.asarray(np.where(f >= 0, 1.0, e) / (1.0 + e))


def logit(p: float) -> float:
    """Probability to log-odds.

    Raises:
        ValueError: outside (0, 1).
    """
    if not 0 < p < 1:
        raise ValueError(f"probability is {p}; log-odds need one above 0 and below 1")
    return log(p) - log1p(-p)


@dataclass(frozen=True)
class Scale:
    """`anchor_points` mean `anchor_likelihood`; `points_to_double_odds` more double the odds."""

    anchor_points: float
    anchor_likelihood: float
    points_to_double_odds: float

    @property
    def per_point(self) -> float:
        """Log-odds of one point: L = ln 2 / PDO."""
        return log(2) / self.points_to_double_odds

    def log_odds(self, points: Number) -> Number:
        """Log-odds of conversion at `points`."""
        return logit(self.anchor_likelihood) + self.per_point * (points - self.anchor_points)

    def points(self, log_odds: Number) -> Number:
        """Points of the given log-odds; the inverse of `log_odds`."""
        return self.anchor_points + (log_odds - logit(self.anchor_likelihood)) / self.per_point

    def shifted(self, intercept: float, slope: float, centre: float) -> Scale:
        """The scale whose log-odds are `f0 + intercept + (slope - 1) (f0 - centre)`."""
        at_anchor = logit(self.anchor_likelihood)
        moved = at_anchor + intercept + (slope - 1.0) * (at_anchor - centre)
        return Scale(
            self.anchor_points,
            float(sigmoid(np.array(moved))),
            self.points_to_double_odds / slope,
        )

    def says(self, horizon_days: float) -> str:
        """The scale in words."""
        in_hundred = 100 * self.anchor_likelihood
        return (
            f"{self.anchor_points:g} points: about {in_hundred:.3g} in 100 convert within "
            f"{horizon_days:g} days; {self.points_to_double_odds:.3g} points more double the odds."
        )
