"""How good each level of a category was, without a lead ever seeing its own outcome.

Ordered target statistics (Prokhorenkova et al. 2018, section 3.2): while teaching, a lead's level
is rated by the leads before it in an order that is drawn anew for every booster, or, where leads
came in time, by those that came before it. A lead to be scored is rated by all of them.
"""

from __future__ import annotations

import numpy as np

from features.arrays import Floats, Ints
from models.encoding import Encoding

PRIOR = 10.0
"""Leads of the average conversion that every level is believed to have had."""


def learn_rates(encoding: Encoding, codes: Ints, y: Floats, w: Floats) -> Encoding:
    """The encoding with the shrunk conversion of every level, and of all leads for unseen ones.

    Args:
        encoding: whose categories of many levels are rated.
        codes: (n, k) from `Encoding.codes`.
        y: (n,) outcomes.
        w: (n,) weights.
    """
    mean = _mean(y, w)
    rates = {}
    for k, name in enumerate(encoding.counts):
        size = len(encoding.levels[name])
        seen = codes[:, k] >= 0
        won = np.bincount(codes[seen, k], (w * y)[seen], minlength=size)
        leads = np.bincount(codes[seen, k], w[seen], minlength=size)
        told = (won + PRIOR * mean) / (leads + PRIOR)
        rates[name] = (*(float(r) for r in told), mean)
    return encoding.with_rates(rates)


def ordered_rates(codes: Ints, y: Floats, w: Floats, order: Ints) -> Floats:
    """Each lead's levels rated by the leads before it. Shape (n, k).

    Args:
        codes: (n, k) levels, -1 for unseen.
        y: (n,) outcomes.
        w: (n,) weights.
        order: (n,) the leads, first to last.
    """
    mean = _mean(y, w)
    told = np.empty(codes.shape)
    for k in range(codes.shape[1]):
        code = codes[order, k]
        # Runs of one level, each in order: running sums less the sums before the run.
        runs = np.argsort(code, kind="stable")
        won = _before(code[runs], (w * y)[order][runs])
        leads = _before(code[runs], w[order][runs])
        rate = (won + PRIOR * mean) / (leads + PRIOR)
        told[order[runs], k] = np.where(code[runs] < 0, mean, rate)
    return told


def _before(run: Ints, x: Floats) -> Floats:
    """Per element, the sum of the elements of its run before it."""
    total = np.cumsum(x) - x
    first = np.flatnonzero(np.diff(run, prepend=run[0] - 1 if len(run) else 0))
    return np.asarray(total - np.repeat(total[first], np.diff(first, append=len(run))))


def _mean(y: Floats, w: Floats) -> float:
    return (float(w @ y) + 0.5) / (float(w.sum()) + 1.0)
