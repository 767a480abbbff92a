"""How rungs are combined: weights on the simplex, then an affine map in log-odds.

Both are learned from predictions of leads that were not in the fit, and both are shrunk: the
weights towards the lower rungs while data are few, the map towards the identity.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import minimize

from features.arrays import Floats, Ints
from models.bayes import log_loss_of, posterior_mode
from models.rungs import Affine
from models.scale import sigmoid

NATS = 5.0
"""Worth of the prior weights; it rules under 200 leads and is forgotten above."""
AFFINE_SD = 0.1
NEGLIGIBLE = 0.03
"""Rungs that weigh less are dropped."""


def prior_weights(rungs: tuple[str, ...], m: float) -> Floats:
    """w0: what each rung is believed to be worth with m of the rarer outcome."""
    stated = {
        "fitted": 0.1,
        "updated": 0.5,
        "g": 0.2 * m / (m + 25),
        "x": 0.1 * m / (m + 50),
        "n": 0.1 * m / (m + 50),
        "r": 0.05 * m / (m + 100),
    }
    w0 = np.array([stated[r] for r in rungs])
    return np.asarray(w0 / w0.sum())


def stack(margins: Mapping[str, Floats], y: Floats, w: Floats, m: float) -> dict[str, float]:
    """Weights that minimise `sum w loss(y, M v) - 5 sum w0 log v` over the simplex.

    Args:
        margins: per rung, (n,) log-odds of leads that were not in its fit.
        y: (n,) outcomes.
        w: (n,) weights.
        m: the rarer of conversions and non-conversions.
    """
    rungs = tuple(margins)
    M = np.column_stack([margins[r] for r in rungs])
    w0 = prior_weights(rungs, m)

    def cost(z: Floats) -> tuple[float, Floats]:
        v = np.exp(z - z.max())
        v /= v.sum()
        F = M @ v
        value = float(w @ log_loss_of(F, y)) - NATS * float(w0 @ np.log(np.maximum(v, 1e-300)))
        slope = M.T @ (w * (sigmoid(F) - y))
        # Chain rule through the softmax; the prior's part simplifies to v - w0.
        return value, v * (slope - v @ slope) + NATS * (v - w0)

    found = minimize(cost, np.log(w0), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    v = np.exp(found.x - found.x.max())
    v /= v.sum()
    kept = v >= NEGLIGIBLE
    v = np.where(kept, v, 0.0) / v[kept].sum()
    return {rung: float(x) for rung, x in zip(rungs, v, strict=True) if x > 0}


def calibrate(F: Floats, y: Floats, w: Floats) -> Affine:
    """`f + a + b (f - mean f)` with a, b ~ N(0, .1^2), as alpha and beta."""
    mean = float(np.average(F, weights=w))
    X = np.column_stack([np.ones_like(F), F - mean])
    mode = posterior_mode(X, y, w, F, np.full(2, AFFINE_SD**2))
    a, b = float(mode.b[0]), float(mode.b[1])
    return Affine(a - b * mean, 1.0 + b)


def calibrate_in_time(F: Floats, y: Floats, w: Floats, blocks: Ints) -> tuple[Affine, float]:
    """The same where predictions came block after block: base rates wander between blocks.

    Beside the map the variance between blocks, which the next one will have too.

    The slope is that of all leads. The shift is a random-effects mean over blocks: where they
    disagree by more than chance (DerSimonian & Laird 1986), five blocks are five observations and
    not thousands, and the shift is shrunk accordingly. Later blocks, taught by more and nearer to
    now, count in proportion to their number.

    Args:
        F: (n,) log-odds of leads that were not in the fit.
        y: (n,) outcomes.
        w: (n,) weights.
        blocks: (n,) numbers of the blocks, from 1, in time order.
    """
    mean = float(np.average(F, weights=w))
    X = np.column_stack([np.ones_like(F), F - mean])
    slope = float(posterior_mode(X, y, w, F, np.full(2, AFFINE_SD**2)).b[1])
    G = F + slope * (F - mean)
    names = np.unique(blocks)
    shifts, errors = np.array(
        [_shift(G[blocks == k], y[blocks == k], w[blocks == k]) for k in names]
    ).T
    between = _between(shifts, errors)
    each = names / names.mean() / (errors + between)
    shift = float(each @ shifts / (each.sum() + 1 / AFFINE_SD**2))
    return Affine(shift - slope * mean, 1.0 + slope), between


def _shift(G: Floats, y: Floats, w: Floats) -> tuple[float, float]:
    """What one block's log-odds lack, and its squared error. A block of few leads lacks little."""
    mode = posterior_mode(np.ones((len(G), 1)), y, w, G, np.ones(1))
    return float(mode.b[0]), float(mode.V[0, 0])


def _between(shifts: Floats, errors: Floats) -> float:
    """Variance between blocks beyond chance, by the method of moments."""
    h = 1 / errors
    apart = float(h @ (shifts - h @ shifts / h.sum()) ** 2)
    room = float(h.sum() - (h**2).sum() / h.sum())
    return max(0.0, (apart - (len(h) - 1)) / room) if room > 0 else 0.0
