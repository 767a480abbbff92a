"""The controls of conditions that are being changed: their names in a form, what stands in them. No
HTML here.

A criterion whose condition is not being changed has none of these controls, so that a page of many
criteria stays light. Whose controls they are is told by the `owner` in their names: a criterion's
id, or `NEW`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from features.catalogue import Vocabulary
from features.errors import InputRefused
from features.fields import Fields
from features.rulebook.askable import askable
from features.rulebook.reading import read_sentence
from serving.pages.pieces import (
    FIRST,
    FITTING,
    HAPPENED,
    LAST,
    MOST_ROWS,
    TESTS,
    Asks,
    Pieces,
    Row,
    Taken,
)
from serving.pages.pieces_read import condition_of

NEW = "new-criterion"
"""Whose the controls are that make a new criterion; no criterion can be called so."""
CONTROLS = tuple(Row.__dataclass_fields__)
"""What a row has controls for."""


@dataclass(frozen=True)
class RowControls:
    """A row with what may be chosen in it.

    Attributes:
        row: what stands in its controls.
        title: what it is about, in words.
        sort: the fact's sort, "activity" or "end"; decides which controls are shown.
        tests: key -> words of the tests that fit.
        unit: of the fact.
        levels: values to choose from.
        errors: control -> what is wrong with it.
    """

    row: Row
    title: str
    sort: str
    tests: Mapping[str, str]
    unit: str
    levels: tuple[str, ...]
    errors: Mapping[str, str]


@dataclass(frozen=True)
class WhenControls:
    """The controls of one condition that is being changed.

    Attributes:
        joint: whether all rows must hold, or any.
        rows: its rows; None where it is written as a sentence.
        sentence: what stands in the sentence's control.
        error: what is wrong with the condition as a whole; "".
    """

    joint: str
    rows: list[RowControls] | None
    sentence: str
    error: str


def asks_of(fields: Fields, vocabulary: Vocabulary, levels: Mapping[str, tuple[str, ...]]) -> Asks:
    """What rows may be about: the fields' facts, and what history knew of levels and activities."""
    facts = {
        name: replace(fact, levels=levels.get(name, ()))
        if fact.sort == "choice" and not fact.levels
        else fact
        for name, fact in askable(fields).items()
    }
    return Asks(fields, facts, vocabulary.kinds, vocabulary.channels)


def is_open(typed: Mapping[str, str], owner: str) -> bool:
    """Whether the form holds controls of that condition."""
    return f"rows-{owner}" in typed or f"when-{owner}" in typed


def typed_condition(typed: Mapping[str, str], owner: str, asks: Asks) -> Taken:
    """The condition that was typed, in rows or as a sentence.

    Raises:
        SentenceRefused: when the sentence cannot be read.
    """
    if f"rows-{owner}" in typed:
        return condition_of(pieces_in(typed, owner), asks)
    return Taken(read_sentence(typed[f"when-{owner}"], asks.facts))


def row_errors(owner: str, taken: Taken) -> dict[str, str]:
    """Name of a control -> what is wrong with it; of the condition as a whole, `when-OWNER`."""
    return {
        name_of(control, i, owner) if i >= 0 else f"when-{owner}": why
        for (i, control), why in taken.problems.items()
    }


def name_of(control: str, i: int, owner: str) -> str:
    """The name of a control in a form: `value-0-webinar`."""
    return f"{control}-{i}-{owner}"


def pieces_in(typed: Mapping[str, str], owner: str) -> Pieces:
    """The rows that a form holds of a condition.

    Raises:
        InputRefused: when it tells another number of rows than a form of ours can.
    """
    rows = tuple(_row(typed, i, owner) for i in range(_count(typed, owner)))
    return Pieces(rows, "any" if typed.get(f"joint-{owner}") == "any" else "all")


def _row(typed: Mapping[str, str], i: int, owner: str) -> Row:
    told = {key: typed.get(name_of(key, i, owner), "").strip() for key in CONTROLS}
    return Row(**told)


def _count(typed: Mapping[str, str], owner: str) -> int:
    told = typed[f"rows-{owner}"]
    if told not in map(str, range(MOST_ROWS + 1)):
        raise InputRefused(f"A condition has 0 to {MOST_ROWS} rows, not {told[:20]!r}.")
    return int(told)


def when_controls(
    typed: Mapping[str, str], owner: str, asks: Asks, errors: Mapping[str, str]
) -> WhenControls | None:
    """The controls of a condition as typed; None where it is not being changed."""
    if not is_open(typed, owner):
        return None
    error = errors.get(f"when-{owner}", "")
    if f"rows-{owner}" not in typed:
        return WhenControls("all", None, typed[f"when-{owner}"], error)
    pieces = pieces_in(typed, owner)
    rows = [_row_controls(row, i, owner, asks, errors) for i, row in enumerate(pieces.rows)]
    return WhenControls(pieces.joint, rows, "", error)


def _row_controls(
    row: Row, i: int, owner: str, asks: Asks, errors: Mapping[str, str]
) -> RowControls:
    told = {key: why for key in CONTROLS if (why := errors.get(name_of(key, i, owner)))}
    if row.about in (HAPPENED, FIRST, LAST):
        sort = "activity" if row.about == HAPPENED else "end"
        return RowControls(row, row.about, sort, {}, "", (), told)
    fact = asks.facts.get(row.about)
    if fact is None:
        return RowControls(row, row.about, "unknown", {}, "", (), told)
    tests = {key: TESTS[key] for key in FITTING[fact.sort]}
    return RowControls(row, fact.says, fact.sort, tests, fact.unit, fact.levels, told)
