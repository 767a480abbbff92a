"""When a criterion applies: a small typed tree over facts and activities.

A fact is a field of the lead or a feature derived from it (`email_kind`, `job_title_seniority`).
In YAML::

    when: {field: employees, between: [200, 999]}
    when: {activity: {kind: webinar_attended}, within_days: 90}
    when: {all: [{field: email_kind, is: free}, {not: {field: phone_given, is: true}}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic import Field as Setting

from features.fields import Document

Scalar = bool | float | str

_OPERATORS = ("is_", "in_", "at_least", "at_most", "above", "below", "between", "contains")


class Fact(Document):
    """A test of one fact; exactly one operator is given. Numbers: bounds are inclusive but for
    `above` and `below`. Texts compare without case. A missing fact passes only `missing: true`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    field: str
    is_: Scalar | None = Setting(default=None, alias="is")
    in_: tuple[Scalar, ...] | None = Setting(default=None, alias="in")
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    contains: str | None = None
    missing: bool | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        given = [o for o in (*_OPERATORS, "missing") if getattr(self, o) is not None]
        if len(given) != 1:
            names = ", ".join(o.rstrip("_") for o in (*_OPERATORS, "missing"))
            raise ValueError(f"test of {self.field!r}: give exactly one of {names}")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError(f"test of {self.field!r}: between {self.between} holds no number")
        return self


class Which(Document):
    """Which activities: every part that is given must agree, without case."""

    channel: str | None = None
    kind: str | None = None
    team: Literal["marketing", "sales"] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.channel or self.kind or self.team):
            raise ValueError("activity: give at least one of channel, kind, team")
        return self


class Happened(Document):
    """At least so many such activities, seen within so many days before the scoring instant."""

    activity: Which
    within_days: float | None = Setting(default=None, gt=0)
    at_least: int = Setting(default=1, ge=1)


class AllOf(Document):
    """Every part holds."""

    all: tuple[Condition, ...] = Setting(min_length=1)


class AnyOf(Document):
    """At least one part holds."""

    any: tuple[Condition, ...] = Setting(min_length=1)


class Not(Document):
    """The part does not hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    not_: Condition = Setting(alias="not")


Condition = Fact | Happened | AllOf | AnyOf | Not

for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()


def walk(condition: Condition) -> Iterator[Fact | Happened]:
    """The leaves of a condition, in reading order."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.all if isinstance(condition, AllOf) else condition.any:
            yield from walk(part)
    elif isinstance(condition, Not):
        yield from walk(condition.not_)
    else:
        yield condition


def sentence(condition: Condition) -> str:
    """The condition in words, fit to stand after "When"."""
    match condition:
        case AllOf():
            return " and ".join(_part(p) for p in condition.all)
        case AnyOf():
            return " or ".join(_part(p) for p in condition.any)
        case Not():
            return f"not ({sentence(condition.not_)})"
        case Happened():
            return _happened(condition)
        case _:
            return _fact(condition)


def _part(condition: Condition) -> str:
    told = sentence(condition)
    return f"({told})" if isinstance(condition, AllOf | AnyOf) else told


def _happened(condition: Happened) -> str:
    which = condition.activity
    words = [w for w in (which.team, which.channel, which.kind) if w]
    times = "" if condition.at_least == 1 else f"at least {condition.at_least} times "
    days = f" within {condition.within_days:g} days" if condition.within_days else ""
    return f"{times}{' / '.join(words).replace('_', ' ')}{days}"


def _fact(fact: Fact) -> str:
    name = fact.field.replace("_", " ")
    if fact.missing is not None:
        return f"{name} is {'' if fact.missing else 'not '}missing"
    if fact.in_ is not None:
        return f"{name} is one of {', '.join(_scalar(v) for v in fact.in_)}"
    if fact.between is not None:
        return f"{name} is {fact.between[0]:g} to {fact.between[1]:g}"
    if fact.contains is not None:
        return f"{name} contains {fact.contains!r}"
    if fact.is_ is not None:
        return f"{name} is {_scalar(fact.is_)}"
    words = {"at_least": "at least", "at_most": "at most", "above": "above", "below": "below"}
    name_of = next(o for o in words if getattr(fact, o) is not None)
    value: Any = getattr(fact, name_of)
    return f"{name} is {words[name_of]} {value:g}"


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, float) else str(value)
