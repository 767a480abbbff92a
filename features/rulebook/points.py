"""Agreed points, vectorised: from a snapshot of n leads to what each criterion gives each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import Column, Flags, Floats
from features.rulebook.conditions import AllOf, AnyOf, Condition, Fact, Happened, Not, Scalar
from features.rulebook.document import Criterion, Decay, Rulebook
from features.timeline import Touches


@dataclass(frozen=True)
class Agreed:
    """The agreed points of n leads: `total = base + points + caps`, not rounded, not cut.

    Attributes:
        base: points that every lead starts with.
        strength: (n, k) how much of each criterion applies: 0, or 1 for once, more for repeats.
        share: (n, k) strength as a share of the most it can be: 0 to 1, but for uncapped repeats.
        points: (n, k) points of each criterion, in rulebook order: strength times its points.
        caps: (n, g) what each group's bounds took away (or gave), in group order.
        total: (n,) all together.
    """

    base: float
    strength: Floats
    share: Floats
    points: Floats
    caps: Floats
    total: Floats


@dataclass(frozen=True)
class Facts:
    """What conditions may ask of n leads: named columns, and their own touches."""

    n: int
    columns: Mapping[str, Column]
    own: Touches


def award(rulebook: Rulebook, facts: Facts) -> Agreed:
    """Evaluate a rulebook on n leads.

    Raises:
        KeyError: when a criterion asks for a fact that is not in `facts`; `check` finds these.
    """
    strength = np.zeros((facts.n, len(rulebook.criteria)))
    for k, criterion in enumerate(rulebook.criteria):
        strength[:, k] = criterion_strength(criterion, facts)
    points = strength * np.array([c.points for c in rulebook.criteria])
    most = np.array([c.most if math.isfinite(c.most) else 1.0 for c in rulebook.criteria])
    caps = np.zeros((facts.n, len(rulebook.groups)))
    for g, (name, group) in enumerate(rulebook.groups.items()):
        members = [k for k, c in enumerate(rulebook.criteria) if c.group == name]
        sum_of = points[:, members].sum(axis=1)
        low = -np.inf if group.at_least is None else group.at_least
        high = np.inf if group.at_most is None else group.at_most
        caps[:, g] = np.clip(sum_of, low, high) - sum_of
    total = rulebook.base_points + points.sum(axis=1) + caps.sum(axis=1)
    return Agreed(rulebook.base_points, strength, strength / most, points, caps, total)


def criterion_strength(criterion: Criterion, facts: Facts) -> Floats:
    """How much of one criterion applies to each lead: 0 for not at all, 1 for once in full.

    Fading makes it less, repetition more, up to the criterion's cap. Shape (n,).
    """
    condition = criterion.when
    if not isinstance(condition, Happened) or (criterion.count == "once" and not criterion.decay):
        return holds(condition, facts).astype(np.float64)
    matching = _matching(condition, facts.own)
    enough = matching.count() >= condition.at_least
    weight = _remaining(criterion.decay, matching.age)
    if criterion.count == "once":
        strongest = np.zeros(facts.n)
        np.maximum.at(strongest, matching.row, weight)
        return np.where(enough, strongest, 0.0)
    return np.where(enough, np.minimum(matching.count(weight), criterion.most), 0.0)


def _remaining(decay: Decay | None, age: Floats) -> Floats:
    if decay is None:
        return np.ones_like(age)
    if decay.half_life_days is not None:
        return np.exp2(-age / decay.half_life_days)
    assert decay.gone_after_days is not None
    return np.clip(1.0 - age / decay.gone_after_days, 0.0, 1.0)


def holds(condition: Condition, facts: Facts) -> Flags:
    """Whether the condition holds, per lead. Shape (n,)."""
    match condition:
        case AllOf():
            return np.asarray(np.all([holds(p, facts) for p in condition.all], axis=0))
        case AnyOf():
            return np.asarray(np.any([holds(p, facts) for p in condition.any], axis=0))
        case Not():
            return np.logical_not(holds(condition.not_, facts))
        case Happened():
            return np.asarray(_matching(condition, facts.own).count() >= condition.at_least)
        case _:
            return _fact_holds(condition, facts.columns[condition.field])


def _matching(condition: Happened, own: Touches) -> Touches:
    which = condition.activity
    mask = np.ones(len(own.row), dtype=bool)
    for wanted, column in (
        (which.channel, own.channel),
        (which.kind, own.kind),
        (which.team, own.team),
    ):
        if wanted is not None:
            mask &= _texts_equal(column, {wanted.casefold()})
    if condition.within_days is not None:
        mask &= own.age <= condition.within_days
    return own.where(mask)


def _fact_holds(fact: Fact, column: Column) -> Flags:
    if column.dtype.kind == "f":
        return _number_holds(fact, column)
    if column.dtype.kind == "M":
        absent = np.isnat(column)
        return absent if fact.missing else ~absent
    if fact.missing is not None:
        absent = np.array([v is None for v in column], dtype=bool)
        return absent if fact.missing else ~absent
    if fact.contains is not None:
        part = fact.contains.casefold()
        return np.array([v is not None and part in str(v).casefold() for v in column], dtype=bool)
    wanted = fact.in_ if fact.in_ is not None else (fact.is_,)
    return _texts_equal(column, {_as_text(v) for v in wanted if v is not None})


def _number_holds(fact: Fact, x: Column) -> Flags:
    # NaN compares false with everything, so a missing number passes no bound.
    if fact.missing is not None:
        return np.isnan(x) if fact.missing else ~np.isnan(x)
    if fact.in_ is not None:
        return np.isin(x, [float(v) for v in fact.in_ if not isinstance(v, str)])
    if fact.between is not None:
        return np.asarray((x >= fact.between[0]) & (x <= fact.between[1]))
    if fact.is_ is not None:
        return np.asarray(x == float(fact.is_))
    tests = (
        (fact.at_least, np.greater_equal),
        (fact.at_most, np.less_equal),
        (fact.above, np.greater),
        (fact.below, np.less),
    )
    bound, compare = next((b, c) for b, c in tests if b is not None)
    return np.asarray(compare(x, bound))


def _texts_equal(column: Column, wanted: set[str]) -> Flags:
    known: dict[object, bool] = {None: False}
    for value in set(column.tolist()) - {None}:
        known[value] = str(value).casefold() in wanted
    return np.fromiter((known[v] for v in column), dtype=bool, count=len(column))


def _as_text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # 1234567 must not become 1.23457e+06, the name of no level.
    return f"{value:.15g}" if isinstance(value, float) else value.casefold()
