"""A condition as rows of a form: one test a row, joined by "and" or "or". No HTML here.

What stands in a row's controls is what `pieces_read` reads, and what `pieces_written` writes. A
condition of another shape (nested, or with values that no control can hold) has no rows; it is
written as a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from features.fields import Fields
from features.rulebook.askable import Askable, Sort
from features.rulebook.conditions import Condition

MOST_ROWS = 12
"""Tests of one condition that rows are offered for."""
HAPPENED, FIRST, LAST = "an activity", "the first activity", "the last activity"
"""What a row may be about beside facts; a fact's name holds no spaces, so none is mistaken."""
TESTS: dict[str, str] = {
    "is": "is",
    "in": "is one of",
    "contains": "contains",
    "at_least": "is at least",
    "at_most": "is at most",
    "above": "is above",
    "below": "is below",
    "between": "is from … to",
    "yes": "is yes",
    "no": "is no",
    "given": "is not missing",
    "missing": "is missing",
}
"""Tests of a fact, in words."""
NUMERIC = ("at_least", "at_most", "above", "below")
GIVEN = ("given", "missing")
FITTING: dict[Sort, tuple[str, ...]] = {
    "number": (*NUMERIC, "between", "is", "in", *GIVEN),
    "choice": ("is", "in", "contains", *GIVEN),
    "text": ("contains", "is", "in", *GIVEN),
    "yes or no": ("yes", "no", *GIVEN),
    "date": ("missing", "given"),
}
"""Sort of fact -> the tests that fit it."""


@dataclass(frozen=True)
class Asks:
    """What rows may be about.

    Attributes:
        fields: what the facts are declared by.
        facts: name -> what is known of the fact.
        kinds, channels: of the activities that history knew.
    """

    fields: Fields
    facts: Mapping[str, Askable]
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One test, as the texts of its controls; "" where a control is empty or is not shown.

    Attributes:
        about: the name of a fact, or `HAPPENED`, `FIRST`, `LAST`.
        denied: "not" where the test must fail.
        test: of `TESTS`; value: what the fact is held against; to: the end of a span.
        kind, channel: names with commas between them; any where empty.
        team: "marketing" or "sales"; by: "colleagues" or "account".
        least: how many; counting: of what, "" for times.
        within: days.
    """

    about: str
    denied: str = ""
    test: str = ""
    value: str = ""
    to: str = ""
    kind: str = ""
    channel: str = ""
    team: str = ""
    by: str = ""
    least: str = ""
    counting: str = ""
    within: str = ""


@dataclass(frozen=True)
class Pieces:
    """A condition as rows; `joint` is "all" or "any", and means nothing for a single row."""

    rows: tuple[Row, ...]
    joint: Literal["all", "any"] = "all"


@dataclass(frozen=True)
class Taken:
    """What rows come to.

    Attributes:
        when: the condition; None where something is wrong.
        problems: (place of the row, control) -> what is wrong, a sentence. Place -1: the whole.
    """

    when: Condition | None
    problems: Mapping[tuple[int, str], str] = field(default_factory=dict)
