"""The columns that trees look at: numbers, category codes, and how common each level was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Column, Floats, Table

MOST_LEVELS = 200
"""Of a category; rarer levels are unseen to trees, as new ones are."""


@dataclass(frozen=True)
class Encoding:
    """Features as a float matrix. Missing, unseen and rare categories are NaN.

    Attributes:
        features: the features, in order: one column each.
        levels: per category, its levels; the position is the code.
        counts: per category of three or more levels, how often each occurred in training; each
            such category gives one more column, `log(count)`, whose contribution is the category's.
    """

    features: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, tuple[int, ...]]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.features) + len(self.counts)

    @property
    def categories(self) -> list[int]:
        """Which columns hold category codes."""
        return [i for i, name in enumerate(self.features) if name in self.levels]

    @property
    def owners(self) -> list[str]:
        """The feature that each column belongs to."""
        return [*self.features, *self.counts]

    def matrix(self, features: Table) -> Floats:
        """The matrix of shape (n, width)."""
        X = np.empty((features.n, self.width))
        at = len(self.features)
        for i, name in enumerate(self.features):
            if name not in self.levels:
                X[:, i] = features[name]
                continue
            codes = _codes(features[name], self.levels[name])
            X[:, i] = np.where(codes < 0, np.nan, codes)
            if name in self.counts:
                # An unseen level occurred never; log(1) stands for it as the rarest.
                logs = np.log(np.array([*self.counts[name], 1.0]))
                X[:, at] = logs[codes]
                at += 1
        return X

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {
            "features": list(self.features),
            "levels": {k: list(v) for k, v in self.levels.items()},
            "counts": {k: list(v) for k, v in self.counts.items()},
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Encoding:
        """The encoding that `to_json` told."""
        return cls(
            tuple(told["features"]),
            {k: tuple(v) for k, v in told["levels"].items()},
            {k: tuple(v) for k, v in told["counts"].items()},
        )


def learn_encoding(features: Table) -> Encoding:
    """Vocabularies and counts from the training leads; features that never vary are left out."""
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
            if value is not None:
                found[value] = found.get(value, 0) + 1
        kept = sorted(sorted(found, key=lambda v: (-found[v], v))[:MOST_LEVELS])
        if len(kept) > 1 or (kept and found[kept[0]] < len(column)):
            names.append(name)
            levels[name] = tuple(kept)
            if len(kept) >= 3:
                counts[name] = tuple(found[v] for v in kept)
    return Encoding(tuple(names), levels, counts)


def _codes(column: Column, levels: tuple[str, ...]) -> Any:
    code = {level: i for i, level in enumerate(levels)}
    return np.fromiter((code.get(v, -1) for v in column), dtype=np.int64, count=len(column))
