"""The columns of rung 2: criteria and fields as a matrix, the same in training and serving.

| block | columns |
| criteria | how much of each applied (agreed points are already in the offset) |
| category | one per level seen often enough; missing its own level; an unseen or rare one is 0 |
| number | (x - mean) / sd, clipped at the .5 and 99.5 % quantiles; steps x >= q; missing |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.arrays import Column, Floats, Table


@dataclass(frozen=True)
class Category:
    """A category's columns: one per level; "" stands for missing (no real level is empty)."""

    name: str
    levels: tuple[str, ...]

    @property
    def parts(self) -> list[tuple[str, int]]:
        """(kind of column, how many) in order."""
        return [("category", len(self.levels))]

    def columns(self, values: Column) -> Floats:
        """Indicators of shape (n, levels)."""
        code = {level: i for i, level in enumerate(self.levels)}
        codes = np.fromiter(
            (code.get("" if v is None else v, -1) for v in values),
            dtype=np.int64,
            count=len(values),
        )
        return np.asarray(codes[:, None] == np.arange(len(self.levels)), dtype=np.float64)


@dataclass(frozen=True)
class Number:
    """A number's columns: linear, steps, and an indicator where some were missing.

    `monotone` is 1 or -1 where the log-odds may only rise or only fall with the number, else 0.
    """

    name: str
    mean: float
    sd: float
    low: float
    high: float
    steps: tuple[float, ...]
    missing: bool
    monotone: int = 0

    @property
    def parts(self) -> list[tuple[str, int]]:
        """(kind of column, how many) in order."""
        found = [("linear", 1), ("steps", len(self.steps))]
        return [*found, ("linear", 1)] if self.missing else found

    def columns(self, values: Column) -> Floats:
        """Columns of shape (n, 1 + steps + missing); a missing number is average, no step."""
        absent = np.isnan(values)
        z = (np.clip(values, self.low, self.high) - self.mean) / self.sd
        made = [np.where(absent, 0.0, z)[:, None]]
        made.append((values[:, None] >= np.array(self.steps)[None, :]).astype(np.float64))
        if self.missing:
            made.append(absent.astype(np.float64)[:, None])
        return np.concatenate(made, axis=1)


Block = Category | Number


@dataclass(frozen=True)
class Design:
    """Which columns stand in the matrix: criteria first, then the blocks, all centred.

    Attributes:
        criteria: how many criteria.
        blocks: one per feature that varies.
        centre: (k,) means in training, subtracted from every column.
    """

    criteria: int
    blocks: tuple[Block, ...]
    centre: Floats

    def raw(self, features: Table, criteria: Floats) -> Floats:
        """The matrix before centring, (n, k)."""
        made = [block.columns(features[block.name]) for block in self.blocks]
        return np.concatenate([criteria, *made], axis=1)

    def matrix(self, features: Table, criteria: Floats) -> Floats:
        """The centred matrix, (n, k)."""
        return self.raw(features, criteria) - self.centre

    def signs(self) -> Floats:
        """Per column 1 or -1 where its coefficient may have that sign alone, else 0. Shape (k,).

        A number rises with its linear column and with every step, so right signs of all of them
        are enough; its indicator of missing values is free.
        """
        found = np.zeros(len(self.centre))
        for block, (_, at) in zip(self.blocks, self.slices(), strict=True):
            if isinstance(block, Number):
                found[at.start : at.start + 1 + len(block.steps)] = block.monotone
        return found

    def slices(self) -> Iterator[tuple[str, slice]]:
        """Each block's feature and its columns."""
        at = self.criteria
        for block in self.blocks:
            width = sum(size for _, size in block.parts)
            yield block.name, slice(at, at + width)
            at += width

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        blocks = [{"type": type(b).__name__, **vars(b)} for b in self.blocks]
        return {"criteria": self.criteria, "blocks": blocks, "centre": self.centre.tolist()}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Design:
        """The design that `to_json` told."""
        blocks: list[Block] = []
        for block in told["blocks"]:
            plain: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in block.items()
            }
            kind = plain.pop("type")
            blocks.append(Category(**plain) if kind == "Category" else Number(**plain))
        return cls(told["criteria"], tuple(blocks), np.array(told["centre"], dtype=np.float64))


def learn_design(
    features: Table, criteria: Floats, monotone: Mapping[str, int] | None = None
) -> Design:
    """Choose levels, scales and steps from the training leads.

    Args:
        features, criteria: of n leads.
        monotone: numbers whose columns may have one sign alone; see `Number`.
    """
    n = features.n
    blocks: list[Block] = []
    for name in features.names:
        block: Block | None = (
            _number(name, features[name], n)
            if features.is_number(name)
            else _category(name, features[name], n)
        )
        if isinstance(block, Number):
            block = replace(block, monotone=(monotone or {}).get(name, 0))
        if block is not None:
            blocks.append(block)
    open_design = Design(criteria.shape[1], tuple(blocks), np.zeros(0))
    return Design(
        criteria.shape[1], tuple(blocks), open_design.raw(features, criteria).mean(axis=0)
    )


def _category(name: str, values: Column, n: int) -> Category | None:
    counts: dict[str, int] = {}
    for v in values:
        level = "" if v is None else v
        counts[level] = counts.get(level, 0) + 1
    least = max(2.0, min(20.0, n / 100))
    levels = tuple(sorted(level for level, count in counts.items() if least <= count < n))
    return Category(name, levels) if levels else None


def _number(name: str, values: Column, n: int) -> Number | None:
    known = values[~np.isnan(values)]
    missing = len(known) < n
    if len(known) == 0 or np.all(known == known[0]):
        # A constant says nothing; whether it was given may.
        if not missing or len(known) == 0:
            return None
        return Number(name, float(known[0]), 1.0, float(known[0]), float(known[0]), (), True)
    low, high = np.quantile(known, [0.005, 0.995])
    clipped = np.clip(known, low, high)
    sd = float(clipped.std()) or 1.0
    bins = int(min(8, n // 25))
    quantiles = np.quantile(known, np.arange(1, bins) / bins) if bins > 1 else np.zeros(0)
    steps = tuple(float(q) for q in np.unique(quantiles) if q > known.min())
    return Number(name, float(clipped.mean()), sd, float(low), float(high), steps, missing)
