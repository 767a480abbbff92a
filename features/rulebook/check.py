"""A rulebook against the fields: unknown facts, impossible values, and its own test cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.activities import from_activity_records
from features.arrays import Floats
from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.declare import Kind
from features.facts import derived_kinds, facts_of
from features.fields import Field, Fields
from features.rulebook.conditions import Fact, walk
from features.rulebook.document import Case, Criterion, Rulebook
from features.rulebook.points import award
from features.snapshot import take_snapshot

_NOW = np.datetime64("2026-01-05T12:00:00", "us")
"""Test cases speak of days ago; any instant serves as their now."""

_NUMERIC = ("at_least", "at_most", "above", "below", "between")


@dataclass(frozen=True)
class Verdict:
    """One test case and how it came out."""

    says: str
    points: float
    holds: bool
    why: str = ""


def complaints(rulebook: Rulebook, fields: Fields) -> list[str]:
    """What makes the rulebook unusable with these fields, a sentence each; empty if nothing."""
    derived = derived_kinds(fields)
    found: list[str] = []
    for criterion in rulebook.criteria:
        for leaf in walk(criterion.when):
            if isinstance(leaf, Fact):
                found.extend(_complaints(criterion, leaf, fields, derived))
    return found


def _complaints(
    criterion: Criterion, fact: Fact, fields: Fields, derived: dict[str, Kind]
) -> Iterator[str]:
    where = f"Criterion {criterion.id} asks for {fact.field!r}"
    if fact.field not in fields:
        if fact.field not in derived:
            names = ", ".join(sorted({f.name for f in fields.inputs} | derived.keys()))
            yield f"{where}, which is no field and no fact derived from one. Known: {names}."
        elif derived[fact.field] == "number":
            yield from _text_complaints(where, fact, "number")
        elif any(getattr(fact, o) is not None for o in _NUMERIC):
            yield f"{where} as a number, but it is a category."
        return
    field = fields[fact.field]
    if not field.is_input and field.name != fields.timing.as_of:
        why = field.reason or f"role {field.role}, known {field.known}"
        yield f"{where}, which no score may look at ({why})."
    if field.type in ("number", "boolean"):
        yield from _numeric_complaints(where, fact, field)
    elif field.type == "instant" and fact.missing is None:
        yield f"{where}, an instant: only `missing` can be asked of it; use {field.name}_days_ago."
    elif any(getattr(fact, o) is not None for o in _NUMERIC):
        yield f"{where} as a number, but it is a {field.type}."


def _numeric_complaints(where: str, fact: Fact, field: Field) -> Iterator[str]:
    yield from _text_complaints(where, fact, field.type)
    low = -np.inf if field.minimum is None else field.minimum
    high = np.inf if field.maximum is None else field.maximum
    bounds = [fact.at_least, fact.at_most, fact.above, fact.below, *(fact.between or ())]
    outside = [b for b in bounds if b is not None and not low <= b <= high]
    if outside:
        yield f"{where} against {outside[0]:g}, but it lies between {low:g} and {high:g}."


def _text_complaints(where: str, fact: Fact, kind: str) -> Iterator[str]:
    wanted = (fact.is_, *(fact.in_ or ()))
    if fact.contains is not None or any(isinstance(v, str) for v in wanted):
        yield f"{where} as a text, but it is a {kind}."


def run_cases(rulebook: Rulebook, fields: Fields) -> list[Verdict]:
    """Every test case of the rulebook, evaluated."""
    return [_run(case, rulebook, fields) for case in rulebook.tests]


def _run(case: Case, rulebook: Rulebook, fields: Fields) -> Verdict:
    taken = from_records([case.lead], fields)
    records = [_dated(a) for a in case.activities]
    activities, wrong = from_activity_records(records, "#0", None)
    told = [p.sentence() for p in (*taken.problems, *wrong)]
    told += [f"{key}: no such field" for key in taken.unknown[0]]
    if told:
        return Verdict(case.says, np.nan, False, " ".join(told))
    snapshot = take_snapshot(taken.columns, activities, np.array([_NOW]), fields)
    features = Catalogue.of(fields, Vocabulary.of(activities)).compute(snapshot)
    total = award(rulebook, facts_of(snapshot, features)).total
    why = "; ".join(_misses(case, rulebook, total))
    return Verdict(case.says, float(total[0]), not why, why)


def _dated(activity: dict[str, Any]) -> dict[str, Any]:
    days = float(activity.get("days_ago", 0))
    at = _NOW - np.timedelta64(round(days * 86_400_000_000), "us")
    told = {k: v for k, v in activity.items() if k != "days_ago"}
    return told | {"occurred_at": str(at)}


def _misses(case: Case, rulebook: Rulebook, total: Floats) -> Iterator[str]:
    points, expect = float(total[0]), case.expect
    shown = min(max(points, 0.0), 100.0)
    if expect.points is not None and abs(points - expect.points) > 0.05:
        yield f"expected {expect.points:g} points, the rulebook gives {points:g}"
    if expect.at_least is not None and points < expect.at_least:
        yield f"expected at least {expect.at_least:g} points, the rulebook gives {points:g}"
    if expect.at_most is not None and points > expect.at_most:
        yield f"expected at most {expect.at_most:g} points, the rulebook gives {points:g}"
    over = shown >= rulebook.hand_over_from
    if expect.handed_over is not None and over != expect.handed_over:
        yield f"{'is' if over else 'is not'} handed over at {rulebook.hand_over_from:g}"
    if expect.grade is not None and rulebook.grade(shown) != expect.grade:
        yield f"expected grade {expect.grade}, the rulebook gives {rulebook.grade(shown)}"
