"""What sales never worked: how sales chose, and what can be said of the leads it left behind.

Leads that were never worked have no outcome, and a model taught by those that sales chose speaks
of leads that sales would choose. Where reps go by recorded fields alone that is no harm. Where they
also see what nobody records, the leads left behind are worse than worked ones that look the same,
and no reweighting repairs it. What does: leads that reps left behind and that were then worked by
lot (`explored` in the fields file). They tell by how much a likelihood changes when a lead is left
behind: `f + delta`, `delta ~ N(0, 2^2)`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from features.arrays import Floats, Table
from features.catalogue import Catalogue
from features.snapshot import Snapshot
from features.timeline import Seen, Touches
from models.bayes import posterior_mode
from models.design import learn_design
from models.ladder import LadderClassifier
from models.likelihood import Z90
from models.metrics import auc
from models.scale import sigmoid
from training.cohort import Cohort
from training.dataset import Dataset
from training.labels import UNWORKED

LEFT_BEHIND_SD = 2.0
"""Prior sd, in log-odds, of what being left behind tells beyond all that is recorded. Explored
leads are few and convert rarely: a narrower prior would itself keep much of the bias."""
NEAR, COMPANY = 0.05, 10
"""A propensity is supported where so many worked leads have one at most so far from it."""
FEWEST = 30
"""Leads of either kind under which sales' choice is not looked at."""


@dataclass(frozen=True)
class Choice:
    """How sales chose, by what is recorded.

    Attributes:
        worked, unworked: how many leads.
        auc: how well recorded fields tell who was worked; .5 is a choice by lot.
        propensity: mean propensity of being worked of the leads that were, and of those not.
        overlap: share of the unworked leads whose propensity worked leads share.
    """

    worked: int
    unworked: int
    auc: float
    propensity: tuple[float, float]
    overlap: float


@dataclass(frozen=True)
class LeftBehind:
    """What leads left behind and then worked by lot say of those that were not.

    Attributes:
        leads, conversions: that were worked by lot.
        delta, sd: log-odds that being left behind adds to a likelihood, and its posterior sd.
        told: mean likelihood of the unworked leads as if sales had chosen them.
        likely, low, high: the same once delta is added, and its 90 % interval.
    """

    leads: int
    conversions: int
    delta: float
    sd: float
    told: float
    likely: float
    low: float
    high: float


def how_sales_chose(dataset: Dataset) -> Choice | None:
    """The propensity of being worked, out of fold, and where it overlaps.

    None where no lead is unworked, or too few of either kind are there.
    """
    unworked = _unworked(dataset)
    if min(dataset.n, unworked.n) < FEWEST:
        return None
    tables = [_before_sales(dataset, dataset.snapshot), _before_sales(dataset, unworked.snapshot)]
    together = Table(
        dataset.n + unworked.n,
        {name: np.concatenate([t[name] for t in tables]) for name in tables[0].names},
    )
    worked = np.repeat([1.0, 0.0], [dataset.n, unworked.n])
    e = _propensity(together, worked)
    chosen, left = e[worked == 1], e[worked == 0]
    return Choice(
        worked=dataset.n,
        unworked=unworked.n,
        auc=auc(worked, e),
        propensity=(float(chosen.mean()), float(left.mean())),
        overlap=float(_supported(left, chosen).mean()),
    )


def _unworked(dataset: Dataset) -> Cohort:
    return dataset.others.take(np.flatnonzero(dataset.others.state == UNWORKED))


def _before_sales(dataset: Dataset, snapshot: Snapshot) -> Table:
    """The model's inputs without what sales itself did, which would tell who was worked."""

    def others(touches: Touches) -> Touches:
        return touches.where(touches.team != "sales")

    seen = Seen(others(snapshot.seen.own), others(snapshot.seen.colleagues))
    catalogue = Catalogue.of(dataset.fields, dataset.vocabulary)
    return catalogue.compute(replace(snapshot, seen=seen))


def _propensity(features: Table, worked: Floats) -> Floats:
    """Likelihood of being worked by ridge logistic regression, out of fold. Shape (n,)."""
    none = np.zeros((features.n, 0))
    X = learn_design(features, none).matrix(features, none)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(C=0.1, max_iter=500)
    told: Any = cross_val_predict(model, X, worked, cv=folds, method="predict_proba")
    return np.asarray(told[:, 1], dtype=np.float64)


def _supported(asked: Floats, given: Floats) -> Any:
    """Whether enough of the `given` propensities lie near each asked one. Shape (n,)."""
    given = np.sort(given)
    near = np.searchsorted(given, asked + NEAR, "right") - np.searchsorted(given, asked - NEAR)
    return near >= COMPANY


def left_behind(dataset: Dataset, ladder: LadderClassifier) -> LeftBehind | None:
    """What exploration says of the unworked leads; None without it, where nothing can be said.

    The explored leads taught the ladder nothing, so its word on them is out of sample, and one
    number more is all that they have to teach.
    """
    explored, unworked = dataset.explored, _unworked(dataset)
    if not explored.n or not unworked.n:
        return None
    f = ladder.decision_function(explored.frame())
    one, w = np.ones((explored.n, 1)), np.ones(explored.n)
    mode = posterior_mode(one, explored.y, w, f, np.array([LEFT_BEHIND_SD**2]))
    delta, sd = float(mode.b[0]), float(np.sqrt(mode.V[0, 0]))
    asked = ladder.decision_function(unworked.frame())
    told, likely, low, high = (
        float(sigmoid(asked + shift).mean())
        for shift in (0.0, delta, delta - Z90 * sd, delta + Z90 * sd)
    )
    return LeftBehind(explored.n, int(explored.y.sum()), delta, sd, told, likely, low, high)


def selection(dataset: Dataset, ladder: LadderClassifier) -> dict[str, Any] | None:
    """Both for the card, as plain values; None where no lead is unworked."""
    unworked = _unworked(dataset)
    if not unworked.n:
        return None
    chose, behind = how_sales_chose(dataset), left_behind(dataset, ladder)
    return {
        "unworked": unworked.n,
        "choice": None if chose is None else vars(chose) | {"propensity": list(chose.propensity)},
        "left_behind": None if behind is None else vars(behind),
    }
