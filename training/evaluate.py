"""How a recipe does on leads it has not seen: by time where there is an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.fields import Fields
from models.history import Leads
from models.ladder import LadderClassifier
from models.likelihood import FittedLadder
from models.metrics import report
from models.scale import sigmoid
from training.cohort import repeat_weights
from training.dataset import Dataset
from training.figures import rounded
from training.split import held_out

BINS = 15
"""Equal-mass bins of the reliability table."""


@dataclass(frozen=True)
class Evaluation:
    """What the held-out leads say.

    Attributes:
        split: `by time` or `by id`, how the test leads were picked.
        trained, tested: how many leads.
        leadpact: metrics of the model; see `models.metrics.report`.
        rulebook: metrics of the agreed points alone, on the scale fitted to the training leads.
        base_rate: metrics of saying the training leads' rate of everyone.
        rate_before: the training leads' own rate.
        fitted: the model that was tested.
        rows: (tested,) the test leads' places in the dataset.
        y: (tested,) outcomes.
        p: (tested,) likelihoods.
        low, high: (tested,) their 90 % intervals.
        score: (tested,) scores in points, exact.
        agreed: (tested,) agreed points, exact.
        agreed_p: (tested,) likelihoods by the agreed points alone.
    """

    split: str
    trained: int
    tested: int
    leadpact: dict[str, float]
    rulebook: dict[str, float]
    base_rate: dict[str, float]
    rate_before: float
    fitted: FittedLadder = field(repr=False)
    rows: Ints = field(repr=False)
    y: Floats = field(repr=False)
    p: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)
    score: Floats = field(repr=False)
    agreed: Floats = field(repr=False)
    agreed_p: Floats = field(repr=False)

    def reliability(self) -> list[dict[str, float]]:
        """Told against happened in equal-mass bins, from low to high."""
        parts = np.array_split(np.argsort(self.p, kind="stable"), min(BINS, len(self.p)))
        return [
            {
                "told": float(self.p[rows].mean()),
                "happened": float(self.y[rows].mean()),
                "leads": len(rows),
            }
            for rows in parts
        ]

    def as_json(self) -> dict[str, Any]:
        """Plain values for the card and for machines."""
        told = {
            "split": self.split,
            "trained": self.trained,
            "tested": self.tested,
            "leadpact": self.leadpact,
            "rulebook": self.rulebook,
            "base_rate": self.base_rate,
            "rate_before": self.rate_before,
            "reliability": self.reliability(),
        }
        return dict(rounded(told))


def new_ladder(
    dataset: Dataset, threads: int, seed: int, tuned: Mapping[str, Any] | None = None
) -> LadderClassifier:
    """An unfitted ladder on the rulebook's stated scale.

    Args:
        dataset: whose rulebook and fields it goes by.
        threads, seed: as in `training.plan.Plan`.
        tuned: settings of the boosters that replace the defaults; see `training.tune`.
    """
    scale = dataset.rulebook.scale
    return LadderClassifier(
        anchor_points=scale.anchor_points,
        anchor_likelihood=scale.anchor_likelihood,
        points_to_double_odds=scale.points_to_double_odds,
        threads=threads,
        random_state=seed,
        monotone=monotone_of(dataset.fields),
        tuned=tuned,
    )


def monotone_of(fields: Fields) -> dict[str, int]:
    """The numbers that what is learned may only rise (1) or only fall (-1) with."""
    return {
        field.name: 1 if field.monotone == "increasing" else -1
        for field in fields.inputs
        if field.monotone
    }


def fit_rows(dataset: Dataset, ladder: LadderClassifier, rows: Ints) -> LadderClassifier:
    """The ladder fitted on some of the leads, in their order and by their accounts."""
    order = None if dataset.order is None else dataset.order[rows]
    groups = None if dataset.groups is None else dataset.groups[rows]
    X = dataset.frame().iloc[rows]
    w = repeat_weights(dataset.person[rows])
    return ladder.fit(X, dataset.y[rows], w, order=order, groups=groups)


def evaluate(
    dataset: Dataset, threads: int, seed: int, tuned: Mapping[str, Any] | None = None
) -> Evaluation | None:
    """Train on the older leads, test on the newer. None when either part has one outcome only."""
    test = held_out(dataset.lead, dataset.order)
    past, next_ = np.flatnonzero(~test), np.flatnonzero(test)
    y = dataset.y[next_]
    if any(len(part) == 0 or np.ptp(dataset.y[part]) == 0 for part in (past, next_)):
        return None
    if min(dataset.y[past].sum(), (1 - dataset.y[past]).sum()) < 2:
        return None
    fitted = fit_rows(dataset, new_ladder(dataset, threads, seed, tuned), past).fitted_
    leads = leads_of(dataset, fitted).take(next_)
    f = fitted.log_odds(leads)
    half = fitted.half_width(leads, f)
    p, agreed_p = sigmoid(f), sigmoid(fitted.fitted.log_odds(leads.f0))
    rate_before = float(dataset.y[past].mean())
    return Evaluation(
        split="by id" if dataset.order is None else "by time",
        trained=len(past),
        tested=len(next_),
        leadpact=report(y, p),
        rulebook=report(y, agreed_p),
        base_rate=report(y, np.full(len(y), rate_before)),
        rate_before=rate_before,
        fitted=fitted,
        rows=next_,
        y=y,
        p=p,
        low=sigmoid(f - half),
        high=sigmoid(f + half),
        score=fitted.scale.points(f),
        agreed=dataset.agreed.total[next_],
        agreed_p=agreed_p,
    )


def leads_of(dataset: Dataset, fitted: FittedLadder) -> Leads:
    """The dataset's leads as a fitted ladder sees them."""
    agreed = dataset.agreed
    return Leads(fitted.stated.log_odds(agreed.total), dataset.features, agreed.share)
