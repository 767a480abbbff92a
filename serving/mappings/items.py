"""What a payload comes to, record by record: things to be stored, or why one is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from features.errors import Problem


@dataclass(frozen=True)
class Item:
    """Whatever it is, it stands somewhere.

    Attributes:
        place: a pointer to the record in the payload.
        record: its type's name in the mapping; "" where nothing was recognised.
    """

    place: str
    record: str


@dataclass(frozen=True)
class Fact:
    """What is told of one field.

    Attributes:
        value: a JSON value; None where it is said that nothing is known.
        place: a pointer to it in the payload.
        first: whether the earliest that is told counts, instead of the newest.
    """

    value: Any
    place: str
    first: bool = False


@dataclass(frozen=True)
class Told(Item):
    """Facts about a lead or an account.

    Attributes:
        kind: whose facts.
        id: of the lead or the account.
        at: the instant at which they were so.
        facts: by name of the field.
        account: of a lead: the id of its account, as a fact; None where nothing is said of it.
        owner: of a lead: who works it, likewise.
        problems: values that cannot be taken; the others stand.
        unmapped: (field, value) for which the mapping has no level.
    """

    kind: Literal["lead", "account"]
    id: str
    at: np.datetime64
    facts: Mapping[str, Fact]
    account: Fact | None = None
    owner: Fact | None = None
    problems: tuple[Problem, ...] = ()
    unmapped: tuple[tuple[str, str], ...] = ()

    @property
    def says_anything(self) -> bool:
        """Whether there is anything in it, if only something that cannot be taken."""
        return bool(self.facts or self.account or self.owner or self.problems)


@dataclass(frozen=True)
class Happened(Item):
    """An activity or an outcome, as `POST /v1/activities` and `/v1/outcomes` take it."""

    kind: Literal["activity", "outcome"]
    event: Mapping[str, Any]
    unmapped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Gone(Item):
    """A lead that the CRM removed, at an instant; `erased` when its person asked for it."""

    id: str
    at: np.datetime64
    erased: bool


@dataclass(frozen=True)
class Same(Item):
    """A record that stands for a lead: merged into it, or become of it."""

    id: str
    lead: str
    merged: bool


@dataclass(frozen=True)
class Left(Item):
    """A record of which nothing is stored, and why."""

    why: str
    unmapped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wrong(Item):
    """A record that cannot be taken, with all that is wrong with it."""

    problems: tuple[Problem, ...]
