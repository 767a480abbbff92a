"""What more history would buy: the same test leads, taught by parts of the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.bayes import log_loss_of
from models.metrics import auc, log_loss
from models.scale import sigmoid
from training.dataset import Dataset
from training.evaluate import Evaluation, fit_rows, leads_of, new_ladder
from training.rungs import mean_and_error

LONG = 4000
"""Leads taught above which only a quarter is tried: the curve must cost less than the model."""
_FEWEST = 10
"""Conversions, and non-conversions, that a part must hold to be tried."""


@dataclass(frozen=True)
class Point:
    """One part of the history.

    Attributes:
        leads, conversions: that taught.
        log_loss, auc: on the held-out leads.
        behind: by how much the loss is above that of all the history, and its standard error.
    """

    leads: int
    conversions: int
    log_loss: float
    auc: float
    behind: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        told = {k: v for k, v in vars(self).items() if k != "behind"}
        return told | {"behind": self.behind[0], "behind_standard_error": self.behind[1]}


def learning_curve(
    dataset: Dataset,
    evaluation: Evaluation,
    threads: int,
    seed: int,
    tuned: Mapping[str, Any] | None = None,
) -> list[Point]:
    """From little history to all of it. Parts are spread evenly over time, so only size differs."""
    past = np.setdiff1d(np.arange(dataset.n), evaluation.rows)
    full = log_loss_of(np.log(evaluation.p) - np.log1p(-evaluation.p), evaluation.y)
    points = []
    for every in (4, 2) if len(past) <= LONG else (4,):
        part = past[::every]
        won = int(dataset.y[part].sum())
        if min(won, len(part) - won) < _FEWEST:
            continue
        fitted = fit_rows(dataset, new_ladder(dataset, threads, seed, tuned), part).fitted_
        f = fitted.log_odds(leads_of(dataset, fitted).take(evaluation.rows))
        behind = mean_and_error(log_loss_of(f, evaluation.y) - full, np.ones(len(f)))
        p = sigmoid(f)
        points.append(
            Point(len(part), won, log_loss(evaluation.y, p), auc(evaluation.y, p), behind)
        )
    told, won = evaluation.leadpact, int(dataset.y[past].sum())
    points.append(Point(len(past), won, told["log_loss"], told["auc"], (0.0, 0.0)))
    return points


def curve_sentence(points: list[dict[str, Any]]) -> str:
    """What the curve says, and what twice the history may buy.

    With loss `L(n) = L + c / n` near the end, doubling buys what the last doubling bought, halved.
    """
    if len(points) < 2:
        return "Too little history to say what more of it would buy."
    parts = [f"{p['log_loss']:.4f} from {p['leads']:,} leads" for p in points]
    last, full = points[-2], points[-1]
    told = f"Log loss on the same held-out leads: {', '.join(parts)}."
    if last["behind"] <= 2 * last["behind_standard_error"]:
        return (
            f"{told} The last step shows no gain clear of chance: more leads of the same kind "
            "would buy little that could be measured."
        )
    ratio = full["leads"] / last["leads"]
    bought = last["behind"] / (ratio - 1) / 2
    return f"{told} At this pace twice the history would buy about {bought:.4f} more."
