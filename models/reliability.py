"""Whether told likelihoods mean what they say: CORP reliability, its bands, and a smooth error.

CORP (Dimitriadis, Gneiting & Jordan 2021, PNAS 118 e2016191118): the told likelihoods are
recalibrated by isotonic regression (pool adjacent violators), which needs no bins, and scores come
apart into miscalibration - discrimination + uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import dct, idct
from scipy.optimize import isotonic_regression

from features.arrays import Floats
from models.metrics import brier, log_loss

LEVEL = 0.9
"""Of every band and interval shown."""
RESAMPLES = 400
_GRID = 41
_CELLS = 4096
_NARROWEST = 1e-4


def recalibrated(y: Floats, p: Floats) -> Floats:
    """Observed conversion as a non-decreasing function of the told likelihood. Shape (n,).

    Leads that were told the same share one value, so the order of ties does not matter.
    """
    told, where, n = np.unique(p, return_inverse=True, return_counts=True)
    mean = np.bincount(where, y, minlength=len(told)) / n
    return np.asarray(isotonic_regression(mean, weights=n.astype(np.float64)).x[where])


@dataclass(frozen=True)
class Decomposition:
    """A mean score taken apart: `score = miscalibration - discrimination + uncertainty`.

    Attributes:
        score: of the told likelihoods; lower is better.
        miscalibration: what recalibration would save, 0 or more (0 is calibrated).
        discrimination: what recalibrated likelihoods gain on the base rate, 0 or more.
        uncertainty: the score of saying the base rate of everyone.
    """

    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


def decompose(
    y: Floats, p: Floats, score: Callable[[Floats, Floats], float] = brier
) -> Decomposition:
    """CORP decomposition of a proper score, such as `metrics.brier` or `metrics.log_loss`."""
    told = score(y, p)
    best = score(y, recalibrated(y, p))
    base = score(y, np.full(len(y), y.mean()))
    return Decomposition(told, told - best, base - best, base)


@dataclass(frozen=True)
class Step:
    """One flat stretch of a CORP diagram: leads told `start` to `end` convert at `happened`."""

    start: float
    end: float
    happened: float
    leads: int


@dataclass(frozen=True)
class Diagram:
    """A CORP reliability diagram.

    Attributes:
        steps: from low to high likelihood.
        at: (k,) told likelihoods at which the band is given.
        low, high: (k,) where 90 % of recalibrated values lie when every likelihood is true.
        outside: share of leads whose recalibrated value lies outside the band.
        brier, log_loss: taken apart.
        smooth_error: binning-free calibration error; see `smooth_error`.
        leads, conversions: behind it.
    """

    steps: tuple[Step, ...]
    at: Floats
    low: Floats
    high: Floats
    outside: float
    brier: Decomposition
    log_loss: Decomposition
    smooth_error: float
    leads: int
    conversions: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        told = dict(vars(self))
        told["steps"] = [vars(s) for s in self.steps]
        told["brier"], told["log_loss"] = vars(self.brier), vars(self.log_loss)
        return told | {k: told[k].tolist() for k in ("at", "low", "high")}


def diagram(y: Floats, p: Floats, seed: int = 0, resamples: int = RESAMPLES) -> Diagram:
    """The reliability diagram of n told likelihoods.

    Args:
        y: (n,) outcomes, 0 or 1; n at least 1.
        p: (n,) told likelihoods.
        seed: of the resampled outcomes behind the band.
        resamples: how many there are of those.
    """
    order = np.argsort(p, kind="stable")
    y, p = y[order], p[order]
    happened = recalibrated(y, p)
    low, high = consistency_band(p, seed, resamples)
    # Steps of equal height reach the same value by rounding that differs in the last digits.
    slack = 1e-9
    at = np.unique(np.linspace(0, len(p) - 1, _GRID).astype(np.int64))
    return Diagram(
        steps=tuple(_steps(p, happened)),
        at=p[at],
        low=low[at],
        high=high[at],
        outside=float(np.mean((happened < low - slack) | (happened > high + slack))),
        brier=decompose(y, p, brier),
        log_loss=decompose(y, p, log_loss),
        smooth_error=smooth_error(y, p),
        leads=len(y),
        conversions=int(y.sum()),
    )


def _steps(p: Floats, happened: Floats) -> list[Step]:
    edges = np.flatnonzero(np.diff(happened) > 1e-12) + 1
    parts = np.split(np.arange(len(p)), edges)
    return [Step(float(p[i[0]]), float(p[i[-1]]), float(happened[i].mean()), len(i)) for i in parts]


def consistency_band(
    p: Floats, seed: int, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Pointwise band of the recalibrated values if every told likelihood were true. (n,) each.

    Outcomes are redrawn from the told likelihoods and recalibrated again (consistency resampling:
    Broecker & Smith 2007; Dimitriadis et al. 2021).
    """
    rng = np.random.default_rng(seed)
    told, where, n = np.unique(p, return_inverse=True, return_counts=True)
    drawn = np.empty((resamples, len(told)))
    for k in range(resamples):
        mean = rng.binomial(n, told) / n
        drawn[k] = isotonic_regression(mean, weights=n.astype(np.float64)).x
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low[where], high[where]


def by_chance(
    p: Floats, error: Callable[[Floats, Floats], float], seed: int, resamples: int = 200
) -> tuple[float, float]:
    """Mean and 95 % quantile of a calibration error if every told likelihood were true.

    Binned errors are never 0 on finite leads; this is what there is to beat.
    """
    rng = np.random.default_rng(seed)
    found = [error((rng.random(len(p)) < p).astype(np.float64), p) for _ in range(resamples)]
    return float(np.mean(found)), float(np.quantile(found, 0.95))


def smooth_error(y: Floats, p: Floats) -> float:
    """Smooth expected calibration error (Blasiok & Nakkiran 2023, arXiv 2309.12236).

    The residuals `y - p`, laid out over p, are smoothed by a Gaussian reflected at 0 and 1 and
    their absolute mass is added up; the width is the one that equals the error itself, so nothing
    is left to choose.
    """
    cell = np.minimum((p * _CELLS).astype(np.int64), _CELLS - 1)
    mass = np.bincount(cell, y - p, minlength=_CELLS) / len(y)
    # A reflected Gaussian damps each cosine by its own factor: heat flow on a rod.
    cosines = dct(mass, type=2)
    k = np.arange(_CELLS)

    def error(width: float) -> float:
        damped = cosines * np.exp(-0.5 * (np.pi * k * width) ** 2)
        return float(np.abs(idct(damped, type=2)).sum())

    low, high = _NARROWEST, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        # The error never grows with the width, so it crosses the width once.
        low, high = (middle, high) if error(middle) > middle else (low, middle)
    return error(high)
