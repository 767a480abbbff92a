"""Which leads are the test, everywhere: the newest where there is an order, else by a hash."""

from __future__ import annotations

import hashlib

import numpy as np

from features.arrays import Flags, Floats, Texts

SHARE = 0.3


def held_out(ids: Texts, order: Floats | None, share: float = SHARE) -> Flags:
    """Whether each of n leads is held out for testing. Shape (n,).

    With an order, the newest `share`; leads of one instant are never split. Without one, the leads
    whose sha256 falls in the lowest share, whatever the order of rows.

    Args:
        ids: (n,) lead ids.
        order: (n,) grows with time, or None.
        share: of the leads, above 0 and below 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; a test part needs one above 0 and below 1")
    if order is None:
        return np.array([_hash(str(lead)) < share for lead in ids], dtype=bool)
    if len(order) == 0:
        return np.zeros(0, dtype=bool)
    cut = np.sort(order)[int(len(order) * (1 - share))]
    return np.asarray(order >= cut)


def _hash(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
