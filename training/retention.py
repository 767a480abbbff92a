"""Whether customers stay: learned from wins a year old, tested on the newest of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats, Ints, Table
from models.history import History
from models.metrics import log_loss
from models.retention import RetentionModel, customers
from models.scale import logit
from models.updated import update_points
from training.card_parts import Section
from training.dataset import Dataset
from training.split import held_out
from training.worth import facts

FEWEST, FEWEST_RARER = 30, 5
"""Customers whose year is over, and of them the rarer of stayed and left, to tell anything."""


@dataclass(frozen=True)
class Tested:
    """How customers who taught nothing stayed.

    Attributes:
        taught, tested: customers.
        told, stayed: mean likelihood told, and share that stayed.
        log_loss, plain: in nats, and that of telling all the same.
    """

    taught: int
    tested: int
    told: float
    stayed: float
    log_loss: float
    plain: float


def learn_retention(dataset: Dataset) -> RetentionModel | None:
    """The retention model of a history; None where the rulebook asks for none, or too few tell."""
    if not _asked(dataset):
        return None
    rows = _told(dataset)
    return learned(facts(dataset, rows), dataset.stayed[rows])


def try_retention(dataset: Dataset) -> Tested | None:
    """Learn from the older customers, look at the newer; None where either are too few."""
    rows = _told(dataset)
    if not len(rows):
        return None
    test = held_out(dataset.lead[rows], None if dataset.order is None else dataset.order[rows])
    past, next_ = rows[~test], rows[test]
    model = learned(facts(dataset, past), dataset.stayed[past])
    if model is None or not len(next_):
        return None
    told, y = model.stays(facts(dataset, next_)).likelihood, dataset.stayed[next_]
    return Tested(
        taught=len(past),
        tested=len(next_),
        told=float(told.mean()),
        stayed=float(y.mean()),
        log_loss=log_loss(y, told),
        plain=log_loss(y, np.full(len(y), dataset.stayed[past].mean())),
    )


def retention(dataset: Dataset) -> dict[str, Any]:
    """For the card, as plain values."""
    rows, model = _told(dataset), learn_retention(dataset)
    tested = try_retention(dataset) if model is not None else None
    return {
        "asked": _asked(dataset),
        "customers": len(rows),
        "left": int(np.sum(dataset.stayed[rows] == 0)),
        "taught": 0 if model is None else model.taught,
        "tested": None if tested is None else vars(tested),
    }


def retention_section(told: Mapping[str, Any] | None) -> Section:
    """The section of the card; empty for cards of before it was told."""
    return Section("Who stays a year", () if told is None else tuple(_says(told)))


def _says(told: Mapping[str, Any]) -> list[str]:
    if not told["customers"]:
        return [
            "Retention after a year is not told: no customer was won a year before the export, or "
            "no outcome speaks of one who left (stage `left`)."
        ]
    known = (
        f"{told['customers']:,} customers were won a year or more before the export; "
        f"{told['left']:,} left within it."
    )
    if not told["asked"]:
        return [
            f"{known} Who stays is not told: the rulebook does not ask for it. Add `retention: "
            "one_year` to its `value`, so that both teams sign it."
        ]
    if not told["taught"]:
        return [f"{known} Too few to tell who stays."]
    says = [f"{known} They teach who stays; it is in no point of the score."]
    tested = told["tested"]
    if tested is not None:
        says.append(
            f"Of the {tested['tested']:,} newest {100 * tested['stayed']:.0f} % stayed, "
            f"{100 * tested['told']:.0f} % were told to; log loss {tested['log_loss']:.4f}, and "
            f"{tested['plain']:.4f} for telling all the same."
        )
    return says


def _asked(dataset: Dataset) -> bool:
    value = dataset.rulebook.value
    return value is not None and value.retention == "one_year"


def _told(dataset: Dataset) -> Ints:
    return np.flatnonzero(~np.isnan(dataset.stayed))


def learned(features: Table, stayed: Floats) -> RetentionModel | None:
    """The retention model of n customers, or None where too few, or too few of a kind.

    Args:
        features: what was known of each when it was a lead.
        stayed: (n,) 1 a customer a year after the win, 0 not.
    """
    rarer = min(stayed.sum(), len(stayed) - stayed.sum())
    if len(stayed) < FEWEST or rarer < FEWEST_RARER:
        return None
    base = logit(float(stayed.mean()))
    history = History(customers(features, base), stayed, np.ones(len(stayed)))
    rung = update_points(history, {}).rung
    return RetentionModel(tuple(features.names), base, rung, len(stayed))
