"""A fitted ladder that answers: log-odds, their interval, and what each part added. numpy only.

Everything is additive in log-odds::

    f = alpha + beta (w1 f1 + (w2 + wg) f2 + (wx + wn + wr) base + trees)

where `trees` is one booster, the weighted sum of g, x, n and r.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.arrays import Floats
from models.encoding import Encoding
from models.history import Leads
from models.rowwise import quadratic, row_sums, times
from models.rungs import FROM_BASE, Affine, FittedScale, UpdatedPoints
from models.scale import Scale
from models.trees import Trees

SLOPE_FLOOR = 0.5
"""A rulebook whose points tell less than half of what it states is not informative; the score's
scale then keeps this slope, or learned points would grow without bound."""
Z90 = 1.6448536269514722
"""Standard normal quantile of a 90 % interval."""
APART = 2.0
"""How much the squared distance between f and rung 2 adds to an interval's variance: more than
once, because the boosters' corrections are shrunk (`make bench-coverage`)."""


@dataclass(frozen=True)
class Parts:
    """What made f, in log-odds. All arrays have n rows.

    Attributes:
        f: (n,) calibrated log-odds.
        constant: what every lead gets.
        per_f0: how much f moves with the stated log-odds of the agreed points.
        criteria: (n, k) learned, per criterion.
        features: learned, per feature, each (n,).
    """

    f: Floats
    constant: float
    per_f0: float
    criteria: Floats
    features: Mapping[str, Floats]


@dataclass(frozen=True)
class FittedLadder:
    """All that the ladder learned, as plain parameters.

    Attributes:
        stated: the scale that was signed.
        fitted: rung 1.
        updated: rung 2.
        weights: of the rungs, summing to 1; rungs that are not named weigh nothing.
        affine: the calibration.
        base: log-odds of the base rate, where x, n and r start.
        encoding: the columns of the booster.
        trees: the booster's text; "" without one.
        threads: for prediction.
    """

    stated: Scale
    fitted: FittedScale
    updated: UpdatedPoints
    weights: Mapping[str, float]
    affine: Affine
    base: float
    encoding: Encoding
    trees: str
    threads: int = 1

    @cached_property
    def _booster(self) -> Trees | None:
        if not self.trees:
            return None
        return Trees(self.trees, self.encoding.width, self.threads)

    @property
    def _shares(self) -> tuple[float, float, float]:
        w = self.weights
        on_updated = w.get("updated", 0.0) + w.get("g", 0.0)
        # Rung 0 is rung 1 that has learned nothing.
        on_scale = w.get("agreed", 0.0) + w.get("fitted", 0.0)
        return on_scale, on_updated, sum(w.get(rung, 0.0) for rung in FROM_BASE)

    @property
    def informative(self) -> bool:
        """Whether the agreed points separate at all, to at least half of what they state."""
        return 1.0 + self.fitted.b >= SLOPE_FLOOR

    @cached_property
    def scale(self) -> Scale:
        """The scale of the score: the agreed one as history fitted it (rung 1)."""
        slope = max(1.0 + self.fitted.b, SLOPE_FLOOR)
        return self.stated.shifted(self.fitted.a, slope, self.fitted.mean)

    def log_odds(self, leads: Leads) -> Floats:
        """Calibrated log-odds of n leads. Shape (n,)."""
        w1, w2, w0 = self._shares
        F = w1 * self.fitted.log_odds(leads.f0) + w0 * self.base
        if w2:
            F = F + w2 * self.updated.log_odds(leads)
        if self._booster is not None:
            F = F + self._booster.margins(self.encoding.matrix(leads.features))
        return self.affine(F)

    def half_width(self, leads: Leads, f: Floats | None = None) -> Floats:
        """Half the 90 % interval of the log-odds. Shape (n,).

        `1.645 sqrt(x'Vx + 2 (f - f2)^2)`: what rung 2's columns leave open, what nobody knows of
        the level, and how far the other rungs pull from rung 2: there its columns miss something.

        Args:
            leads: n leads.
            f: (n,) their calibrated log-odds where known already; predicted otherwise.
        """
        X, V = self.updated.rows(leads), self.updated.V
        variance = quadratic(X, V)
        f2 = self.affine(leads.f0 + times(X, self.updated.b))
        apart = (self.log_odds(leads) if f is None else f) - f2
        return np.asarray(Z90 * np.sqrt(np.maximum(variance, 0.0) + APART * apart**2))

    def parts(self, leads: Leads) -> Parts:
        """f taken apart exactly: `f = constant + per_f0 f0 + criteria + features`."""
        w1, w2, w0 = self._shares
        one, two, beta = self.fitted, self.updated, self.affine.beta
        design, b = two.design, two.b
        columns = design.raw(leads.features, leads.criteria)
        k = design.criteria
        # Criteria are told uncentred: one that did not apply added nothing.
        criteria = beta * w2 * columns[:, :k] * b[2 : 2 + k]
        constant = w1 * (one.a - one.b * one.mean) + w0 * self.base
        constant += w2 * (b[0] - b[1] * two.mean - design.centre[:k] @ b[2 : 2 + k])
        per_f0 = beta * (w1 * (1.0 + one.b) + w2 * (1.0 + b[1]))
        features = {name: np.zeros(len(leads)) for name in leads.features.names}
        for name, at in design.slices():
            at_b = slice(at.start + 2, at.stop + 2)
            features[name] += beta * w2 * times(columns[:, at] - design.centre[at], b[at_b])
        if self._booster is not None:
            shap = self._booster.contributions(self.encoding.matrix(leads.features))
            constant += float(shap[0, -1]) if len(leads) else 0.0
            for i, name in enumerate(self.encoding.owners):
                features[name] += beta * shap[:, i]
        total = self.affine.alpha + beta * constant
        f = total + per_f0 * leads.f0 + row_sums(criteria)
        for added in features.values():
            f = f + added
        return Parts(f, total, per_f0, criteria, features)
