"""Which rungs carry a model, and why: each rung's loss on leads that were not in its fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats
from models.bayes import log_loss_of
from models.wording import signed

NAMES = {
    "agreed": "the agreed scale",
    "fitted": "the fitted scale",
    "updated": "updated points",
    "g": "corrections of the agreement",
    "x": "extra trees",
    "n": "greedy trees",
    "r": "trees that see how good levels were",
}


@dataclass(frozen=True)
class Carrying:
    """One rung's part in a model.

    Attributes:
        rung: its key.
        weight: its share of the combination, 0 to 1.
        log_loss: mean loss out of fold, in nats; lower is better.
        gain: what its loss is below the fitted scale's, and the paired standard error.
    """

    rung: str
    weight: float
    log_loss: float
    gain: tuple[float, float]

    @property
    def name(self) -> str:
        """The rung for people."""
        return NAMES.get(self.rung, self.rung)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        told = {"rung": self.rung, "name": self.name, "weight": self.weight}
        gain = {"gain": self.gain[0], "gain_standard_error": self.gain[1]}
        return told | {"log_loss": self.log_loss} | gain


def carrying(out_of_fold: Mapping[str, Floats], weights: Mapping[str, float]) -> list[Carrying]:
    """Every rung that was tried, and the combination, from the ladder's out-of-fold log-odds.

    None where nothing was predicted: too few outcomes to leave any out.

    Args:
        out_of_fold: rung -> (k,) log-odds, with `y` outcomes and `w` weights.
        weights: of the rungs in the model.
    """
    if not out_of_fold:
        return []
    y, w = out_of_fold["y"], out_of_fold["w"]
    base = log_loss_of(out_of_fold["fitted"], y)
    return [
        Carrying(
            rung=rung,
            weight=1.0 if rung == "combined" else float(weights.get(rung, 0.0)),
            log_loss=float(np.average(log_loss_of(f, y), weights=w)),
            gain=mean_and_error(base - log_loss_of(f, y), w),
        )
        for rung, f in out_of_fold.items()
        if rung not in ("y", "w")
    ]


def mean_and_error(differences: Floats, w: Floats) -> tuple[float, float]:
    """The weighted mean of n paired differences and its standard error."""
    if not len(differences) or not w.any():
        return 0.0, 0.0
    mean = float(np.average(differences, weights=w))
    error = float(np.sqrt(np.sum((w * (differences - mean)) ** 2)) / w.sum())
    return mean, error


def rungs_sentences(card: Mapping[str, Any]) -> list[str]:
    """Which rungs carry the model and why, from the card's rows."""
    found = card["rungs_why"]
    if not found:
        return [_alone(card)]
    by = {row["rung"]: row for row in found}
    rungs = [row for row in found if row["rung"] != "combined"]
    told = sorted((r for r in rungs if r["weight"]), key=lambda row: -row["weight"])
    parts = [f"{r['name']} {100 * r['weight']:.0f} % (log loss {r['log_loss']:.4f})" for r in told]
    says = [f"Carried by {', '.join(parts)}."]
    combined = by.get("combined")
    if combined is not None:
        gain, error = combined["gain"], combined["gain_standard_error"]
        if gain > 2 * error:
            clear = "clear of chance"
        else:
            clear = "not clear of chance, so the weights stay near those they start from"
        says.append(
            f"Together {combined['log_loss']:.4f} on leads outside each fit, against "
            f"{by['fitted']['log_loss']:.4f} for the agreed points on a fitted scale: a gain of "
            f"{signed(gain, 4)} \N{PLUS-MINUS SIGN} {error:.4f}, {clear}."
        )
    return says


def _alone(card: Mapping[str, Any]) -> str:
    """Why nothing above the scale was climbed."""
    known, won = card["leads"]["known"], card["conversions"]
    if "agreed" in card["rungs"]:
        return (
            "Carried by the agreed scale alone: no outcome is known yet. Scores are the agreed "
            "scores, likelihoods what the rulebook states, and intervals as wide as that may err."
        )
    return (
        f"Carried by the fitted scale alone: of {known:,} leads whose end is known {won:,} "
        "converted, too few of either kind to weigh criteria or fields. Scores are the agreed "
        "scores; outcomes moved what they mean."
    )
