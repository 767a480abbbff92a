"""How single values are read from a record: the words of a mapping that speak of one value."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as Setting

from features.fields import Document
from serving.mappings.conversions import INSTANTS, Conversion, as_text
from serving.mappings.pointers import EACH, Pattern

Constant = str | bool | float | None
Levels = Annotated[
    dict[str, Constant],
    BeforeValidator(lambda told: _by_text(told) if isinstance(told, dict) else told),
]
"""A CRM's value, as text -> ours; null says nothing."""


def _by_text(told: dict[Any, Any]) -> dict[str, Any]:
    return {as_text(key): value for key, value in told.items()}


def _listed(told: Any) -> Any:
    return told if isinstance(told, list | tuple) else [told]


def _shorthand(told: Any) -> Any:
    """A pointer alone, or some, is a value taken from there as text."""
    return {"at": told} if isinstance(told, str | list | tuple) else told


Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_listed)]


class Condition(Document):
    """A test of a record. Exactly one of `in`, `not_in` and `present` is given.

    `in` needs a value to be there; `not_in` holds also where none is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    at: Patterns
    among: tuple[Constant, ...] | None = Setting(default=None, alias="in")
    not_in: tuple[Constant, ...] | None = None
    present: bool | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if [self.among, self.not_in, self.present].count(None) != 2:
            raise ValueError("a condition says one of in, not_in and present")
        return self


Conditions = tuple[Condition, ...]


class Take(Document):
    """How one value is read: the first of the places `at` that holds something, converted.

    `levels` are looked up after `as`; a value that is no level is kept as it is and reported,
    or with `other: unknown` counts as not known. `default` stands in where nothing is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    at: Patterns = ()
    value: Constant = None
    how: Conversion = Setting(default="text", alias="as")
    levels: Levels | None = None
    other: Literal["keep", "unknown"] = "keep"
    times: float | None = None
    default: Constant = None

    @model_validator(mode="after")
    def _from_somewhere(self) -> Self:
        if bool(self.at) == (self.value is not None):
            raise ValueError("say either where it stands (at) or what it always is (value)")
        if self.times is not None and self.how != "number":
            raise ValueError("times goes with as: number")
        return self


def _is_instant(take: Take) -> Take:
    if take.how not in INSTANTS:
        raise ValueError(f"an instant is read as one of {', '.join(INSTANTS)}")
    return take


Taking = Annotated[Take, BeforeValidator(_shorthand)]
TakingInstant = Annotated[Take, BeforeValidator(_shorthand), AfterValidator(_is_instant)]


class FieldTake(Take):
    """How a field is read. `keep: first` freezes the earliest that was told, for entry facts that
    a CRM rewrites later."""

    keep: Literal["newest", "first"] = "newest"


TakingField = Annotated[FieldTake, BeforeValidator(_shorthand)]


class Ref(Take):
    """Ids of other records, of the type `of`; with `starts` only those that begin so. `own: true`
    is the record's own id, by which a link elsewhere will tell whose it is."""

    of: str = ""
    starts: str = ""
    own: bool = False
    when: Conditions = ()

    @model_validator(mode="after")
    def _from_somewhere(self) -> Self:
        if self.own == bool(self.at) or self.value is not None:
            raise ValueError("say either where the ids stand (at) or own: true")
        if not self.own and not self.of:
            raise ValueError("say which type of record the ids are of")
        return self

    @property
    def many(self) -> bool:
        """Whether it may name several records."""
        return any(EACH in pattern.split("/") for pattern in self.at)
