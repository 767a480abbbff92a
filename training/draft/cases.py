"""Readable test cases for a drafted rulebook, their numbers taken from evaluating it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from features.contact import seniority
from features.fields import Field, Fields
from features.rulebook.cases import run_cases
from features.rulebook.conditions import AllOf, AnyOf, Condition, Fact, Happened
from features.rulebook.document import Case, Criterion, Expectation, Rulebook

_MAILBOXES = {
    "free": "jane.doe@gmail.com",
    "corporate": "jane.doe@acme.example",
    "education": "jane.doe@college.edu",
}
_TITLES = (
    "Student", "Chief Executive Officer", "Director of Operations", "Head of Marketing",
    "Purchasing Manager", "Senior Consultant", "Clerk", "Assistant", "Software Engineer",
)  # fmt: skip
_ANY = Expectation(at_least=-1e9)
_WORDS = 3
"""Criteria named in a test's sentence; the others are in its lead."""


def with_cases(rulebook: Rulebook, fields: Fields) -> Rulebook:
    """The same edition with test cases: a strong lead, a weak one, and one nobody knows."""
    up = sorted((c for c in rulebook.criteria if c.points > 0), key=lambda c: -c.points)
    down = sorted((c for c in rulebook.criteria if c.points < 0), key=lambda c: c.points)
    told = [
        _case(up, fields),
        _case(down, fields),
        Case(says="Nothing is known of the lead", expect=_ANY),
    ]
    cases = tuple(case for case in told if case is not None)
    verdicts = run_cases(rulebook.model_copy(update={"tests": cases}), fields)
    tests = tuple(
        _expecting(case, verdict.points, rulebook)
        for case, verdict in zip(cases, verdicts, strict=True)
        if verdict.holds
    )
    return rulebook.model_copy(update={"tests": tests})


def _case(criteria: Iterable[Criterion], fields: Fields) -> Case | None:
    """A lead to whom as many of the criteria apply as go together."""
    lead: dict[str, Any] = {}
    activities: list[dict[str, Any]] = []
    words: list[str] = []
    for criterion in criteria:
        given = _lead_with(criterion.when, fields)
        done = _done(criterion.when)
        if (given is None and done is None) or any(key in lead for key in given or {}):
            continue
        lead |= {k: v for k, v in (given or {}).items() if v is not None}
        activities += [done] if done else []
        words.append(criterion.says)
    if not words:
        return None
    more = "" if len(words) <= _WORDS else f"; {len(words) - _WORDS} more such facts"
    says = "; ".join(words[:_WORDS]) + more
    return Case(says=says, lead=lead, activities=tuple(activities), expect=_ANY)


def _done(condition: Condition) -> dict[str, Any] | None:
    if not isinstance(condition, Happened):
        return None
    which = condition.activity.model_dump(exclude_none=True)
    return {**which, "days_ago": 0}


def _lead_with(condition: Condition, fields: Fields) -> dict[str, Any] | None:
    """The JSON of a lead for whom a fact holds; None where that cannot be written down."""
    if isinstance(condition, AllOf | AnyOf) or not isinstance(condition, Fact):
        return None
    if condition.field in fields:
        return _value(condition, fields[condition.field])
    base = next((f for f in fields.inputs if condition.field.startswith(f.name + "_")), None)
    wanted = condition.is_ if condition.is_ is not None else (condition.in_ or (None,))[0]
    if base is None or condition.missing:
        return None
    if condition.field == f"{base.name}_kind" and wanted in _MAILBOXES:
        return {base.name: _MAILBOXES[str(wanted)]}
    if condition.field == f"{base.name}_seniority":
        title = next((t for t in _TITLES if seniority(t) == wanted), None)
        return {base.name: title} if title else None
    return None


def _value(fact: Fact, field: Field) -> dict[str, Any] | None:
    if fact.missing:
        return {field.name: None}
    if fact.is_ is not None:
        return {field.name: fact.is_}
    if fact.in_:
        return {field.name: fact.in_[0]}
    if fact.at_least is not None:
        return {field.name: fact.at_least}
    if fact.above is not None:
        return {field.name: fact.above + 1}
    if fact.below is not None:
        lower = fact.below - 1
        low = field.minimum if field.minimum is not None else lower
        return {field.name: max(low, lower)}
    return None


def _expecting(case: Case, points: float, rulebook: Rulebook) -> Case:
    over = min(max(points, 0.0), 100.0) >= rulebook.hand_over_from
    how = "handed over" if over else "stays below hand-off"
    points = round(points, 2)
    says = f"{case.says} -> {how}: {points:g} points"
    expect = Expectation(points=points, handed_over=over)
    return case.model_copy(update={"says": says, "expect": expect})
