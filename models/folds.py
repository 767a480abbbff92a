"""Who is predicted from whom: stratified, grouped, or chained in time."""

from __future__ import annotations

from collections.abc import Iterator
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


def shuffled(y: Floats, groups: Ints | None, seed: int) -> Iterator[Fold]:
    """Stratified folds; with groups (accounts), no group on both sides. Twice for few leads."""
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
    """Blocks in time order, each predicted from all before it. `order` of shape (n,) grows."""
    rows = np.argsort(order, kind="stable")
    blocks = np.array_split(rows, BLOCKS)
    for k in range(1, BLOCKS):
        train = np.concatenate(blocks[:k])
        if len(np.unique(y[train])) == 2 and len(blocks[k]):
            yield Fold(train, blocks[k], k)
