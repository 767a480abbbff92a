"""Who is predicted from whom: stratified, grouped, or chained in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints

FOLDS, BLOCKS = 5, 6
FEW = 500
"""Under so many leads, shuffled folds are drawn twice."""


@dataclass(frozen=True)
class Fold:
    """Leads that teach and leads that are predicted; `block` counts folds in time order."""

    train: Ints
    test: Ints
    block: int


def folds_of(y: Floats, order: Floats | None, groups: Ints | None, seed: int) -> list[Fold]:
    """Chained in time where there is an order, unless all outcomes of one kind came last."""
    in_time = [] if order is None else list(chained(y, order))
    return in_time or shuffled(y, groups, seed)


def shuffled(y: Floats, groups: Ints | None, seed: int) -> list[Fold]:
    """Stratified folds; with groups (accounts), no group on both sides. Twice for few leads.

    Where accounts kept whole leave one outcome unpredicted, as where one account holds all
    conversions, folds are of leads, and `apart` says that they are.
    """
    found = list(_shuffled(y, groups, seed))
    if groups is not None and len({float(y[row]) for fold in found for row in fold.test}) < 2:
        return list(_shuffled(y, None, seed))
    return found


def apart(folds: Iterable[Fold], groups: Ints | None) -> bool:
    """Whether no group (n,) stands on both sides of a fold."""
    if groups is None:
        return True
    return not any(np.isin(groups[fold.test], groups[fold.train]).any() for fold in folds)


def _shuffled(y: Floats, groups: Ints | None, seed: int) -> Iterator[Fold]:
    rng = np.random.default_rng(seed)
    for _ in range(2 if len(y) < FEW else 1):
        of = _strata(y, rng) if groups is None else _grouped(y, groups, rng)
        for k in range(FOLDS):
            train, test = np.flatnonzero(of != k), np.flatnonzero(of == k)
            if len(test) and len(np.unique(y[train])) == 2:
                yield Fold(train, test, k + 1)


def _strata(y: Floats, rng: np.random.Generator) -> Ints:
    of = np.empty(len(y), dtype=np.int64)
    for value in (0.0, 1.0):
        rows = rng.permutation(np.flatnonzero(y == value))
        of[rows] = np.arange(len(rows)) % FOLDS
    return of


def _grouped(y: Floats, groups: Ints, rng: np.random.Generator) -> Ints:
    # Accounts with conversions are dealt out first and evenly: strata of whole accounts.
    names, code = np.unique(groups, return_inverse=True)
    won = np.bincount(code, y, minlength=len(names)) > 0
    return np.asarray(_strata(won.astype(np.float64), rng)[code])


def chained(y: Floats, order: Floats) -> Iterator[Fold]:
    """Blocks in time order, each predicted from all before it. `order` of shape (n,) grows.

    An account may stand on both sides: when its later lead comes, what became of the earlier one
    is known in practice too, so it may be learned from.
    """
    rows = np.argsort(order, kind="stable")
    blocks = np.array_split(rows, BLOCKS)
    for k in range(1, BLOCKS):
        train = np.concatenate(blocks[:k])
        if len(np.unique(y[train])) == 2 and len(blocks[k]):
            yield Fold(train, blocks[k], k)
