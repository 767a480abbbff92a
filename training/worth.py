"""Expected value: what won leads brought, learned, and tested on the newest of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Ints, Table
from features.catalogue import Catalogue
from models.value import AmountModel, learn_amounts
from training.card_parts import Section
from training.dataset import Dataset
from training.split import held_out


@dataclass(frozen=True)
class Tested:
    """How amounts came out of won leads that taught nothing.

    Attributes:
        taught, tested: won leads.
        held: share of the tested whose amount lay in its 90 % interval.
        told, brought: mean amount told, and mean amount they brought.
        error, plain: mean absolute error of the log amount, and that of telling all the same.
    """

    taught: int
    tested: int
    held: float
    told: float
    brought: float
    error: float
    plain: float


def learn_worth(dataset: Dataset) -> AmountModel | None:
    """The amount model of a history; None where the rulebook states no value, or too few tell."""
    if dataset.rulebook.value is None:
        return None
    rows = _won(dataset)
    return learn_amounts(facts(dataset, rows), dataset.amount[rows])


def try_worth(dataset: Dataset) -> Tested | None:
    """Learn from the older won leads, look at the newer; None where either are too few."""
    rows = _won(dataset)
    if not len(rows):
        return None
    order = None if dataset.order is None else dataset.order[rows]
    test = held_out(dataset.lead[rows], order)
    past, next_ = rows[~test], rows[test]
    model = learn_amounts(facts(dataset, past), dataset.amount[past])
    if model is None or not len(next_):
        return None
    told, amount = model.amounts(facts(dataset, next_)), dataset.amount[next_]
    z, middle = np.log(amount), np.log(told.low * told.high) / 2
    return Tested(
        taught=len(past),
        tested=len(next_),
        held=float(np.mean((told.low <= amount) & (amount <= told.high))),
        told=float(told.mean.mean()),
        brought=float(amount.mean()),
        error=float(np.abs(z - middle).mean()),
        plain=float(np.abs(z - np.log(dataset.amount[past]).mean()).mean()),
    )


def worth(dataset: Dataset) -> dict[str, Any]:
    """For the card, as plain values."""
    stated, model = dataset.rulebook.value, learn_worth(dataset)
    tested = try_worth(dataset) if model is not None else None
    return {
        "amounts": len(_won(dataset)),
        "currency": None if stated is None else stated.currency,
        "taught": 0 if model is None else model.taught,
        "tested": None if tested is None else vars(tested),
    }


def worth_section(told: Mapping[str, Any]) -> Section:
    """The section of the card; empty where outcomes carry no amounts."""
    title, currency = "What a lead is worth", told["currency"]
    if not told["amounts"]:
        return Section(title)
    if currency is None:
        return Section(title, (
            f"{told['amounts']:,} won leads carry an amount, and the rulebook states no value: "
            "none is told. Add `value: {currency: ...}` to it, so that both teams sign the rate.",
        ))  # fmt: skip
    if not told["taught"]:
        return Section(title, (f"Only {told['amounts']:,} won leads carry an amount: too few.",))
    says = [
        f"A lead is worth its likelihood times the amount it brings if won, in {currency}: the "
        f"rate that the rulebook states, learned from {told['taught']:,} won leads. It stands "
        "beside the score and is in none of its points."
    ]
    tested = told["tested"]
    if tested is not None:
        says.append(
            f"Of the {tested['tested']:,} newest won leads {100 * tested['held']:.0f} % brought an "
            f"amount within its 90 % interval; on average {tested['told']:,.0f} were told and "
            f"{tested['brought']:,.0f} brought."
        )
    return Section(title, tuple(says))


def _won(dataset: Dataset) -> Ints:
    with np.errstate(invalid="ignore"):
        return np.flatnonzero(dataset.amount > 0)


def facts(dataset: Dataset, rows: Ints) -> Table:
    """What fields tell of the leads at `rows`: amounts and loyalty hang on who they are, and the
    few won leads there are would not teach what dozens of counts of activities mean for them."""
    catalogue = Catalogue.of(dataset.fields, dataset.vocabulary)
    names = [f.name for f in catalogue.features if f.line.startswith("field:")]
    return dataset.features.only(names).take(rows)
