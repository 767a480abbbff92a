"""Who is handed over: the score as shown, held against the threshold as signed. numpy only."""

from __future__ import annotations

import numpy as np

from features.arrays import Flags, Floats


def as_shown(points: Floats) -> Floats:
    """Points as people see them: cut to 0..100, whole, half a point up. Shape as given."""
    # What floating point adds to half a point decides nothing.
    return np.asarray(np.floor(np.round(np.clip(points, 0.0, 100.0), 9) + 0.5))


def handed_over(points: Floats, threshold: float, barred: Flags | None = None) -> Flags:
    """Whether each lead's shown score reaches the threshold. Shape as given.

    Args:
        points: exact scores.
        threshold: least shown score that is handed over.
        barred: leads that a disqualifier keeps back, whatever their score; None for none.
    """
    over = np.asarray(as_shown(points) >= threshold)
    return over if barred is None else over & ~barred
