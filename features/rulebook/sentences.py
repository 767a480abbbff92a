"""A rule as an English sentence: what people read, and what `reading` reads back as the same tree.

`employees is 200 to 999 and not (email kind is free): +12 points`
"""

from __future__ import annotations

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
    Which,
    Whose,
)
from features.rulebook.criteria import Criterion, Decay
from features.rulebook.words import name, number, quoted, value


def sentence(condition: Condition) -> str:
    """The condition in words, fit to stand after "When"."""
    match condition:
        case AllOf():
            return _joined(condition.all, "and", "all of")
        case AnyOf():
            return _joined(condition.any, "or", "any of")
        case Not():
            return f"not ({sentence(condition.not_)})"
        case Happened():
            return f"{_amount(condition)}{_acts(condition.activity)}{_limits(condition)}"
        case First():
            return f"the first activity{_of(condition.by)} is {_acts(condition.first)}" + _within(
                condition.within_days
            )
        case Last():
            return f"the last activity{_of(condition.by)} is {_acts(condition.last)}" + _within(
                condition.within_days
            )
        case _:
            return _fact(condition)


def rule_sentence(criterion: Criterion) -> str:
    """A whole criterion in words: when it applies, and the points it gives."""
    points = f"{'+' if criterion.points >= 0 else ''}{number(criterion.points)} points"
    told = [points + (" each time" if criterion.count == "repeat" else "")]
    if criterion.cap is not None:
        told.append(f"at most {number(criterion.cap)}")
    if criterion.decay is not None:
        told.append(_decay(criterion.decay))
    if criterion.valid_until is not None:
        told.append(f"until {criterion.valid_until}")
    return f"{sentence(criterion.when)}: {', '.join(told)}"


def _decay(decay: Decay) -> str:
    if decay.half_life_days is not None:
        return f"half after {number(decay.half_life_days)} days"
    return f"gone after {number(decay.gone_after_days or 0)} days"


def _joined(parts: tuple[Condition, ...], word: str, of: str) -> str:
    if len(parts) == 1:
        return f"{of} ({sentence(parts[0])})"
    return f" {word} ".join(_part(p) for p in parts)


def _part(condition: Condition) -> str:
    told = sentence(condition)
    parts = getattr(condition, "all", None) or getattr(condition, "any", None) or ()
    return f"({told})" if len(parts) > 1 else told


def _amount(test: Happened) -> str:
    if test.counting is None:
        return "" if test.at_least == 1 else f"at least {number(test.at_least)} times "
    what = "in value" if test.counting == "value" else test.counting
    return f"at least {number(test.at_least)} {what} with "


def _acts(which: Which) -> str:
    told = "any activity" if which.kind is None else _labels(which.kind)
    if which.channel is not None:
        told += f" through {_labels(which.channel)}"
    return told if which.team is None else f"{told} from {which.team}"


def _labels(told: str | tuple[str, ...]) -> str:
    return name(told) if isinstance(told, str) else f"one of {', '.join(map(name, told))}"


def _limits(test: Happened) -> str:
    return _of(test.by) + _within(test.within_days)


def _of(by: Whose | None) -> str:
    return {None: "", "colleagues": " among colleagues", "account": " at the account"}[by]


def _within(days: float | None) -> str:
    return "" if days is None else f" within {number(days)} days"


def _fact(fact: Fact) -> str:
    told = name(fact.field)
    if fact.missing is not None:
        return f"{told} is {'' if fact.missing else 'not '}missing"
    if fact.in_ is not None:
        return f"{told} is one of {', '.join(map(_scalar, fact.in_))}"
    if fact.between is not None:
        return f"{told} is {number(fact.between[0])} to {number(fact.between[1])}"
    if fact.contains is not None:
        return f"{told} contains {quoted(fact.contains)}"
    if fact.is_ is not None:
        return f"{told} is {_scalar(fact.is_)}"
    bounds = (
        ("at least", fact.at_least),
        ("at most", fact.at_most),
        ("above", fact.above),
        ("below", fact.below),
    )
    word, bound = next((w, b) for w, b in bounds if b is not None)
    return f"{told} is {word} {number(bound)}"


def _scalar(told: Scalar) -> str:
    if isinstance(told, bool):
        return "yes" if told else "no"
    return number(told) if isinstance(told, float) else value(told)
