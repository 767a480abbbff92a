"""The columns that trees look at: numbers, category codes, how common and how good a level is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.arrays import Column, Floats, Ints, Table

MOST_LEVELS = 200
"""Of a category; rarer levels are unseen to trees, as new ones are."""
MISSING = ""
"""A missing category is a level of its own; no real level is empty."""
MANY = 3
"""Levels from which a category also tells how common and how good each of them is."""


@dataclass(frozen=True)
class Encoding:
    """Features as a float matrix. Unseen and rare categories, and missing numbers, are NaN.

    Attributes:
        features: the features, in order: one column each.
        levels: per category, its levels; the position is the code.
        counts: per category of three or more levels, how often each occurred in training; each
            such category gives one more column, `log(count)`, whose contribution is the category's.
        rates: per the same categories, the conversion of each level in training, shrunk to that of
            all (`models.target_statistics`), and last that of all, for unseen levels; again one
            more column each, whose contribution is the category's.
    """

    features: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, tuple[int, ...]]
    rates: Mapping[str, tuple[float, ...]]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.features) + len(self.counts) + len(self.rates)

    @property
    def categories(self) -> list[int]:
        """Which columns hold category codes."""
        return [i for i, name in enumerate(self.features) if name in self.levels]

    @property
    def owners(self) -> list[str]:
        """The feature that each column belongs to."""
        return [*self.features, *self.counts, *self.rates]

    @property
    def of_rates(self) -> slice:
        """Which columns hold the levels' conversion."""
        return slice(self.width - len(self.rates), self.width)

    def codes(self, features: Table) -> Ints:
        """Codes of the categories that have counts, -1 for unseen levels. Shape (n, k)."""
        found = [_codes(features[name], self.levels[name]) for name in self.counts]
        return np.column_stack(found) if found else np.zeros((features.n, 0), dtype=np.int64)

    def matrix(self, features: Table) -> Floats:
        """The matrix of shape (n, width)."""
        X = np.empty((features.n, self.width))
        first_count, first_rate = len(self.features), self.of_rates.start
        many = list(self.counts)
        for i, name in enumerate(self.features):
            if name not in self.levels:
                X[:, i] = features[name]
                continue
            codes = _codes(features[name], self.levels[name])
            X[:, i] = np.where(codes < 0, np.nan, codes)
            if name in self.counts:
                at = many.index(name)
                # An unseen level occurred never; log(1) stands for it as the rarest.
                X[:, first_count + at] = np.log(np.array([*self.counts[name], 1.0]))[codes]
                X[:, first_rate + at] = np.array(self.rates[name])[codes]
        return X

    def with_rates(self, rates: Mapping[str, tuple[float, ...]]) -> Encoding:
        """The same columns with what history said of the levels."""
        return replace(self, rates=rates)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {
            "features": list(self.features),
            "levels": {k: list(v) for k, v in self.levels.items()},
            "counts": {k: list(v) for k, v in self.counts.items()},
            "rates": {k: list(v) for k, v in self.rates.items()},
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Encoding:
        """The encoding that `to_json` told."""
        return cls(
            tuple(told["features"]),
            {k: tuple(v) for k, v in told["levels"].items()},
            {k: tuple(v) for k, v in told["counts"].items()},
            {k: tuple(v) for k, v in told["rates"].items()},
        )


def learn_encoding(features: Table) -> Encoding:
    """Vocabularies and counts from the training leads; features that never vary are left out.

    Rates are not known yet and stand at 0; outcomes teach them (`Encoding.with_rates`).
    """
    names, levels, counts = [], {}, {}
    for name in features.names:
        column = features[name]
        if features.is_number(name):
            known = column[~np.isnan(column)]
            if len(known) and (len(known) < len(column) or np.any(known != known[0])):
                names.append(name)
            continue
        found: dict[str, int] = {}
        for value in column:
            level = MISSING if value is None else value
            found[level] = found.get(level, 0) + 1
        kept = sorted(sorted(found, key=lambda v: (-found[v], v))[:MOST_LEVELS])
        if len(kept) > 1:
            names.append(name)
            levels[name] = tuple(kept)
            if len(kept) >= MANY:
                counts[name] = tuple(found[v] for v in kept)
    rates = {name: (0.0,) * (len(levels[name]) + 1) for name in counts}
    return Encoding(tuple(names), levels, counts, rates)


def _codes(column: Column, levels: tuple[str, ...]) -> Any:
    code: dict[str | None, int] = {level: i for i, level in enumerate(levels)}
    code[None] = code.get(MISSING, -1)
    return np.fromiter((code.get(v, -1) for v in column), dtype=np.int64, count=len(column))
