"""The buttons that open a criterion's condition, add rows to it and take rows out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from features.errors import InputRefused, LeadpactError
from features.rulebook.conditions import Condition
from features.rulebook.sentences import sentence
from serving.pages.piece_controls import (
    CONTROLS,
    NEW,
    is_open,
    name_of,
    pieces_in,
    row_errors,
    typed_condition,
)
from serving.pages.pieces import MOST_ROWS, Asks, Pieces, Row
from serving.pages.pieces_written import pieces_of

STEPS = ("rows", "sentence", "more", "less")
"""What the buttons do, each followed by an owner and `less` by a row too: show rows, show a
sentence, add a row, take one out."""
_NO_ROWS = (
    "Rows cannot say this condition (it is nested, or holds a value that no control can hold), so "
    "it is written as a sentence."
)


def rearranged(
    typed: Mapping[str, str], step: str, stored: Mapping[str, Condition], asks: Asks
) -> tuple[dict[str, str], dict[str, str]]:
    """The form after one of `STEPS`, and control -> what is wrong; nothing that was typed is lost.

    Args:
        typed: the form as sent.
        step: a step and its owner, such as `more webinar` or `less webinar 0`.
        stored: criterion -> its condition as it stands in the proposal.
        asks: what rows may be about.

    Raises:
        InputRefused: when there is no such criterion or row.
    """
    what, _, rest = step.partition(" ")
    owner, _, place = rest.partition(" ")
    if owner not in stored and owner != NEW:
        raise InputRefused(f"There is no criterion {owner[:60]!r} in this proposal.")
    told = dict(typed)
    if what in ("more", "less"):
        if f"rows-{owner}" not in typed:
            raise InputRefused(f"The condition of {owner} is not open. Open it first.")
        pieces = pieces_in(typed, owner)
        kept = _with_one_more(pieces, typed, owner) if what == "more" else _without(pieces, place)
        return _filled(told, owner, replace(pieces, rows=kept)), {}
    return _shown_as(what, told, owner, stored.get(owner), asks)


def _with_one_more(pieces: Pieces, typed: Mapping[str, str], owner: str) -> tuple[Row, ...]:
    if len(pieces.rows) >= MOST_ROWS:
        raise InputRefused(f"A condition has {MOST_ROWS} rows at most.")
    return (*pieces.rows, Row(typed.get(f"about-{owner}", "")))


def _without(pieces: Pieces, place: str) -> tuple[Row, ...]:
    if place not in map(str, range(len(pieces.rows))):
        raise InputRefused(f"There is no row {place[:20]!r}.")
    return tuple(row for i, row in enumerate(pieces.rows) if str(i) != place)


def _shown_as(
    what: str, told: dict[str, str], owner: str, stored: Condition | None, asks: Asks
) -> tuple[dict[str, str], dict[str, str]]:
    """The condition's controls as rows or as a sentence."""
    when = stored
    if is_open(told, owner) and (
        told.get(f"when-{owner}") or told.get(f"rows-{owner}", "0") != "0"
    ):
        try:
            taken = typed_condition(told, owner, asks)
        except LeadpactError as error:
            return told, {f"when-{owner}": str(error)}
        if taken.when is None:
            return told, row_errors(owner, taken)
        when = taken.when
    if what == "sentence":
        return _as_sentence(told, owner, "" if when is None else sentence(when)), {}
    pieces = Pieces(()) if when is None else pieces_of(when, asks)
    if pieces is not None:
        return _filled(told, owner, pieces), {}
    assert when is not None
    return _as_sentence(told, owner, sentence(when)), {f"when-{owner}": _NO_ROWS}


def _as_sentence(told: dict[str, str], owner: str, text: str) -> dict[str, str]:
    return _emptied(told, owner) | {f"when-{owner}": text}


def _filled(told: dict[str, str], owner: str, pieces: Pieces) -> dict[str, str]:
    """The form with these rows in place of the condition's controls."""
    rows = {
        name_of(key, i, owner): text
        for i, row in enumerate(pieces.rows)
        for key, text in vars(row).items()
    }
    counted = {f"rows-{owner}": str(len(pieces.rows)), f"joint-{owner}": pieces.joint}
    return _emptied(told, owner) | rows | counted


def _emptied(told: dict[str, str], owner: str) -> dict[str, str]:
    out = {f"when-{owner}", f"rows-{owner}", f"joint-{owner}"}
    out |= {name_of(key, i, owner) for key in CONTROLS for i in range(MOST_ROWS)}
    return {name: text for name, text in told.items() if name not in out}
