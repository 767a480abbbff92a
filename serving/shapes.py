"""What a field's value comes to in points, agreed and learned, from scores as told. No HTML."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import readable
from features.fields import Field, Fields
from features.rulebook.conditions import Fact, walk
from features.rulebook.document import Rulebook

BINS, LEVELS, ENOUGH = 5, 6, 10
"""Parts of a number's range, levels of a category, and leads from which a mean is told."""
NOT_KNOWN, OTHERS = "not known", "others"


@dataclass(frozen=True)
class Step:
    """One value of a field, or a part of its range: mean points of the leads that have it."""

    value: str
    leads: int
    agreed: float
    learned: float


@dataclass(frozen=True)
class Shape:
    """A field's shape: its steps in order, and how far apart they are in points."""

    label: str
    steps: tuple[Step, ...]
    spread: float


def shapes(
    fields: Fields,
    rulebook: Rulebook,
    told: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    most: int,
) -> list[Shape]:
    """The shapes of the fields that move scores most, the widest first.

    Args:
        told: fields of a lead, and its score's whole answer, for each of many leads.
        most: fields that are told.
    """
    found = [
        shape
        for field in readable(fields)
        if field.is_input and field.type in ("number", "category", "boolean")
        if (shape := _shape(field, _lines_of(field.name, rulebook), told)) is not None
    ]
    found.sort(key=lambda shape: -shape.spread)
    return found[:most]


def _lines_of(name: str, rulebook: Rulebook) -> set[str]:
    """The lines of a score that answer to a field: its own, and those of criteria that ask it."""
    asking = {
        f"criterion:{c.id}"
        for c in rulebook.criteria
        if any(isinstance(leaf, Fact) and leaf.field == name for leaf in walk(c.when))
    }
    return {f"field:{name}", *asking}


def _shape(
    field: Field, lines: set[str], told: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> Shape | None:
    values = [fields.get(field.name) for fields, _ in told]
    name_of = _binned(values) if field.type == "number" else _levels(values)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for value, (_, answer) in zip(values, told, strict=True):
        mine = [r for r in answer["reasons"] if r["key"] in lines]
        place = sums[name_of(value)]
        place[0] += 1
        place[1] += sum(r["agreed"] for r in mine)
        place[2] += sum(r["learned"] for r in mine)
    steps = tuple(
        Step(name, int(n), agreed / n, learned / n)
        for name, (n, agreed, learned) in sorted(sums.items(), key=lambda item: _order(item[0]))
        if n >= ENOUGH
    )
    totals = [step.agreed + step.learned for step in steps]
    spread = max(totals, default=0.0) - min(totals, default=0.0)
    return Shape(field.title, steps, spread) if len(steps) > 1 and spread > 0 else None


def _order(name: str) -> tuple[int, float, str]:
    """Numbers by their beginning, then words, then what stands for all else."""
    if name in (NOT_KNOWN, OTHERS):
        return 2, 0.0, name
    begins = name.partition(" ")[0].replace(",", "")
    try:
        return 0, float(begins), name
    except ValueError:
        return 1, 0.0, name


def _binned(values: Sequence[Any]) -> Callable[[Any], str]:
    known = np.array([float(v) for v in values if v is not None])
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1))) if len(known) else known

    def name(value: Any) -> str:
        if value is None or len(edges) == 0:
            return NOT_KNOWN
        if len(edges) == 1:
            return f"{edges[0]:,.6g}"
        k = int(np.clip(np.searchsorted(edges, float(value), side="right") - 1, 0, len(edges) - 2))
        return f"{edges[k]:,.6g} to {edges[k + 1]:,.6g}"

    return name


def _levels(values: Sequence[Any]) -> Callable[[Any], str]:
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        if value is not None:
            counts[_word(value)] += 1
    kept = set(sorted(counts, key=lambda level: (-counts[level], level))[:LEVELS])

    def name(value: Any) -> str:
        if value is None:
            return NOT_KNOWN
        return _word(value) if _word(value) in kept else OTHERS

    return name


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:60]
