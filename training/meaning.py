"""Same score, same meaning: the scale in words with its interval, and a table that checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats
from models.bayes import posterior_mode
from models.likelihood import Z90, FittedLadder
from models.rates import Rate, difference, rate_of
from models.recency import weights_by_age
from models.scale import sigmoid
from models.updated import FITTED_SD
from models.wording import in_hundred, span
from training.dataset import Dataset
from training.evaluate import Evaluation

BAND = 10.0
"""Points in a band of scores."""


@dataclass(frozen=True)
class Statement:
    """What one score means.

    Attributes:
        points: the score.
        likelihood, low, high: of conversion at that score, with its 90 % interval.
        says: in words.
    """

    points: float
    likelihood: float
    low: float
    high: float
    says: str


def state(
    points: float, dataset: Dataset, fitted: FittedLadder, half_life: float | None
) -> Statement:
    """What `points` mean on the fitted scale, and how surely history says so.

    The interval is rung 1's: the Laplace covariance of its intercept and slope.
    """
    scale, one = fitted.scale, fitted.fitted
    f0 = fitted.stated.log_odds(dataset.agreed.total)
    order = dataset.order
    w = np.ones(dataset.n) if order is None else weights_by_age(order, half_life)
    X = np.column_stack([np.ones_like(f0), f0 - one.mean])
    V = posterior_mode(X, dataset.y, w, f0, FITTED_SD**2).V
    x = np.array([1.0, fitted.stated.log_odds(points) - one.mean])
    f, half = scale.log_odds(points), Z90 * float(np.sqrt(x @ V @ x))
    likelihood, low, high = (float(sigmoid(np.array(v))) for v in (f, f - half, f + half))
    says = (
        f"{points:g} points: {in_hundred(likelihood)} convert within "
        f"{dataset.rulebook.horizon_days:g} days ({span(low, high)}); "
        f"{scale.points_to_double_odds:.3g} points more double the odds."
    )
    return Statement(points, likelihood, low, high, says)


@dataclass(frozen=True)
class Band:
    """Held-out leads in one band of scores.

    Attributes:
        start, end: points, `start <= shown score < end` (the last band holds 100).
        model, rulebook: what happened to leads that either puts there.
        both: what happened to leads that both put there.
        told: mean likelihood by the scale at the model's scores.
        told_rulebook: the same at the agreed scores.
    """

    start: float
    end: float
    model: Rate
    rulebook: Rate
    both: Rate
    told: float
    told_rulebook: float

    @property
    def agrees(self) -> bool | None:
        """Whether the two observed rates may be one and the same; None with too few leads.

        Many leads stand in both groups, which makes the interval of the difference, drawn as if
        they were others, rather too wide than too narrow.
        """
        if self.model.few or self.rulebook.few:
            return None
        _, low, high = difference(self.model, self.rulebook)
        return low <= 0 <= high

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        rates = {name: vars(getattr(self, name)) for name in ("model", "rulebook", "both")}
        told = {"told": self.told, "told_rulebook": self.told_rulebook}
        return {"start": self.start, "end": self.end} | rates | told | {"agrees": self.agrees}


def bands(evaluation: Evaluation) -> list[Band]:
    """The held-out leads by bands of ten points, from low to high; empty bands are left out."""
    shown, agreed = (np.clip(s, 0, 100) for s in (evaluation.score, evaluation.agreed))
    by_scale = sigmoid(evaluation.fitted.scale.log_odds(agreed))
    found = []
    for start in np.arange(0, 100, BAND):
        end = start + BAND
        by_model, by_rulebook = (_between(s, start, end) for s in (shown, agreed))
        if not (by_model.any() or by_rulebook.any()):
            continue
        found.append(
            Band(
                start=float(start),
                end=float(end),
                model=rate_of(evaluation.y[by_model]),
                rulebook=rate_of(evaluation.y[by_rulebook]),
                both=rate_of(evaluation.y[by_model & by_rulebook]),
                told=_mean(evaluation.p[by_model]),
                told_rulebook=_mean(by_scale[by_rulebook]),
            )
        )
    return found


def _between(score: Floats, start: float, end: float) -> Any:
    return (score >= start) & ((score < end) | (end >= 100))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def same_meaning(found: list[Band]) -> str:
    """What the bands say, in a sentence."""
    judged = [b for b in found if b.agrees is not None]
    if not judged:
        return "Too few held-out leads to compare the two scores band by band."
    held = [b for b in judged if b.agrees]
    many = "band" if len(judged) == 1 else "bands"
    told = (
        f"In {len(held)} of {len(judged)} {many} with enough leads, those the model puts there "
        "and those the rulebook puts there convert alike within the interval (90 %)."
    )
    off = [b for b in judged if not b.agrees]
    if off:
        names = ", ".join(f"{b.start:g} to {b.end:g}" for b in off)
        told += f" They differ at {names}."
    return told
