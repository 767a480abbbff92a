"""What a team can change of a lead: other values of its actionable fields, activities to come."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.fields import ActionableActivity, Field
from features.rulebook.conditions import Fact, walk
from features.values import Value
from models.counterfactual import Change
from models.design import Category, Number
from models.scorer import Scorer
from models.variants import Subject


def changes_of(scorer: Scorer, subject: Subject) -> list[Change]:
    """Every change that may be made of a lead, in the order of the fields file."""
    found = []
    for field in scorer.fields.inputs:
        if field.actionable:
            key = f"field:{field.name}"
            told = _values(scorer, field, subject.columns[field.name][0])
            found += [Change(key, field.name, value) for value in told]
    for activity in scorer.fields.actionable_activities:
        key = activity_key(activity)
        found += [Change(key, activity=activity, nth=n + 1) for n in range(activity.most)]
    return found


def activity_key(activity: ActionableActivity) -> str:
    """What tells an activity from others."""
    return f"activity:{activity.team} {activity.channel} {activity.kind}"


def levels_of(scorer: Scorer, field: Field) -> tuple[str, ...]:
    """The levels of a category that history knew or the rulebook names, in alphabetic order."""
    known = set(scorer.ladder.encoding.levels.get(field.name, ()))
    for block in scorer.ladder.updated.design.blocks:
        if isinstance(block, Category) and block.name == field.name:
            known.update(block.levels)
    # A criterion compares without case; history's own spelling is the one that a model knows.
    spelled = {level.casefold() for level in known}
    asked = {str(v) for fact in _asked(scorer, field) for v in (fact.is_, *(fact.in_ or ()))}
    known.update(v for v in asked - {"None"} if v.casefold() not in spelled)
    return tuple(sorted(known - {""}))


def _values(scorer: Scorer, field: Field, now: object) -> Iterator[Value]:
    """The values that are worth trying in place of the one a lead has."""
    match field.type:
        case "boolean":
            yield from (v for v in (1.0, 0.0) if v != now)
        case "category":
            yield from (v for v in levels_of(scorer, field) if v != now)
        case _:
            yield from (v for v in _numbers(scorer, field) if _may(scorer, field, now, v))


def _numbers(scorer: Scorer, field: Field) -> list[float]:
    """Where something changes: the rulebook's bounds, and the quantiles at which history steps."""
    found: set[float] = set()
    for fact in _asked(scorer, field):
        found.update(_bounds(fact))
    for block in scorer.ladder.updated.design.blocks:
        if isinstance(block, Number) and block.name == field.name:
            found.update(block.steps)
    low = -np.inf if field.minimum is None else field.minimum
    high = np.inf if field.maximum is None else field.maximum
    return sorted(v for v in found if low <= v <= high)


def _bounds(fact: Fact) -> Iterator[float]:
    yield from fact.between or ()
    inside = (fact.at_least, fact.at_most, fact.is_, *(fact.in_ or ()))
    yield from (float(v) for v in inside if v is not None and not isinstance(v, str))
    # The next whole number beyond a bound that does not count itself.
    if fact.above is not None:
        yield fact.above + 1.0
    if fact.below is not None:
        yield fact.below - 1.0


def _may(scorer: Scorer, field: Field, now: object, value: float) -> bool:
    """Whether a number may lift a lead: not where all that looks at it falls that way."""
    assert isinstance(now, float)
    if value == now:
        return False
    if field.monotone is None or np.isnan(now) or any(True for _ in _asked(scorer, field)):
        return True
    return (value > now) == (field.monotone == "increasing")


def _asked(scorer: Scorer, field: Field) -> Iterator[Fact]:
    """The tests that criteria and disqualifiers make of a field."""
    for condition in scorer.rulebook.conditions:
        for leaf in walk(condition):
            if isinstance(leaf, Fact) and leaf.field == field.name:
                yield leaf
