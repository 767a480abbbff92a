"""Can a condition hold at all, must it, and does one imply another: decided by search.

Every question is whether some tests can hold together while others do not. Facts are decided
exactly, each by itself (`domains`); activities by which test contains which. The search follows
each alternative of the conditions once and gives up after so many: the answer is then None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from features.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    First,
    Happened,
    Last,
    Not,
    Which,
    acts,
)
from features.rulebook.domains import Domain, Numbers, passing

MOST_STEPS = 2000
"""Tests looked at before a question counts as not decided."""

Act = Happened | First | Last
Goal = tuple[Condition, bool]
"""A condition, and whether it is to hold."""


class _Undecided(Exception):
    """The search was given up."""


@dataclass(frozen=True)
class _State:
    """What has been assumed so far: what each fact can still be, what happened, what did not."""

    facts: Mapping[str, Domain]
    did: tuple[Act, ...] = ()
    did_not: tuple[Act, ...] = ()


class Logic:
    """Questions about conditions over known facts.

    Args:
        universe: fact -> all that it can be; every fact that is asked about is in it.
    """

    def __init__(self, universe: Mapping[str, Domain]) -> None:
        self._universe = universe
        self._steps = 0

    def impossible(self, *goals: Goal) -> bool | None:
        """Whether no lead meets all goals at once; None when that is not decided."""
        self._steps = 0
        try:
            return not self._possible(goals, _State(self._universe))
        except _Undecided:
            return None

    def never(self, condition: Condition) -> bool | None:
        """Whether it holds for no lead."""
        return self.impossible((condition, True))

    def always(self, condition: Condition) -> bool | None:
        """Whether it holds for every lead."""
        return self.impossible((condition, False))

    def implies(self, condition: Condition, other: Condition) -> bool | None:
        """Whether the other holds wherever the first does."""
        return self.impossible((condition, True), (other, False))

    def apart(self, condition: Condition, other: Condition) -> bool | None:
        """Whether both never hold of one lead."""
        return self.impossible((condition, True), (other, True))

    def _possible(self, goals: tuple[Goal, ...], state: _State) -> bool:
        later: list[list[Goal]] = []
        waiting = list(goals)
        while waiting:
            condition, wanted = waiting.pop()
            self._step()
            parts = _parts(condition, wanted)
            if parts is None:
                found = _assume(condition, wanted, state)
                if found is None:
                    return False
                state = found
            elif isinstance(condition, AnyOf if wanted else AllOf):
                later.append(parts)
            else:
                waiting += parts
        return self._some(later, state)

    def _some(self, choices: list[list[Goal]], state: _State) -> bool:
        """Whether one part of every choice can hold beside what is assumed."""
        if not choices:
            return True
        first, rest = choices[0], choices[1:]
        # What is left to choose is carried along as goals of its own.
        more = tuple(_again(choice) for choice in rest)
        return any(self._possible((goal, *more), state) for goal in first)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _Undecided


def _parts(condition: Condition, wanted: bool) -> list[Goal] | None:
    """The goals that a goal comes to; None for a single test."""
    match condition:
        case AllOf():
            return [(part, wanted) for part in condition.all]
        case AnyOf():
            return [(part, wanted) for part in condition.any]
        case Not():
            return [(condition.not_, not wanted)]
        case _:
            return None


def _again(choice: list[Goal]) -> Goal:
    """A choice as one goal: any of its parts; all have the same `wanted`."""
    parts, wanted = tuple(part for part, _ in choice), choice[0][1]
    return (AnyOf(any=parts), True) if wanted else (AllOf(all=parts), False)


def _assume(test: Condition, wanted: bool, state: _State) -> _State | None:
    """The state with one test more; None when that contradicts it."""
    if isinstance(test, Fact):
        known = state.facts[test.field]
        left = known.both(passing(test, isinstance(known.values, Numbers), denied=not wanted))
        return None if left.empty else replace(state, facts={**state.facts, test.field: left})
    assert isinstance(test, Happened | First | Last)
    if wanted:
        contradicted = any(contains(test, other) for other in state.did_not) or _too_many(test)
        ends = any(_ends_apart(test, other) for other in state.did)
        return None if contradicted or ends else replace(state, did=(*state.did, test))
    if any(contains(other, test) for other in state.did):
        return None
    return replace(state, did_not=(*state.did_not, test))


def contains(test: Act, other: Act) -> bool:
    """Whether `other` holds wherever `test` does, as far as their words tell."""
    if isinstance(other, First | Last):
        same = type(test) is type(other) and test.by == other.by
        return same and _inside(test, other)
    if not _inside(test, other) or not _among(test, other):
        return False
    if isinstance(test, First | Last):
        return other.at_least == 1 and other.counting != "value"
    return _as_many(test, other)


def _as_many(test: Happened, other: Happened) -> bool:
    if other.counting == "value":
        same = (test.activity, test.within_days, test.by) == (
            other.activity,
            other.within_days,
            other.by,
        )
        return same and test.counting == "value" and test.at_least >= other.at_least
    if test.counting == "value":
        return other.at_least == 1
    comparable = other.counting in (None, test.counting) or other.at_least == 1
    return comparable and test.at_least >= other.at_least


def _inside(test: Act, other: Act) -> bool:
    """Whether every activity that the first asks for is one that the second does."""
    days = float("inf") if other.within_days is None else other.within_days
    young = test.within_days is not None and test.within_days <= days
    return (young or other.within_days is None) and narrower(acts(test), acts(other))


def _among(test: Act, other: Act) -> bool:
    return other.by in (test.by, "account")


def narrower(which: Which, other: Which) -> bool:
    """Whether all such activities are also of the other sort."""
    kinds = _subset(which.kinds, other.kinds) and _subset(which.channels, other.channels)
    return kinds and (other.team is None or which.team == other.team)


def _subset(some: frozenset[str] | None, of: frozenset[str] | None) -> bool:
    return of is None or (some is not None and some <= of)


def _ends_apart(test: Act, other: Act) -> bool:
    """Whether two tests of the same end of a history ask for activities of different sorts."""
    if isinstance(test, Happened) or type(test) is not type(other) or test.by != other.by:
        return False
    one, two = acts(test), acts(other)
    pairs = ((one.kinds, two.kinds), (one.channels, two.channels))
    apart = any(a is not None and b is not None and not a & b for a, b in pairs)
    return apart or (None not in (one.team, two.team) and one.team != two.team)


def _too_many(test: Act) -> bool:
    """Whether a test counts more different things than there can be."""
    if not isinstance(test, Happened):
        return False
    which, most = test.activity, float("inf")
    match test.counting:
        case "channels" if which.channels is not None:
            most = len(which.channels)
        case "kinds" if which.kinds is not None:
            most = len(which.kinds)
        case "days" if test.within_days is not None:
            most = int(test.within_days) + 1
        case "people" if test.by is None:
            most = 1
    return test.at_least > most
