"""How far agreed points can go, and which thresholds they cannot reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.rulebook.criteria import Bounds, Criterion, Dimension, Group
from features.rulebook.document import Rulebook
from features.rulebook.finding import Finding
from features.rulebook.words import number

_HALF = 0.5
"""Scores are rounded: half a point less than a threshold reaches it."""


def out_of_reach(rulebook: Rulebook) -> Iterator[Finding]:
    """Bounds that contradict each other, and thresholds beyond all that points can come to."""
    for name, group in rulebook.groups.items():
        yield from _bounds(f"Group {name}", group)
    if rulebook.total is not None:
        yield from _bounds("The total", rulebook.total)
    least, most = ends(rulebook)
    yield from _threshold(rulebook, least, most)
    for grade, from_ in rulebook.grades.items():
        if from_ > most + _HALF:
            yield _beyond(f"Grade {grade} starts at {number(from_)}", most)
    yield from _grid(rulebook)


def ends(rulebook: Rulebook) -> tuple[float, float]:
    """The least and the most that agreed points can come to, as if every criterion could apply
    beside every other."""
    found = np.full(2, rulebook.base_points)
    for name in rulebook.groups:
        found += _group_ends(rulebook, name)
    return _clipped(found, rulebook.total or Bounds())


def _group_ends(rulebook: Rulebook, name: str) -> tuple[float, float]:
    found = np.zeros(2)
    for criterion in rulebook.criteria:
        if criterion.group == name and criterion.points:
            found[int(criterion.points > 0)] += _furthest(criterion)
    return _clipped(found, rulebook.groups[name])


def _furthest(criterion: Criterion) -> float:
    return criterion.points * criterion.most


def _clipped(found: np.ndarray, bounds: Group | Bounds) -> tuple[float, float]:
    low = -np.inf if bounds.at_least is None else bounds.at_least
    high = np.inf if bounds.at_most is None else bounds.at_most
    least, most = np.clip(found, low, high).tolist()
    return least, most


def _bounds(what: str, bounds: Group | Bounds) -> Iterator[Finding]:
    low, high = bounds.at_least, bounds.at_most
    if low is not None and high is not None and low > high:
        yield Finding(
            "",
            "contradiction",
            "error",
            f"{what} counts for at least {number(low)} and at most {number(high)}.",
            "Both cannot be.",
            "Correct one of them.",
        )


def _threshold(rulebook: Rulebook, least: float, most: float) -> Iterator[Finding]:
    if rulebook.hand_over_from > most + _HALF:
        yield Finding(
            "",
            "unreachable",
            "warning",
            f"Leads are handed over from {number(rulebook.hand_over_from)}.",
            f"Agreed points come to {number(most)} at most; the rest would have to be learned.",
            "Lower hand_over_from, or give more points.",
        )
    if rulebook.hand_over_from <= max(least, 0.0):
        yield Finding(
            "",
            "always",
            "warning",
            f"Leads are handed over from {number(rulebook.hand_over_from)}.",
            f"Agreed points come to {number(max(least, 0.0))} at least: every lead is handed over.",
            "Raise hand_over_from, if that is not meant.",
        )


def _grid(rulebook: Rulebook) -> Iterator[Finding]:
    if rulebook.grid is None:
        return
    steps: tuple[tuple[Dimension, str, dict[str, float]], ...] = (
        ("fit", "letter", rulebook.grid.fit),
        ("engagement", "digit", {str(k): v for k, v in rulebook.grid.engagement.items()}),
    )
    names = list(rulebook.groups)
    for dimension, what, found in steps:
        groups = [names[g] for g in rulebook.of_dimension(dimension)]
        most = sum(_group_ends(rulebook, name)[1] for name in groups)
        for name, least in found.items():
            if least > most:
                yield _beyond(
                    f"On the grid, {dimension} {what} {name} starts at {number(least)}", most
                )


def _beyond(what: str, most: float) -> Finding:
    return Finding(
        "",
        "unreachable",
        "warning",
        f"{what}.",
        f"Agreed points come to {number(most)} at most.",
        "Lower it, or give more points.",
    )
