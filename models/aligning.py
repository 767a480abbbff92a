"""A model aligned to a new edition: rungs 0 to 2 and the scale fitted anew, corrections kept.

The trees of rung 3, the rungs' weights and the calibration stay as they are, to the last bit; what
is learned of criteria and fields is learned anew beside the new agreed points. The trees that
started from rung 2 correct an older rung 2: that is the price of an alignment in seconds, and why
it has to pass the gate, and a training from scratch replaces it in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Floats, Ints
from models.bayes import log_loss_of
from models.folds import folds_of
from models.history import History, Leads
from models.likelihood import FittedLadder
from models.metrics import ece
from models.recency import choose_half_life, clock_penalties, weights_by_age
from models.reliability import by_chance
from models.rungs import FittedScale, UpdatedPoints
from models.scale import Scale, sigmoid
from models.updated import Taught, fit_scale, refit_points, update_points

BEYOND = 2.0
"""Standard errors beyond which a difference is more than noise."""


@dataclass(frozen=True)
class Lower:
    """Rungs 1 and 2 as one history teaches them under one edition.

    Attributes:
        ladder: with these rungs, everything else kept.
        taught: rung 2 with what folds need.
        half_life: share of the period after which a lead counts half, or None.
    """

    ladder: FittedLadder
    taught: Taught
    half_life: float | None


def align(
    ladder: FittedLadder, stated: Scale, history: History, monotone: Mapping[str, int]
) -> Lower:
    """The ladder on another edition: `history` holds its agreed points and criteria.

    Args:
        ladder: as trained.
        stated: the scale that the new edition states.
        history: the leads that teach, 1 or more of either outcome.
        monotone: as in `models.ladder.LadderClassifier`.
    """
    order = history.order
    penalties = {} if order is None else clock_penalties(history.leads.features, order)
    taught = update_points(history, penalties, monotone)
    half_life = None if order is None else choose_half_life(taught, history)
    if half_life is not None and order is not None:
        history = history.weighted(weights_by_age(order, half_life))
        taught = update_points(history, penalties, monotone)
    # How far the trees pull, and how the level wanders, is not learned anew.
    updated = taught.rung.widened(ladder.updated.level)
    lower = replace(ladder, stated=stated, fitted=fit_scale(history), updated=updated)
    return Lower(lower, taught, half_life)


def unseen(lower: Lower, history: History, seed: int) -> tuple[Ints, Floats]:
    """Rows, and the log-odds that rungs 1 and 2 give them when they were not in their fit.

    The trees have seen all of these leads. They are the same on both sides of a comparison, and
    what differs between two alignments is told by leads that were not in the fit.
    """
    X = lower.ladder.updated.rows(history.leads)
    rows, margins = [], []
    for fold in folds_of(history.y, history.order, history.groups, seed):
        past = history.take(fold.train)
        if past.order is not None:
            past = past.weighted(weights_by_age(past.order, lower.half_life))
        taught = refit_points(lower.taught, X[fold.train], past)
        ladder = _with(lower.ladder, fit_scale(past), taught.rung)
        rows.append(fold.test)
        margins.append(ladder.log_odds(history.leads.take(fold.test)))
    return np.concatenate(rows), np.concatenate(margins)


def _with(ladder: FittedLadder, fitted: FittedScale, updated: UpdatedPoints) -> FittedLadder:
    return replace(ladder, fitted=fitted, updated=updated)


@dataclass(frozen=True)
class Gate:
    """Whether an alignment may answer: what it costs against what answers now.

    Attributes:
        leads: that were compared.
        log_loss, log_loss_before: of the alignment, and of the model as it answers now.
        worse, noise: mean difference per lead (positive is worse), and twice its standard error.
        ece, ece_before: expected calibration errors.
        ece_by_chance: what 95 % of calibrated models of these leads stay below.
    """

    leads: int
    log_loss: float
    log_loss_before: float
    worse: float
    noise: float
    ece: float
    ece_before: float
    ece_by_chance: float

    @property
    def passed(self) -> bool:
        """Neither log loss nor calibration is worse than before by more than noise."""
        calibrated = self.ece <= max(self.ece_before, self.ece_by_chance)
        return self.worse <= self.noise and calibrated


def gate(f: Floats, before: Floats, y: Floats, seed: int) -> Gate:
    """Hold an alignment against what answers now, on leads that neither was fitted on.

    Args:
        f, before: (n,) log-odds of both.
        y: (n,) outcomes.
        seed: of the resampling for `ece_by_chance`.
    """
    losses, was = log_loss_of(f, y), log_loss_of(before, y)
    apart = losses - was
    p, q = sigmoid(f), sigmoid(before)
    return Gate(
        leads=len(y),
        log_loss=float(losses.mean()),
        log_loss_before=float(was.mean()),
        worse=float(apart.mean()),
        noise=BEYOND * float(apart.std(ddof=1) / np.sqrt(len(y))),
        ece=ece(y, p),
        ece_before=ece(y, q),
        ece_by_chance=by_chance(p, ece, seed)[1],
    )


def moved_by_points(ladder: FittedLadder, before: Floats, leads: Leads, points: Floats) -> Floats:
    """Log-odds of a model whose agreed points (n,) have been replaced, as it answers meanwhile.

    Args:
        ladder: the model on its own edition; its scale turns points into log-odds.
        before: (n,) log-odds under its own edition.
        leads: as its own edition sees them.
        points: (n,) agreed points under the edition in force.
    """
    own = ladder.stated.points(leads.f0)
    return np.asarray(before + ladder.scale.per_point * (points - own))
