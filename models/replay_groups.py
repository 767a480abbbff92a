"""A replay by channel and segment: who gains what. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import Flags, Texts
from models.replay import Past


@dataclass(frozen=True)
class GroupRow:
    """One channel or segment under both editions.

    Attributes:
        by, value: which group.
        leads: all of it; conversions: known ones.
        handed_before, handed_after: leads handed over.
        known_before, known_after: those of them whose end is known.
        caught_before, caught_after: conversions among them.
        amount: won by the group's known conversions; amount_before, amount_after: by those of them
            that are handed over, the rest is missed. None where no lead of the history has one.
    """

    by: str
    value: str
    leads: int
    conversions: int
    handed_before: int
    handed_after: int
    known_before: int
    known_after: int
    caught_before: int
    caught_after: int
    amount: float | None
    amount_before: float | None
    amount_after: float | None


def by_group(by: str, values: Texts, before: Flags, after: Flags, past: Past) -> list[GroupRow]:
    """What both editions hand over in each group, the largest group first.

    Args:
        by: what leads are grouped by, for people.
        values: (n,) each lead's group.
        before, after: (n,) whether it is handed over.
        past: the matured leads.
    """
    told = values.tolist()
    names = sorted(set(told))
    places = {name: k for k, name in enumerate(names)}
    place = np.array([places[value] for value in told], dtype=np.int64)

    def count(rows: Flags) -> list[int]:
        return [int(c) for c in np.bincount(place[rows], minlength=len(names))]

    priced = past.priced

    def amounts(rows: Flags) -> list[float] | list[None]:
        if not priced.any():
            return [None] * len(names)
        told = priced & rows
        sums = np.bincount(place[told], past.amount[told], minlength=len(names))
        return [float(x) for x in sums]

    columns = (
        count(np.ones(len(past), dtype=bool)),
        count(past.won),
        count(before),
        count(after),
        count(before & past.known),
        count(after & past.known),
        count(before & past.won),
        count(after & past.won),
        amounts(past.won),
        amounts(before),
        amounts(after),
    )
    rows = [GroupRow(by, name, *numbers) for name, *numbers in zip(names, *columns, strict=True)]
    return sorted(rows, key=lambda row: (-row.leads, row.value))
