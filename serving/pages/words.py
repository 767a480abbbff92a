"""How pages write instants and numbers; likelihoods and points are worded by `models.wording`."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from serving.storage.base import from_number


def when(instant: np.datetime64 | int | str) -> str:
    """An instant in UTC as "24 Nov 2026, 11:58".

    Args:
        instant: an instant, stored microseconds since 1970, or ISO 8601 text in UTC.
    """
    if isinstance(instant, int):
        instant = from_number(instant)
    text = str(instant).removesuffix("Z")[:16]
    told = datetime.fromisoformat(text)
    return f"{told.day} {told:%b %Y, %H:%M}"


def day(instant: np.datetime64 | int | str) -> str:
    """The day of an instant in UTC as "24 Nov 2026"."""
    return when(instant).partition(",")[0]


def thousands(number: float) -> str:
    """A whole number as "4,812"."""
    return f"{round(number):,}"
