"""How a recipe does on leads it has not seen: by time where there is an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from models.ladder import LadderClassifier
from models.metrics import report
from models.scale import sigmoid
from training.dataset import Dataset
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
        y: (tested,) outcomes.
        p: (tested,) likelihoods.
    """

    split: str
    trained: int
    tested: int
    leadpact: dict[str, float]
    rulebook: dict[str, float]
    base_rate: dict[str, float]
    y: Floats
    p: Floats

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
        return {
            "split": self.split,
            "trained": self.trained,
            "tested": self.tested,
            "leadpact": self.leadpact,
            "rulebook": self.rulebook,
            "base_rate": self.base_rate,
            "reliability": self.reliability(),
        }


def new_ladder(dataset: Dataset, threads: int, seed: int) -> LadderClassifier:
    """An unfitted ladder on the rulebook's stated scale."""
    scale = dataset.rulebook.scale
    return LadderClassifier(
        anchor_points=scale.anchor_points,
        anchor_likelihood=scale.anchor_likelihood,
        points_to_double_odds=scale.points_to_double_odds,
        threads=threads,
        random_state=seed,
    )


def fit_rows(dataset: Dataset, ladder: LadderClassifier, rows: Ints) -> LadderClassifier:
    """The ladder fitted on some of the leads, in their order and by their accounts."""
    order = None if dataset.order is None else dataset.order[rows]
    groups = None if dataset.groups is None else dataset.groups[rows]
    X = dataset.frame().iloc[rows]
    return ladder.fit(X, dataset.y[rows], order=order, groups=groups)


def evaluate(dataset: Dataset, threads: int, seed: int) -> Evaluation | None:
    """Train on the older leads, test on the newer. None when either part has one outcome only."""
    test = held_out(dataset.lead, dataset.order)
    past, next_ = np.flatnonzero(~test), np.flatnonzero(test)
    y = dataset.y[next_]
    if any(len(part) == 0 or np.ptp(dataset.y[part]) == 0 for part in (past, next_)):
        return None
    if min(dataset.y[past].sum(), (1 - dataset.y[past]).sum()) < 2:
        return None
    ladder = fit_rows(dataset, new_ladder(dataset, threads, seed), past)
    p = ladder.predict_proba(dataset.frame().iloc[next_])[:, 1]
    scale = ladder.fitted_.stated
    agreed = sigmoid(ladder.fitted_.fitted.log_odds(scale.log_odds(dataset.agreed.total[next_])))
    rate = np.full(len(y), dataset.y[past].mean())
    return Evaluation(
        split="by id" if dataset.order is None else "by time",
        trained=len(past),
        tested=len(next_),
        leadpact=report(y, p),
        rulebook=report(y, agreed),
        base_rate=report(y, rate),
        y=y,
        p=p,
    )
