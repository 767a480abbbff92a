"""The rungs as plain parameters: what a fitted ladder says of a lead. numpy only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Floats
from models.design import Design
from models.history import Leads
from models.rowwise import times

RUNGS = ("fitted", "updated", "g", "x", "n", "r")
"""Rung 1, rung 2, and the four boosters of rung 3: g knows the agreement, the others do not."""
FROM_BASE = ("x", "n", "r")
"""Boosters that start from the base rate."""


@dataclass(frozen=True)
class FittedScale:
    """Rung 1: `f1 = f0 + a + b (f0 - mean)`."""

    a: float
    b: float
    mean: float

    def log_odds(self, f0: Floats) -> Floats:
        """Rung 1's log-odds from those of the stated scale."""
        return f0 + self.a + self.b * (f0 - self.mean)


@dataclass(frozen=True)
class UpdatedPoints:
    """Rung 2: `f2 = f0 + c + d (f0 - mean) + sum over columns of b_j (x_j - centre_j)`.

    Attributes:
        design: which columns.
        mean: centre of f0.
        b: (2 + k,) intercept, slope and column coefficients: the mean over the three widths.
        V: (2 + k, 2 + k) covariance for the interval: Laplace's, see `updated.interval_covariance`,
            and what the whole ladder does not know of the level, see `widened`.
        level: that variance alone, which V holds already.
    """

    design: Design
    mean: float
    b: Floats
    V: Floats
    level: float = 0.0

    def rows(self, leads: Leads) -> Floats:
        """The full matrix (n, 2 + k): intercept, slope and columns."""
        columns = self.design.matrix(leads.features, leads.criteria)
        slope = (leads.f0 - self.mean)[:, None]
        return np.concatenate([np.ones((len(leads), 1)), slope, columns], axis=1)

    def log_odds(self, leads: Leads) -> Floats:
        """Rung 2's log-odds of n leads. Shape (n,)."""
        return np.asarray(leads.f0 + times(self.rows(leads), self.b))

    def widened(self, variance: float) -> UpdatedPoints:
        """The same with so much more variance in log-odds for every lead."""
        V = self.V.copy()
        V[0, 0] += variance
        return replace(self, V=V, level=self.level + variance)


@dataclass(frozen=True)
class Affine:
    """Calibration: `alpha + beta F` in log-odds (Platt 1999, section 2.2, with margins as F)."""

    alpha: float
    beta: float

    def __call__(self, F: Floats) -> Floats:
        """The calibrated log-odds."""
        return self.alpha + self.beta * F
