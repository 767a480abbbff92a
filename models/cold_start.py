"""The ladder before history can teach it: the agreed scale, or that scale with its level learned.

Without an outcome the agreement speaks alone (rung 0). Until both outcomes have happened twice
only rung 1 is climbed: its priors keep it sound even where all outcomes are of one kind, and the
score stays the agreed one, for the scale moves and the points do not.
"""

from __future__ import annotations

import numpy as np

from features.arrays import Floats
from models.bayes import posterior_mode
from models.design import Design
from models.encoding import Encoding
from models.history import History
from models.likelihood import FittedLadder
from models.rungs import Affine, FittedScale, UpdatedPoints
from models.scale import Scale, logit
from models.updated import FITTED_SD, INTERVAL_SD

FEWEST = 2
"""Leads of either outcome under which nothing but the level of the scale is learned."""


def start_cold(stated: Scale, history: History) -> FittedLadder:
    """The ladder of n leads, 0 or more, that are too few to update points.

    The interval is that of rung 2 before it has seen a column: what rung 1's prior and the outcomes
    leave open of level and slope, and `INTERVAL_SD` for all that columns would tell together.
    """
    scale, V = _scale(stated, history)
    k = history.leads.criteria.shape[1]
    covariance = np.zeros((2 + k, 2 + k))
    covariance[:2, :2] = V
    covariance[0, 0] += INTERVAL_SD**2
    b = np.zeros(2 + k)
    b[:2] = scale.a, scale.b
    return FittedLadder(
        stated=stated,
        fitted=scale,
        updated=UpdatedPoints(Design(k, (), np.zeros(k)), scale.mean, b, covariance),
        weights={"fitted" if len(history) else "agreed": 1.0},
        affine=Affine(0.0, 1.0),
        base=logit(stated.anchor_likelihood),
        encoding=Encoding((), {}, {}, {}),
        trees="",
    )


def _scale(stated: Scale, history: History) -> tuple[FittedScale, Floats]:
    """Rung 1 with its Laplace covariance (2, 2); the stated scale and its prior without leads."""
    if not len(history):
        return FittedScale(0.0, 0.0, logit(stated.anchor_likelihood)), np.diag(FITTED_SD**2)
    f0 = history.leads.f0
    mean = float(np.average(f0, weights=history.w))
    X = np.column_stack([np.ones_like(f0), f0 - mean])
    mode = posterior_mode(X, history.y, history.w, f0, FITTED_SD**2)
    return FittedScale(float(mode.b[0]), float(mode.b[1]), mean), mode.V
