"""Time in training: fields that are clocks, and how fast history ages."""

from __future__ import annotations

import numpy as np

from features.arrays import Floats, Table
from models.bayes import log_loss_of
from models.design import learn_design
from models.folds import chained
from models.history import History
from models.updated import Taught, coefficients

HALF_LIVES = (0.4, 0.2, 0.1, 0.05)
"""Candidates, as shares of the training period; no ageing is the default they must beat."""
ENOUGH = 50.0
"""Effective conversions (or non-conversions, the rarer) that a weighting must leave."""
CLEAR = 2.0
"""Standard errors that ageing must gain: with 1, permuted labels chose one in 6 of 12 trials."""
_FLOOR = 0.01


def clock_penalties(features: Table, order: Floats) -> dict[str, float]:
    """Per feature, `max(1 - eta^2, .01)^2`: how much less a clock is to be believed.

    eta^2 is the share of the time rank's variance that the feature's own columns explain. A
    feature that tells the date predicts the past's base rates, not the next lead.
    """
    if features.n < 2:
        return {}
    rank = np.argsort(np.argsort(order, kind="stable"), kind="stable").astype(np.float64)
    rank -= rank.mean()
    design = learn_design(features, np.zeros((features.n, 0)))
    X = design.matrix(features, np.zeros((features.n, 0)))
    penalties = {}
    for name, columns in design.slices():
        explained = _explained(X[:, columns], rank)
        penalties[name] = max(1.0 - explained, _FLOOR) ** 2
    return penalties


def _explained(X: Floats, target: Floats) -> float:
    G = X.T @ X
    G[np.diag_indices_from(G)] += 1e-6 * len(target)
    fitted = X @ np.linalg.solve(G, X.T @ target)
    r2 = 1.0 - float(np.sum((target - fitted) ** 2) / np.sum(target**2))
    # Adjusted for columns, so that a wide field on few leads does not look like a clock.
    n, k = X.shape
    return max(0.0, 1.0 - (1.0 - r2) * float((n - 1) / max(n - k - 1, 1)))


def weights_by_age(order: Floats, half_life: float | None) -> Floats:
    """`2^(-age / (h N))` with age in ranks from the newest lead; ones without a half-life."""
    n = len(order)
    if half_life is None:
        return np.ones(n)
    rank = np.argsort(np.argsort(order, kind="stable"), kind="stable")
    return np.exp2(-(n - 1 - rank) / (half_life * n))


def choose_half_life(taught: Taught, history: History) -> float | None:
    """The half-life whose chained log loss beats no ageing by 2 standard errors, or None.

    Raises:
        ValueError: when the history has no order.
    """
    if history.order is None:
        raise ValueError("a half-life needs leads in time order; this history has none")
    if history.rarer < ENOUGH or next(chained(history.y, history.order), None) is None:
        return None
    X = taught.rung.rows(history.leads)
    plain, blocks = _chained_losses(taught, X, history, None)
    best, best_gain = None, 0.0
    for half_life in HALF_LIVES:
        if _effective(weights_by_age(history.order, half_life), history.y) < ENOUGH:
            continue
        losses, _ = _chained_losses(taught, X, history, half_life)
        gain, error = _weighted_mean(plain - losses, blocks)
        if gain > CLEAR * error and gain > best_gain:
            best, best_gain = half_life, gain
    return best


def _effective(w: Floats, y: Floats) -> float:
    parts = [w[y == value] for value in (0.0, 1.0)]
    sizes = [float(part.sum()) ** 2 / max(float((part**2).sum()), 1e-300) for part in parts]
    return min(sizes)


def _weighted_mean(x: Floats, w: Floats) -> tuple[float, float]:
    mean = float(np.average(x, weights=w))
    return mean, float(np.sqrt(np.sum(w**2 * (x - mean) ** 2)) / w.sum())


def _chained_losses(
    taught: Taught, X: Floats, history: History, half_life: float | None
) -> tuple[Floats, Floats]:
    """Log losses of the leads of all blocks but the first, and their block's number."""
    assert history.order is not None
    losses, blocks = [], []
    for fold in chained(history.y, history.order):
        past = history.take(fold.train)
        assert past.order is not None
        past = past.weighted(weights_by_age(past.order, half_life))
        modes = coefficients(X[fold.train], past, taught.variances, taught.modes)
        b = np.mean([mode.b for mode in modes], axis=0)
        f = history.leads.f0[fold.test] + X[fold.test] @ b
        losses.append(log_loss_of(f, history.y[fold.test]))
        blocks.append(np.full(len(fold.test), float(fold.block)))
    return np.concatenate(losses), np.concatenate(blocks)
