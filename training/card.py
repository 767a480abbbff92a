"""The figures that travel with a model: what it was taught by, and how it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.arrays import Floats
from models.ladder import LadderClassifier
from training.dataset import Dataset
from training.evaluate import Evaluation


def make_card(
    dataset: Dataset,
    evaluation: Evaluation | None,
    ladder: LadderClassifier,
    scores: Floats,
    accepted: Mapping[str, str],
) -> dict[str, Any]:
    """Plain JSON, the same for the same history: no clock, no host.

    Args:
        dataset: the history.
        evaluation: on unseen leads, or None.
        ladder: the fitted model.
        scores: (n,) exact scores of the history's leads.
        accepted: suspicious inputs that a person answers for, each with its suspicion.
    """
    fitted = ladder.fitted_
    until = dataset.history_until
    shown = np.clip(scores, 0, 100)
    return {
        "company": dataset.fields.company,
        "simulated": dataset.fields.simulated,
        "history_until": "" if np.isnat(until) else str(until),
        "data_sha256": dataset.fingerprint(),
        "leads": {
            "in_file": dataset.rows,
            "rejected_cells": len(dataset.rejected),
            **dataset.states,
        },
        "conversions": int(dataset.y.sum()),
        "left_out": {f.name: f.reason for f in dataset.fields.fields if f.role == "ignored"},
        "accepted_leaks": dict(accepted),
        "rungs": dict(fitted.weights),
        "rulebook_informative": fitted.informative,
        "scale": {
            "says": fitted.scale.says(dataset.rulebook.horizon_days),
            "stated": fitted.stated.says(dataset.rulebook.horizon_days),
        },
        "half_life": ladder.half_life_,
        "clocks": {name: round(v, 6) for name, v in ladder.penalties_.items()},
        "scores": {
            f"p{q}": round(float(np.quantile(shown, q / 100)), 3) for q in (5, 25, 50, 75, 95)
        },
        "evaluation": None if evaluation is None else evaluation.as_json(),
    }
