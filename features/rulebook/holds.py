"""Whether a condition holds, per lead: the tree evaluated on columns of n leads."""

from __future__ import annotations

import numpy as np

from features.arrays import Column, Flags, Ints
from features.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    First,
    Happened,
    Last,
    Not,
    Scalar,
    acts,
)
from features.rulebook.known import Acts, Coded, Facts


def holds(condition: Condition, facts: Facts) -> Flags:
    """Whether the condition holds, per lead. Shape (n,).

    Raises:
        KeyError: when it asks for a fact that is not in `facts`; `check` finds these.
    """
    match condition:
        case AllOf():
            return np.asarray(np.all([holds(p, facts) for p in condition.all], axis=0))
        case AnyOf():
            return np.asarray(np.any([holds(p, facts) for p in condition.any], axis=0))
        case Not():
            return np.logical_not(holds(condition.not_, facts))
        case Happened():
            return np.asarray(counted(condition, facts.acts(condition.by)) >= condition.at_least)
        case First() | Last():
            return _end_holds(condition, facts.acts(condition.by))
        case _:
            return _fact_holds(condition, facts)


def counted(test: Happened, found: Acts) -> Column:
    """How much of what a test counts there is of each lead. Shape (n,)."""
    at = found.find(test.activity, test.within_days)
    match test.counting:
        case None:
            return found.count(at)
        case "value":
            return found.count(at, np.nan_to_num(found.touches.value[at]))
        case "channels":
            return _different(found, at, found.channel.codes[at])
        case "kinds":
            return _different(found, at, found.kind.codes[at])
        case "people":
            return _different(found, at, found.by.codes[at])
        case "days":
            return _different(found, at, np.floor(found.touches.age[at]).astype(np.int64))


def _different(found: Acts, at: Ints, codes: Ints) -> Column:
    """How many different codes, 0 or more, the touches at `at` have per lead. Shape (n,)."""
    row = found.touches.row[at]
    if len(row) == 0:
        return np.zeros(found.touches.n, dtype=np.int64)
    width = int(codes.max()) + 1
    pairs = np.sort(row * width + codes)
    different = np.append(True, pairs[1:] != pairs[:-1])
    return np.bincount(row[different], minlength=found.touches.n)


def last_of_each(row: Ints) -> Ints:
    """The place of the last entry of each value in `row`, which ascends."""
    return np.flatnonzero(np.append(row[1:] != row[:-1], True)) if len(row) else row


def _end_holds(test: First | Last, found: Acts) -> Flags:
    row, age = found.touches.row, found.touches.age
    newest = isinstance(test, Last)
    end = last_of_each(row) if newest else len(row) - 1 - last_of_each(row[::-1])
    passes = found.matches(acts(test), end)
    if test.within_days is not None:
        passes &= age[end] <= test.within_days
    holding = np.zeros(found.touches.n, dtype=bool)
    holding[row[end[passes]]] = True
    return holding


def _fact_holds(fact: Fact, facts: Facts) -> Flags:
    column = facts.columns[fact.field]
    if column.dtype.kind == "f":
        return _number_holds(fact, column)
    if column.dtype.kind == "M":
        absent = np.isnat(column)
        return absent if fact.missing else ~absent
    return _text_holds(fact, facts.coded(fact.field))


def _text_holds(fact: Fact, texts: Coded) -> Flags:
    if fact.missing is not None:
        return texts.missing if fact.missing else ~texts.missing
    if fact.contains is not None:
        part = fact.contains.casefold()
        return texts.where(lambda value: part in value)
    return texts.where({as_text(v) for v in fact.wanted}.__contains__)


def _number_holds(fact: Fact, x: Column) -> Flags:
    # NaN compares false with everything, so a missing number passes no bound.
    if fact.missing is not None:
        return np.isnan(x) if fact.missing else ~np.isnan(x)
    if fact.between is not None:
        return np.asarray((x >= fact.between[0]) & (x <= fact.between[1]))
    if fact.wanted:
        return np.isin(x, [float(v) for v in fact.wanted if not isinstance(v, str)])
    tests = (
        (fact.at_least, np.greater_equal),
        (fact.at_most, np.less_equal),
        (fact.above, np.greater),
        (fact.below, np.less),
    )
    bound, compare = next((b, c) for b, c in tests if b is not None)
    return np.asarray(compare(x, bound))


def as_text(value: Scalar) -> str:
    """A value as the text that a text fact is compared with, casefolded."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    # 1234567 must not become 1.23457e+06, the name of no level.
    return f"{value:.15g}" if isinstance(value, float) else value.casefold()
