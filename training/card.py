"""The figures that travel with a model: what it was taught by, and how it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from features.arrays import Floats
from models.evidence.criteria import Evidence
from models.ladder import LadderClassifier
from models.likelihood import FittedLadder
from models.metrics import ece
from models.reliability import by_chance, diagram
from training.censoring import Teaching
from training.cohort import repeat_weights
from training.curve import Point
from training.dataset import Dataset
from training.drift import drifts
from training.evaluate import Evaluation
from training.figures import rounded
from training.findings import findings
from training.meaning import bands, same_meaning, state
from training.retention import retention
from training.rungs import carrying
from training.segments import Segment, segments
from training.selection import selection
from training.worth import worth

ENOUGH_TO_DRAW = 200
"""Held-out leads under which a reliability diagram would show noise."""


def make_card(
    dataset: Dataset,
    evaluation: Evaluation | None,
    ladder: LadderClassifier,
    scores: Floats,
    accepted: Mapping[str, str],
    curve: list[Point],
    evidence: Evidence | None,
    taught: Teaching,
) -> dict[str, Any]:
    """Plain JSON, the same for the same history: no clock, no host.

    Args:
        dataset: the history.
        evaluation: on unseen leads, or None.
        ladder: the fitted model.
        scores: (n,) exact scores of the history's leads.
        accepted: suspicious inputs that a person answers for, each with its suspicion.
        curve: the learning curve, from little history to all; empty when not asked for.
        evidence: about the rulebook's criteria, or None.
        taught: the leads that taught the ladder, open ones among them.
    """
    fitted = ladder.fitted_
    shown = np.clip(scores, 0, 100)
    drift = drifts(dataset, evaluation)
    groups = [] if evaluation is None else segments(dataset, evaluation)
    told = findings(
        slope=1.0 + fitted.fitted.b,
        informative=fitted.informative,
        evaluation=None if evaluation is None else evaluation.as_json(),
        told=None if evaluation is None else float(evaluation.p.mean()),
        drift=drift,
        groups=groups,
        accepted=accepted,
        mixed=ladder.mixed_,
    )
    card = history_of(dataset, taught) | {
        "left_out": {f.name: f.reason for f in dataset.fields.fields if f.role == "ignored"},
        "accepted_leaks": dict(accepted),
        "findings": [vars(f) for f in told],
        "rungs": dict(fitted.weights),
        "rungs_why": [c.as_json() for c in carrying(ladder.out_of_fold_, fitted.weights)],
        "selection": selection(dataset, ladder),
        "worth": worth(dataset),
        "retention": retention(dataset),
        "learning_curve": [p.as_json() for p in curve],
        "evidence": [] if evidence is None else evidence_as_json(evidence),
        "seed": ladder.random_state,
        "rulebook_informative": fitted.informative,
        "scale": scale_of(dataset, fitted, ladder.half_life_),
        "half_life": ladder.half_life_,
        "clocks": dict(ladder.penalties_),
        "scores": _quantiles(shown),
        "evaluation": None if evaluation is None else _tested(evaluation, groups),
        "drift": [d.as_json() for d in drift],
    }
    return dict(rounded(card))


def _quantiles(shown: Floats) -> dict[str, float]:
    """How scores spread; nothing without leads."""
    told = (5, 25, 50, 75, 95) if len(shown) else ()
    return {f"p{q}": float(np.quantile(shown, q / 100)) for q in told}


def history_of(dataset: Dataset, taught: Teaching) -> dict[str, Any]:
    """The company, its history and what became of its leads."""
    first, until = dataset.snapshot.as_of, dataset.history_until
    known = first[~np.isnat(first)]
    return {
        "company": dataset.fields.company,
        "simulated": dataset.fields.simulated,
        "history_from": str(known.min()) if len(known) else "",
        "history_until": "" if np.isnat(until) else str(until),
        "data_sha256": dataset.fingerprint(),
        "horizon_days": dataset.rulebook.horizon_days,
        "rulebook": dataset.rulebook.edition,
        "hand_over_from": dataset.rulebook.hand_over_from,
        "inputs": [f.title for f in dataset.fields.inputs],
        "leads": {
            "in_file": dataset.rows,
            "rejected_cells": len(dataset.rejected),
            **dataset.states,
        },
        "conversions": int(dataset.y.sum()),
        "repeated": int((repeat_weights(dataset.person) < 1).sum()),
        "monotone": {f.title: f.monotone for f in dataset.fields.inputs if f.monotone},
        "open_taught": taught.young,
        "open_why_not": taught.why_not,
    }


def scale_of(dataset: Dataset, fitted: FittedLadder, half_life: float | None) -> dict[str, Any]:
    """What points mean, as history says and as was agreed; see `training.meaning.state`."""
    days = dataset.rulebook.horizon_days
    points = (dataset.rulebook.scale.anchor_points, dataset.rulebook.hand_over_from)
    told = [state(p, dataset, fitted, half_life) for p in dict.fromkeys(points)]
    return {
        "says": told[-1].says,
        "stated": fitted.stated.says(days),
        "slope": 1.0 + fitted.fitted.b,
        "statements": [vars(t) for t in told],
    }


def evidence_as_json(evidence: Evidence) -> list[dict[str, Any]]:
    """What history says of each criterion, plain values."""
    names = ("id", "says", "owner", "agreed", "points", "low", "high", "verdict", "reason")
    return [
        {name: getattr(found, name) for name in names}
        | {
            "leads": found.behind.leads,
            "conversions": found.behind.conversions,
            "removal": asdict(found.removal),
            "overlap": None if found.overlap is None else asdict(found.overlap),
        }
        for found in evidence.criteria
    ]


def _tested(evaluation: Evaluation, groups: list[Segment]) -> dict[str, Any]:
    told = bands(evaluation)
    y, p = evaluation.y, evaluation.p
    drawn = len(y) >= ENOUGH_TO_DRAW
    return evaluation.as_json() | {
        "corp": diagram(y, p).as_json() if drawn else None,
        "corp_rulebook": diagram(y, evaluation.agreed_p).as_json() if drawn else None,
        "ece_by_chance": dict(zip(("mean", "p95"), by_chance(p, ece, 0), strict=True)),
        "told_histogram": np.histogram(p, bins=20, range=(0, 1))[0].tolist(),
        "gain": _gain(y, p),
        "gain_rulebook": _gain(y, evaluation.agreed_p),
        "segments": [g.as_json() for g in groups],
        "bands": [b.as_json() for b in told],
        "same_meaning": same_meaning(told),
    }


def _gain(y: Floats, p: Floats) -> list[float]:
    """Share of conversions caught by the best 0, 5, 10 ... 100 % of leads; ties in part."""
    told, where, n = np.unique(-p, return_inverse=True, return_counts=True)
    won = np.bincount(where, y, minlength=len(told))
    worked = np.concatenate([[0.0], np.cumsum(n) / len(y)])
    caught = np.concatenate([[0.0], np.cumsum(won) / y.sum()])
    return [float(v) for v in np.interp(np.linspace(0, 1, 21), worked, caught)]
