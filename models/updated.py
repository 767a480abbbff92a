"""Rungs 1 and 2: the stated scale fitted to history, and the agreed points updated by it.

Notation: agreed points s, stated scale (s*, p*, PDO), L = ln 2 / PDO, f0 = logit p* + L (s - s*).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from features.arrays import Floats, Ints
from models.bayes import Mode, leave_one_out, posterior_mode, signed_mode
from models.design import Design, learn_design
from models.history import History
from models.rungs import FittedScale, UpdatedPoints

INTERCEPT_SD, SLOPE_SD = 0.7, 0.35
"""Prior sds of the level and the slope of rungs 1 and 2: a stated base rate may be wrong by a
factor of two, as what both teams signed is no guess (`make bench-cold-start`)."""
FITTED_SD = np.array([INTERCEPT_SD, SLOPE_SD])

BLOCK_SD = {"criteria": 0.5, "category": 0.4, "linear": 0.4, "steps": 0.25}
"""Prior sds of rung 2 in log-odds, by kind of column."""
TOLD_SD = 1.35
"""Most that all columns together are believed to tell before history speaks, in log-odds. Sds by
column add up: ninety columns would be believed to tell 3, and with 50 leads that is noise. Where
they add up to more, the sds of all columns are scaled down to this."""
WIDTHS = (0.25, 0.5, 1.0)
"""All prior sds times each of these; the mean of the three coefficient vectors is used: picking
one is noise under 200 leads."""
NU = 4.0
"""Weight, in coefficients, of the stated sd against the learned one (scaled inverse chi^2)."""
INTERVAL_SD = 0.9
"""Prior sd, in log-odds, of what all columns tell together, for the interval alone. Sds by column
add up: intervals would grow with every field declared. One sum for all keeps coverage near 90 %
with twenty columns as with ninety (`make bench-coverage`)."""
_EM_ROUNDS, _EM_STILL, _EM_ROWS = 30, 0.03, 6000


def fit_scale(history: History) -> FittedScale:
    """The maximum a posteriori intercept and slope of the agreed log-odds."""
    f0, w = history.leads.f0, history.w
    mean = float(np.average(f0, weights=w))
    X = np.column_stack([np.ones_like(f0), f0 - mean])
    mode = posterior_mode(X, history.y, w, f0, FITTED_SD**2)
    return FittedScale(float(mode.b[0]), float(mode.b[1]), mean)


@dataclass(frozen=True)
class Taught:
    """Rung 2 with what its fit leaves behind.

    Attributes:
        rung: the fitted rung.
        left_out: (n,) leave-one-out log-odds of the leads that taught it.
        variances: per width, the (2 + k,) prior variances that history taught.
        modes: per width, the (2 + k,) coefficients.
    """

    rung: UpdatedPoints
    left_out: Floats = field(repr=False)
    variances: tuple[Floats, ...] = field(repr=False)
    modes: tuple[Floats, ...] = field(repr=False)


@dataclass(frozen=True)
class _Blocks:
    """Which prior variance each column shares. Index arrays of shape (2 + k,)."""

    of: Ints
    stated: Floats
    penalty: Floats
    learned: Ints


def _blocks(design: Design, penalties: dict[str, float]) -> _Blocks:
    of, stated, penalty = [0, 1], [INTERCEPT_SD, SLOPE_SD], [1.0, 1.0]
    if design.criteria:
        of += [len(stated)] * design.criteria
        penalty += [1.0] * design.criteria
        stated.append(BLOCK_SD["criteria"])
    for block in design.blocks:
        factor = penalties.get(block.name, 1.0)
        first = len(stated)
        kinds = list(dict.fromkeys(kind for kind, size in block.parts if size))
        stated += [BLOCK_SD[kind] for kind in kinds]
        for kind, size in block.parts:
            of += [first + kinds.index(kind)] * size if size else []
            penalty += [factor] * size
    return _Blocks(np.array(of), np.array(stated), np.array(penalty), np.arange(2, len(stated)))


def _prior(blocks: _Blocks, t2: Floats) -> Floats:
    return np.asarray(t2[blocks.of] * blocks.penalty)


def _bounded(blocks: _Blocks, X: Floats, w: Floats) -> _Blocks:
    """The same with columns that together tell `TOLD_SD` at most; X of shape (n, 2 + k)."""
    told = _told(X, _prior(blocks, blocks.stated**2), w)
    if told <= TOLD_SD:
        return blocks
    stated = blocks.stated.copy()
    stated[blocks.learned] *= TOLD_SD / told
    return replace(blocks, stated=stated)


def _told(X: Floats, variance: Floats, w: Floats) -> float:
    """Sd in log-odds of what all columns tell together, over leads, under prior variances."""
    return float(np.sqrt(np.average(X[:, 2:] ** 2 @ variance[2:], weights=w)))


def learn_variances(X: Floats, history: History, blocks: _Blocks, width: float) -> Floats:
    """Prior variances by EM on the Laplace posterior, per block (MacKay 1992; Tipping 2001).

    `t2 <- (sum (b_j^2 + V_jj) + nu t0^2) / (k + nu)` until no sd moves by 3 %. Intercept and
    slope keep theirs. On long histories an even sample of leads suffices for variances.
    """
    rows = np.arange(len(history))
    if len(rows) > _EM_ROWS:
        rows = np.linspace(0, len(rows) - 1, _EM_ROWS).astype(np.int64)
    X, y, w, f0 = X[rows], history.y[rows], history.w[rows], history.leads.f0[rows]
    t0 = blocks.stated.copy()
    t0[blocks.learned] *= width
    t2, start = t0**2, None
    size = np.bincount(blocks.of, minlength=len(t2))
    for _ in range(_EM_ROUNDS):
        mode = posterior_mode(X, y, w, f0, _prior(blocks, t2), start)
        start = mode.b
        spread = (mode.b**2 + np.diag(mode.V)) / blocks.penalty
        total = np.bincount(blocks.of, spread, minlength=len(t2))
        new = (total + NU * t0**2) / (size + NU)
        new[:2] = t2[:2]
        moved = float(np.max(np.abs(np.sqrt(new / t2) - 1), initial=0.0))
        t2 = new
        if moved < _EM_STILL:
            break
    return t2


def update_points(
    history: History, penalties: dict[str, float], monotone: Mapping[str, int] | None = None
) -> Taught:
    """Fit rung 2 from scratch: choose columns, learn variances, average three widths.

    Args:
        history: the leads that teach.
        penalties: per feature, what its prior variances are multiplied by (1 when absent).
        monotone: numbers that the log-odds may only rise (1) or only fall (-1) with.
    """
    leads = history.leads
    design = learn_design(leads.features, leads.criteria, monotone)
    mean = float(np.average(leads.f0, weights=history.w))
    blank = UpdatedPoints(design, mean, np.zeros(0), np.zeros((0, 0)))
    X = blank.rows(leads)
    blocks = _bounded(_blocks(design, penalties), X, history.w)
    learned = (learn_variances(X, history, blocks, width) for width in WIDTHS)
    taught = _fit(blank, X, history, tuple(_prior(blocks, t2) for t2 in learned))
    V = interval_covariance(X, history, taught.variances[-1], taught.rung.b)
    return replace(taught, rung=replace(taught.rung, V=V))


def interval_covariance(X: Floats, history: History, variance: Floats, start: Floats) -> Floats:
    """Laplace covariance under priors whose columns together tell `INTERVAL_SD`. (2 + k, 2 + k).

    Args:
        X: (n, 2 + k) intercept, slope and columns.
        history: the leads that taught.
        variance: (2 + k,) prior variances; those of the columns are scaled by one factor.
        start: (2 + k,) coefficients to begin from.
    """
    scaled = variance.copy()
    told = _told(X, variance, history.w)
    if told > 0:
        scaled[2:] *= (INTERVAL_SD / told) ** 2
    return posterior_mode(X, history.y, history.w, history.leads.f0, scaled, start).V


def coefficients(
    X: Floats,
    history: History,
    variances: tuple[Floats, ...],
    starts: tuple[Floats, ...] = (),
    signs: Floats | None = None,
) -> list[Mode]:
    """The posterior mode at every width, each begun at `starts` or at the width before it.

    With `signs` (2 + k,), coefficients whose sign is 1 or -1 have that sign alone.
    """
    y, w, f0 = history.y, history.w, history.leads.f0
    modes: list[Mode] = []
    for i, variance in enumerate(variances):
        before = modes[-1].b if modes else None
        start = starts[i] if starts else before
        if signs is None:
            modes.append(posterior_mode(X, y, w, f0, variance, start))
        else:
            modes.append(signed_mode(X, y, w, f0, variance, signs, start))
    return modes


def refit_points(taught: Taught, X: Floats, history: History) -> Taught:
    """The same columns and variances on other leads: what a fold does.

    Args:
        taught: rung 2 of the whole history.
        X: (n, 2 + k) its rows for the leads of `history`; see `UpdatedPoints.rows`.
        history: the leads that teach now.
    """
    return _fit(taught.rung, X, history, taught.variances, taught.modes)


def _fit(
    rung: UpdatedPoints,
    X: Floats,
    history: History,
    variances: tuple[Floats, ...],
    starts: tuple[Floats, ...] = (),
) -> Taught:
    bound = rung.design.signs()
    signs = np.concatenate([np.zeros(2), bound]) if bound.any() else None
    modes = coefficients(X, history, variances, starts, signs)
    y, w = history.y, history.w
    left_out = np.mean([leave_one_out(mode, X, y, w) for mode in modes], axis=0)
    b = np.mean([mode.b for mode in modes], axis=0)
    found = UpdatedPoints(rung.design, rung.mean, b, modes[-1].V)
    return Taught(found, left_out, variances, tuple(mode.b for mode in modes))
