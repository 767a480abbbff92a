"""Points from history: criteria chosen one after the other, each weighed given those before it.

Weighed alone, correlated facts would be paid for twice. Each candidate is fitted with an
intercept on top of the points chosen so far, shrunk, and rounded to plain steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Flags, Floats
from training.draft.candidates import STEP, Candidate

PDO = 12.0
"""Points that double the odds in a drafted rulebook."""
MOST_POINTS, MOST_CRITERIA, MOST_PER_FIELD = 20.0, 12, 2
_L = math.log(2) / PDO
_SD = 0.7
"""Prior standard deviation of a criterion's log-odds: about one PDO."""
_LEAST_GAIN = 3.0
"""Nats of log-likelihood that a criterion must gain after rounding."""
_LEAST_GAIN_SHARE = 0.0005
"""The same as a share of the outcome's entropy: a rule must matter, not only be certain."""


@dataclass(frozen=True)
class Weighed:
    """A candidate with the points that history proposes."""

    candidate: Candidate
    points: float


def weigh(found: list[Candidate], y: Floats) -> list[Weighed]:
    """The criteria that tell most about `y` (n,), at most `MOST_CRITERIA`, with their points."""
    rate = y.mean()
    base = np.full(len(y), math.log(rate / (1 - rate)))
    least = max(_LEAST_GAIN, _LEAST_GAIN_SHARE * _loss(base, y))
    chosen: list[Weighed] = []
    left = list(found)
    while left and len(chosen) < MOST_CRITERIA:
        margin = _margin(chosen, y)
        best = _best(left, margin, y, least)
        if best is None:
            break
        chosen.append(best)
        left = [c for c in left if c is not best.candidate and _fits(c, chosen)]
    return _again(chosen, y)


def _fits(candidate: Candidate, chosen: list[Weighed]) -> bool:
    """Whether a candidate says something that the chosen ones do not say already."""
    same = [w.candidate for w in chosen if w.candidate.about == candidate.about]
    if len(same) >= MOST_PER_FIELD:
        return False
    x = candidate.strength > 0
    return not any(np.array_equal(x, s.strength > 0) or _opposite(x, s) for s in same)


def _opposite(x: Flags, other: Candidate) -> bool:
    return float(np.mean(x != (other.strength > 0))) > 0.98


def _margin(chosen: list[Weighed], y: Floats) -> Floats:
    """Log-odds of the points so far, the intercept fitted."""
    points = np.zeros(len(y))
    for w in chosen:
        points += _L * w.points * w.candidate.strength
    a = fitted_intercept(points, float(y.mean()))
    return points + a


def fitted_intercept(margin: Floats, rate: float) -> float:
    """The intercept at which the mean likelihood of `margin` (n,) is `rate`, by Newton's method."""
    a = math.log(rate / (1 - rate)) - float(margin.mean())
    for _ in range(30):
        p = 1 / (1 + np.exp(-(margin + a)))
        step = (rate - p.mean()) / max(float(np.mean(p * (1 - p))), 1e-9)
        a += float(np.clip(step, -2, 2))
        if abs(step) < 1e-9:
            break
    return a


def _best(left: list[Candidate], margin: Floats, y: Floats, least: float) -> Weighed | None:
    p = 1 / (1 + np.exp(-margin))
    w = p * (1 - p)
    by_score = sorted(left, key=lambda c: -_score_gain(c.strength, y - p, w))[:8]
    weighed = [(c, _points(c, margin, y)) for c in by_score]
    gains = [(_gain(c, points, margin, y), k) for k, (c, points) in enumerate(weighed)]
    gain, k = max(gains, key=lambda g: (g[0], -g[1]), default=(0.0, 0))
    return Weighed(*weighed[k]) if gain >= least else None


def _score_gain(x: Floats, residual: Floats, w: Floats) -> float:
    """What one Newton step with an intercept would gain, shrunk: g²/(2 (h + 1/sd²))."""
    h = float(w @ (x * x) - (w @ x) ** 2 / w.sum())
    return float(x @ residual) ** 2 / (2 * (h + 1 / _SD**2))


def _points(candidate: Candidate, margin: Floats, y: Floats) -> float:
    """Shrunk log-odds of the candidate on top of `margin`, as points in steps."""
    x, a, b = candidate.strength, 0.0, 0.0
    for _ in range(6):
        p = 1 / (1 + np.exp(-(margin + a + b * x)))
        w = p * (1 - p)
        g = np.array([(y - p).sum(), x @ (y - p) - b / _SD**2])
        h = np.array([[w.sum(), w @ x], [w @ x, w @ (x * x) + 1 / _SD**2]])
        step = np.linalg.solve(h + 1e-9 * np.eye(2), g)
        a, b = a + float(np.clip(step[0], -2, 2)), b + float(np.clip(step[1], -2, 2))
    points = STEP * round(b / _L / STEP)
    high = 0.0 if candidate.negative_only else MOST_POINTS
    points = float(np.clip(points, -MOST_POINTS, high))
    # Points against what everybody sees in the counts would not be signed, and rightly so.
    return points if points * _seen(x, y) >= STEP / 2 * abs(points) else 0.0


def _seen(x: Floats, y: Floats) -> float:
    """The plain difference between those it applies to and the others, in points."""
    odds = []
    for part in (x > 0, x == 0):
        won, n = y[part].sum() + 0.5, part.sum() + 1.0
        odds.append(won / (n - won))
    return math.log(odds[0] / odds[1]) / _L


def _gain(candidate: Candidate, points: float, margin: Floats, y: Floats) -> float:
    if points == 0:
        return 0.0
    told = margin + _L * points * candidate.strength
    return _loss(margin, y) - _loss(told + fitted_intercept(told, float(y.mean())), y)


def _loss(margin: Floats, y: Floats) -> float:
    return float(np.sum(np.logaddexp(0, margin) - y * margin))


def _again(chosen: list[Weighed], y: Floats) -> list[Weighed]:
    """Each criterion weighed once more given all others; those that come to nothing are left."""
    for _ in range(2):
        for k, w in enumerate(chosen):
            others = chosen[:k] + chosen[k + 1 :]
            chosen[k] = replace(w, points=_points(w.candidate, _margin(others, y), y))
    return [w for w in chosen if w.points]
