"""A rulebook's own test cases: what each lead is given, against what its owners expect."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.activities import from_activity_records
from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.criteria import DIMENSIONS
from features.rulebook.document import Case, Rulebook
from features.rulebook.points import award, disqualified, sub_score
from features.snapshot import take_snapshot

_NOW = np.datetime64("2026-01-05T12:00:00", "us")
"""Test cases speak of days ago; any instant serves as their now, if they name no day."""
_NOON = np.timedelta64(12, "h")


@dataclass(frozen=True)
class Verdict:
    """One test case and how it came out."""

    says: str
    points: float
    holds: bool
    why: str = ""


def run_cases(rulebook: Rulebook, fields: Fields) -> list[Verdict]:
    """Every test case of the rulebook, evaluated."""
    return [_run(case, rulebook, fields) for case in rulebook.tests]


def _run(case: Case, rulebook: Rulebook, fields: Fields) -> Verdict:
    taken = from_records([case.lead], fields)
    now = _NOW if case.as_of is None else np.datetime64(case.as_of, "us") + _NOON
    activities, wrong = from_activity_records([_dated(a, now) for a in case.activities], "#0", None)
    told = [p.sentence() for p in (*taken.problems, *wrong)]
    told += [f"{key}: no such field" for key in taken.unknown[0]]
    if told:
        return Verdict(case.says, np.nan, False, " ".join(told))
    snapshot = take_snapshot(taken.columns, activities, np.array([now]), fields)
    features = Catalogue.of(fields, Vocabulary.of(activities)).compute(snapshot)
    facts = facts_of(snapshot, features)
    agreed, out = award(rulebook, facts), int(disqualified(rulebook, facts)[0])
    found = _Found(
        points=float(agreed.total[0]),
        route=None if out < 0 else rulebook.disqualifiers[out].route,
        sub_scores=tuple(float(sub_score(rulebook, agreed, d)[0]) for d in DIMENSIONS),
    )
    why = "; ".join(_misses(case, rulebook, found))
    return Verdict(case.says, found.points, not why, why)


def _dated(activity: dict[str, Any], now: np.datetime64) -> dict[str, Any]:
    days = float(activity.get("days_ago", 0))
    at = now - np.timedelta64(round(days * 86_400_000_000), "us")
    told = {k: v for k, v in activity.items() if k != "days_ago"}
    return told | {"occurred_at": str(at)}


@dataclass(frozen=True)
class _Found:
    """What the rulebook gives a lead: points, the route if it is disqualified, fit, engagement."""

    points: float
    route: str | None
    sub_scores: tuple[float, ...]

    @property
    def shown(self) -> float:
        """The points as people see them: cut to 0..100, whole, half a point up."""
        return math.floor(round(min(max(self.points, 0.0), 100.0), 9) + 0.5)


def _misses(case: Case, rulebook: Rulebook, found: _Found) -> Iterator[str]:
    points, expect = found.points, case.expect
    if expect.points is not None and abs(points - expect.points) > 0.05:
        yield f"expected {expect.points:g} points, the rulebook gives {points:g}"
    if expect.at_least is not None and points < expect.at_least:
        yield f"expected at least {expect.at_least:g} points, the rulebook gives {points:g}"
    if expect.at_most is not None and points > expect.at_most:
        yield f"expected at most {expect.at_most:g} points, the rulebook gives {points:g}"
    yield from _missed_ways(case, rulebook, found)


def _missed_ways(case: Case, rulebook: Rulebook, found: _Found) -> Iterator[str]:
    expect, grid = case.expect, rulebook.grid
    over = found.route is None and found.shown >= rulebook.hand_over_from
    if expect.handed_over is not None and over != expect.handed_over:
        kept = f", its route is {found.route}" if found.route else ""
        yield f"{'is' if over else 'is not'} handed over at {rulebook.hand_over_from:g}{kept}"
    grade = rulebook.grade(found.shown)
    if expect.grade is not None and grade != expect.grade:
        yield f"expected grade {expect.grade}, the rulebook gives {grade}"
    cell = "no grid" if grid is None else grid.cell(*found.sub_scores)
    if expect.grid is not None and cell != expect.grid:
        yield f"expected {expect.grid} on the grid, the rulebook gives {cell}"
    if expect.route is not None and found.route != expect.route:
        yield f"expected the route {expect.route}, it goes {found.route or 'none'}"
