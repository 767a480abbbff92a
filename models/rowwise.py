"""Products in which each row comes out the same in every bit, whoever its neighbours are.

BLAS sums in an order that depends on how many rows there are. A lead scored in a batch would then
differ in its last bits from the same lead scored alone, and no stored score could be made again
from a batch. These sum every row in an order of its own width alone.
"""

from __future__ import annotations

import numpy as np

from features.arrays import Floats

_ROWS = 4096
"""Rows at a time: what is worked on stays in the processor's cache."""


def times(X: Floats, b: Floats) -> Floats:
    """`X b` for X of shape (n, k) and b of shape (k,)."""
    return row_sums(X * b)


def row_sums(X: Floats) -> Floats:
    """The sum of each row, shape (n,)."""
    # Adding along the memory's own order is pairwise by row; along another it would be by column.
    return np.asarray(np.ascontiguousarray(X).sum(axis=1))


def quadratic(X: Floats, V: Floats) -> Floats:
    """`x' V x` of each row x, shape (n,)."""
    parts = [_quadratic(X[at : at + _ROWS], V) for at in range(0, len(X), _ROWS)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _quadratic(X: Floats, V: Floats) -> Floats:
    product = np.zeros(X.shape)
    for j, row in enumerate(V):
        product += X[:, j, None] * row
    return row_sums(product * X)
