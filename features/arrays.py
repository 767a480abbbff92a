"""Names for the arrays that travel through the house, and the table they travel in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
"""Strings, with None where there is none."""
Instants = npt.NDArray[np.datetime64]
"""datetime64[us] in UTC, NaT where there is none."""
Column = npt.NDArray[Any]

DAY = np.timedelta64(86_400_000_000, "us")
NO_INSTANT = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Table:
    """Named 1-D columns of one length: float64 columns are numbers, object columns categories.

    A missing number is NaN, a missing category None.
    """

    n: int
    values: Mapping[str, Column]

    def __getitem__(self, name: str) -> Column:
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.values)

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers (else categories)."""
        return self.values[name].dtype.kind == "f"

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The same columns at `rows` (indices or a mask)."""
        taken = {name: column[rows] for name, column in self.values.items()}
        n = int(rows.sum()) if rows.dtype == np.bool_ else len(rows)
        return type(self)(n, taken)

    def only(self, names: Iterable[str]) -> Self:
        """The same rows with `names` alone, in that order."""
        return type(self)(self.n, {name: self.values[name] for name in names})


def days_between(later: Instants, earlier: Instants) -> Floats:
    """`later - earlier` in days; NaN where either is missing."""
    return (later - earlier) / DAY


def texts(values: Iterable[object]) -> Texts:
    """An object array of strings and None, 1-D whatever the strings are."""
    told = list(values)
    out = np.empty(len(told), dtype=object)
    out[:] = told
    return out
