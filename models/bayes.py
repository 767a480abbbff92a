"""Logistic regression with Gaussian priors: the posterior mode, its curvature, leave-one-out.

Gaussian priors with mean 0 around an offset: zero coefficients *are* the offset, here the
agreement (Gelman et al. 2008 for weakly informative priors).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from features.arrays import Floats
from models.scale import sigmoid

_STEPS, _HALVINGS = 60, 30
_HELD = 1e-12
"""Prior variance that holds a coefficient at 0."""
_SMALL = 1e-7
"""Share of the cost that a step must gain to be followed by another. Newton's gains square
themselves near the mode: what is left after such a step is far below what any lead could show."""


def log_loss_of(f: Floats, y: Floats) -> Floats:
    """Log loss of each lead, in nats, from its log-odds. Shape (n,)."""
    return np.logaddexp(0.0, f) - y * f


@dataclass(frozen=True)
class Mode:
    """The posterior mode of n weighted leads and k columns, with its Laplace covariance.

    Attributes:
        b: (k,) coefficients.
        f: (n,) fitted log-odds, offset included.
        X, w, precision: of the fit.
    """

    b: Floats
    f: Floats
    X: Floats = field(repr=False)
    w: Floats = field(repr=False)
    precision: Floats = field(repr=False)

    @cached_property
    def V(self) -> Floats:
        """(k, k) covariance, the inverse of the penalised information; made when asked for."""
        p = sigmoid(self.f)
        factor = _information(self.X, self.w * p * (1 - p), self.precision)
        return np.asarray(cho_solve(factor, np.eye(len(self.b))))


def posterior_mode(
    X: Floats, y: Floats, w: Floats, offset: Floats, variance: Floats, start: Floats | None = None
) -> Mode:
    """Newton's method with step halving on the penalised log loss.

    Args:
        X: (n, k) columns.
        y: (n,) outcomes, 0 or 1.
        w: (n,) weights of the leads.
        offset: (n,) log-odds at b = 0.
        variance: (k,) prior variances.
        start: (k,) where to begin; zeros by default.
    """
    precision = 1.0 / variance
    b = np.zeros(X.shape[1]) if start is None else start.copy()
    f = offset + X @ b

    def cost(f: Floats, b: Floats) -> float:
        return float(w @ log_loss_of(f, y) + 0.5 * precision @ (b * b))

    now = cost(f, b)
    for _ in range(_STEPS):
        p = sigmoid(f)
        gradient = X.T @ (w * (p - y)) + precision * b
        step = cho_solve(_information(X, w * p * (1 - p), precision), gradient)
        size = 1.0
        for _ in range(_HALVINGS):
            b_new = b - size * step
            f_new = offset + X @ b_new
            then = cost(f_new, b_new)
            if then <= now:
                break
            size /= 2
        gained, b, f, now = now - then, b_new, f_new, then
        if gained < _SMALL * (1 + abs(now)):
            break
    return Mode(b, f, X, w, precision)


def signed_mode(
    X: Floats,
    y: Floats,
    w: Floats,
    offset: Floats,
    variance: Floats,
    signs: Floats,
    start: Floats | None = None,
) -> Mode:
    """The posterior mode where some coefficients may have one sign alone.

    Coefficients of the wrong sign are held at 0 and the rest is fitted again, until none is left:
    a feasible point near the constrained mode, found in a few fits.

    Args:
        signs: (k,) 1 or -1 for the sign a coefficient may have, 0 for either.
    """
    mode = posterior_mode(X, y, w, offset, variance, start)
    held = np.zeros(len(variance), dtype=bool)
    while np.any(wrong := ~held & (signs * mode.b < 0)):
        held |= wrong
        b = np.where(held, 0.0, mode.b)
        mode = posterior_mode(X, y, w, offset, np.where(held, _HELD, variance), b)
    if not held.any():
        return mode
    b = np.where(held, 0.0, mode.b)
    return replace(mode, b=b, f=offset + X @ b)


def _information(X: Floats, h: Floats, precision: Floats) -> tuple[Floats, bool]:
    # A matrix times its own transpose costs half of a product of two.
    root = X * np.sqrt(h)[:, None]
    H = root.T @ root
    H[np.diag_indices_from(H)] += precision
    factor: tuple[Floats, bool] = cho_factor(H, check_finite=False)
    return factor


def leave_one_out(mode: Mode, X: Floats, y: Floats, w: Floats) -> Floats:
    """Log-odds of each lead as if it had not been in the fit, to first order. Shape (n,).

    `f_i + h_i (p_i - y_i) / (1 - w_i h_i)` with `h = x'Vx` (Pregibon 1981; Rad & Maleki 2020),
    where both the pull and the leverage carry the lead's own weight.
    """
    h = np.einsum("ij,ij->i", X @ mode.V, X)
    p = sigmoid(mode.f)
    leverage = np.minimum(w * p * (1 - p) * h, 0.99)
    return np.asarray(mode.f + w * h * (p - y) / (1.0 - leverage))
