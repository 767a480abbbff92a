"""Checks of two rules side by side: one thing said twice, and rules that never come to a say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from features.rulebook.conditions import Condition, Fact, acts, walk
from features.rulebook.criteria import Criterion, Disqualifier
from features.rulebook.finding import Finding
from features.rulebook.logic import Act, Logic, narrower
from features.rulebook.sentences import sentence
from features.rulebook.words import number


def overlaps(criteria: Sequence[Criterion], logic: Logic) -> Iterator[Finding]:
    """Criteria that apply together always, or one wherever the other does, or that count one fact
    twice for leads to whom both apply."""
    for one, other in combinations(criteria, 2):
        common = shared(one.when, other.when)
        if not common:
            continue
        forth, back = logic.implies(one.when, other.when), logic.implies(other.when, one.when)
        if forth and back:
            yield _together(one, other)
        elif forth or back:
            yield _within(*((one, other) if forth else (other, one)))
        elif not logic.apart(one.when, other.when):
            yield _twice(one, other, common)


def _points(criterion: Criterion) -> str:
    return f"{'+' if criterion.points >= 0 else ''}{number(criterion.points)}"


def _together(one: Criterion, other: Criterion) -> Finding:
    return Finding(
        other.id,
        "overlap",
        "warning",
        f"Criteria {one.id} and {other.id} always apply together.",
        f"Whoever gets {_points(one)} gets {_points(other)} as well.",
        "Make them one, or correct one of them.",
    )


def _within(narrow: Criterion, wide: Criterion) -> Finding:
    return Finding(
        narrow.id,
        "overlap",
        "warning",
        f"Wherever criterion {narrow.id} applies, {wide.id} applies too.",
        f"Its leads get {_points(narrow)} on top of {_points(wide)}.",
        "If that is not meant, leave its leads out of the wider one.",
    )


def _twice(one: Criterion, other: Criterion, common: str) -> Finding:
    return Finding(
        other.id,
        "double counting",
        "warning",
        f"Criteria {one.id} and {other.id} both ask for {common}, and both can apply to one lead.",
        f"One fact then gives {_points(one)} and {_points(other)}.",
        "If that is not meant, make one of them exclude the other.",
    )


def shadowed(disqualifiers: Sequence[Disqualifier], logic: Logic) -> Iterator[Finding]:
    """Disqualifiers that never decide, because an earlier one applies wherever they do."""
    for first, later in combinations(disqualifiers, 2):
        if shared(first.when, later.when) and logic.implies(later.when, first.when):
            yield Finding(
                later.id,
                "unreachable",
                "warning",
                f"Disqualifier {later.id} never decides: {first.id} is asked before it.",
                f"Wherever it applies, the route is {first.route} already.",
                "Put it first, or leave it out.",
            )


def shared(one: Condition, other: Condition) -> str:
    """What two conditions both ask for, in words; "" for nothing.

    The same fact; or activities of which the one test's are all among the other's.
    """
    a, b = list(walk(one)), list(walk(other))
    facts = {leaf.field for leaf in a if isinstance(leaf, Fact)}
    both = sorted(facts & {leaf.field for leaf in b if isinstance(leaf, Fact)})
    told = [name.replace("_", " ") for name in both]
    told += [
        _in_words(x if narrower(acts(x), acts(y)) else y)
        for x, y in product(a, b)
        if not isinstance(x, Fact) and not isinstance(y, Fact) and _same_acts(x, y)
    ]
    return " and ".join(dict.fromkeys(told))


def _same_acts(x: Act, y: Act) -> bool:
    whose = x.by == y.by or "account" in (x.by, y.by)
    return whose and (narrower(acts(x), acts(y)) or narrower(acts(y), acts(x)))


def _in_words(act: Act) -> str:
    return sentence(type(act).model_validate(act.model_dump() | {"within_days": None}))
