"""When a criterion applies: a small typed tree over facts and activities.

A fact is a field of the lead or a feature derived from it (`email_kind`, `job_title_seniority`).
In YAML::

    when: {field: employees, between: [200, 999]}
    when: {activity: {kind: webinar_attended}, within_days: 90}
    when: {activity: {any: true}, by: account, counting: people, within_days: 30, at_least: 3}
    when: {last: {kind: demo_page}}
    when: {all: [{field: email_kind, is: free}, {not: {field: phone_given, is: true}}]}

`docs/rulebook.md` is the reference; `features.rulebook.sentences` writes a tree in English.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Discriminator, Tag, model_validator
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
    in_: tuple[Scalar, ...] | None = Setting(default=None, alias="in", min_length=1)
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
        if not all(map(math.isfinite, self.numbers)):
            raise ValueError(f"test of {self.field!r}: {given[0].rstrip('_')} is no finite number")
        return self

    @property
    def numbers(self) -> tuple[float, ...]:
        """Every number that the test names; booleans are none."""
        bounds = (self.at_least, self.at_most, self.above, self.below, *(self.between or ()))
        told = (self.is_, *(self.in_ or ()), *bounds)
        return tuple(v for v in told if isinstance(v, int | float) and not isinstance(v, bool))

    @property
    def wanted(self) -> tuple[Scalar, ...]:
        """The values that `is` or `in` names; empty for other tests."""
        return self.in_ if self.in_ is not None else () if self.is_ is None else (self.is_,)


_Label = str | Annotated[tuple[str, ...], Setting(min_length=1)]
"""One channel or kind, or several of which any will do."""


class Which(Document):
    """Which activities: every part that is given must agree, without case; or `any: true`."""

    channel: _Label | None = None
    kind: _Label | None = None
    team: Literal["marketing", "sales"] | None = None
    any: Literal[True] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        parts = bool(self.channel or self.kind or self.team)
        if not parts and not self.any:
            raise ValueError(
                "activity: give at least one of channel, kind, team, or any: true for all of them"
            )
        if parts and self.any:
            raise ValueError("activity: any: true goes without channel, kind and team")
        return self

    @property
    def channels(self) -> frozenset[str] | None:
        """The channels that will do, casefolded; None for all."""
        return _labels(self.channel)

    @property
    def kinds(self) -> frozenset[str] | None:
        """The kinds that will do, casefolded; None for all."""
        return _labels(self.kind)


def _labels(told: str | tuple[str, ...] | None) -> frozenset[str] | None:
    if told is None:
        return None
    return frozenset(v.casefold() for v in ((told,) if isinstance(told, str) else told))


Whose = Literal["colleagues", "account"]
"""Others at the lead's account, or the lead and them."""
Counted = Literal["channels", "kinds", "days", "people", "value"]


def _whole(value: float) -> float:
    # 2.0 and 2 are one number, and one canonical text.
    return int(value) if float(value).is_integer() else value


Days = Annotated[float | None, Setting(gt=0, allow_inf_nan=False)]
"""Days before the scoring instant within which an activity counts; None for any age."""


class Happened(Document):
    """At least so many such activities of the lead, or of whom `by` says.

    `counting` counts something else of them: different channels, kinds, people, or days (of 24
    hours, back from the scoring instant); or it sums up their values.
    """

    activity: Which
    within_days: Days = None
    by: Whose | None = None
    counting: Counted | None = None
    at_least: Annotated[int | float, AfterValidator(_whole)] = Setting(
        default=1, gt=0, allow_inf_nan=False
    )

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if self.counting != "value" and not isinstance(self.at_least, int):
            raise ValueError(f"at_least: {self.at_least} is no count; write a whole number")
        return self


class First(Document):
    """The oldest activity that can be seen is such a one, and not older than `within_days`."""

    first: Which
    within_days: Days = None
    by: Whose | None = None


class Last(Document):
    """The newest activity that can be seen is such a one, and not older than `within_days`."""

    last: Which
    within_days: Days = None
    by: Whose | None = None


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


_BY_KEY: dict[str, type[Document]] = {
    "field": Fact,
    "activity": Happened,
    "first": First,
    "last": Last,
    "all": AllOf,
    "any": AnyOf,
    "not": Not,
}


def _key_of(told: Any) -> str | None:
    """Which sort of condition is meant, by the key that only it has."""
    if isinstance(told, dict):
        return next((key for key in _BY_KEY if key in told or (key + "_") in told), None)
    return next((key for key, model in _BY_KEY.items() if type(told) is model), None)


Condition = Annotated[
    Annotated[Fact, Tag("field")]
    | Annotated[Happened, Tag("activity")]
    | Annotated[First, Tag("first")]
    | Annotated[Last, Tag("last")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(
        _key_of,
        custom_error_type="condition",
        custom_error_message="a condition has one of the keys field, activity, first, last, all, "
        "any, not",
    ),
]
Leaf = Fact | Happened | First | Last

for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()


def acts(leaf: Happened | First | Last) -> Which:
    """Which activities a test of activities asks for."""
    match leaf:
        case First():
            return leaf.first
        case Last():
            return leaf.last
        case _:
            return leaf.activity


def walk(condition: Condition) -> Iterator[Leaf]:
    """The leaves of a condition, in reading order."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.all if isinstance(condition, AllOf) else condition.any:
            yield from walk(part)
    elif isinstance(condition, Not):
        yield from walk(condition.not_)
    else:
        yield condition
