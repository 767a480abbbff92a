"""The one rule by which leads are held out: the newest where time is known, else by their ids."""

from __future__ import annotations

import hashlib

import numpy as np

from features.arrays import Flags, Floats, Texts

SHARE = 0.3
"""Part of a history that is held out unless another is asked for."""


def held_out(ids: Texts, order: Floats | None, share: float = SHARE) -> Flags:
    """The leads that are kept for testing and never learned from. Shape (n,).

    With an order, the newest `share`. Leads of equal order stay on one side, so the part may
    come out a little larger or smaller; a lead without one counts as old. Where the order tells
    nothing apart, and without one, the leads whose sha256 falls in the lowest `share`: the same
    leads whatever the order of the rows.

    Args:
        ids: (n,) the leads' ids.
        order: (n,) grows with time, in any unit; or None.
        share: of the leads to hold out, above 0 and below 1.

    Raises:
        ValueError: when `share` is outside its bounds.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1, both excluded.")
    newest = None if order is None else _newest(order, share)
    if newest is not None:
        return newest
    return np.fromiter((_drawn(str(lead)) < share for lead in ids), dtype=bool, count=len(ids))


def _newest(order: Floats, share: float) -> Flags | None:
    """The newest part, cut where the order changes; None where it never does."""
    known = np.where(np.isnan(order), -np.inf, order)
    n = len(known)
    if n == 0:
        return None
    cut = np.sort(known)[min(n - 1, n - round(share * n))]
    parts = [part for part in (known >= cut, known > cut) if 0 < part.sum() < n]
    return min(parts, key=lambda part: abs(part.mean() - share)) if parts else None


def _drawn(lead: str) -> float:
    """A number in [0, 1) that only the id decides."""
    return int.from_bytes(hashlib.sha256(lead.encode()).digest()[:8], "big") / 2.0**64
