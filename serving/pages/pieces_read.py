"""Rows of a form read as a condition, or told what is wrong with which control."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from features.rulebook.askable import Askable
from features.rulebook.check import unusable
from features.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    First,
    Happened,
    Last,
    Leaf,
    Not,
)
from features.rulebook.words import number
from serving.pages.pieces import FIRST, FITTING, HAPPENED, LAST, Asks, Pieces, Row, Taken
from serving.pages.typed import as_number, names_in


class _Wrong(Exception):
    """A control holds what cannot be taken."""

    def __init__(self, control: str, why: str) -> None:
        super().__init__(why)
        self.control = control


def condition_of(pieces: Pieces, asks: Asks) -> Taken:
    """What rows say, held against the fields; or what is wrong with which control."""
    if not pieces.rows:
        return Taken(None, {(-1, "more"): "Say when it applies: add a condition."})
    parts: list[Condition] = []
    problems: dict[tuple[int, str], str] = {}
    for i, row in enumerate(pieces.rows):
        try:
            leaf = _leaf_of(row, asks)
        except _Wrong as wrong:
            problems[i, wrong.control] = str(wrong)
        else:
            parts.append(Not.model_validate({"not": leaf}) if row.denied else leaf)
    if problems:
        return Taken(None, problems)
    if len(parts) == 1:
        return Taken(parts[0])
    return Taken(AllOf(all=tuple(parts)) if pieces.joint == "all" else AnyOf(any=tuple(parts)), {})


def _leaf_of(row: Row, asks: Asks) -> Leaf:
    if row.about in (HAPPENED, FIRST, LAST):
        return _activity(row, asks)
    if row.about not in asks.facts:
        raise _Wrong("test", f"{row.about[:60]!r} is nothing that a score may look at.")
    fact = asks.facts[row.about]
    if row.test not in FITTING[fact.sort]:
        raise _Wrong("test", f"Say how {fact.says} is compared.")
    found = Fact.model_validate({"field": fact.name, **_test(row, fact)})
    for why in unusable("The test", found, asks.fields):
        raise _Wrong("value", why)
    return found


def _test(row: Row, fact: Askable) -> dict[str, Any]:
    """The key of the test and what it is held against."""
    read: Callable[[str, str], Any] = _numeric if fact.sort == "number" else _given
    match row.test:
        case "missing" | "given":
            return {"missing": row.test == "missing"}
        case "yes" | "no":
            return {"is": row.test == "yes"}
        case "in":
            return {"in": [read("value", text) for text in _names("value", row.value) or [""]]}
        case "between":
            low, high = _numeric("value", row.value), _numeric("to", row.to)
            if low > high:
                raise _Wrong("to", f"From {number(low)} to {number(high)} lies no number.")
            return {"between": (low, high)}
        case "contains":
            return {"contains": _given("value", row.value)}
        case _:
            return {row.test: read("value", row.value)}


def _given(control: str, text: str) -> str:
    if not text:
        raise _Wrong(control, "A value is missing.")
    return text


def _numeric(control: str, text: str) -> float:
    try:
        return as_number(text)
    except ValueError as error:
        raise _Wrong(control, str(error)) from None


def _names(control: str, text: str) -> list[str]:
    try:
        return names_in(text)
    except ValueError as error:
        raise _Wrong(control, str(error)) from None


def _activity(row: Row, asks: Asks) -> Happened | First | Last:
    which: dict[str, Any] = {
        "kind": _known(_names("kind", row.kind), asks.kinds),
        "channel": _known(_names("channel", row.channel), asks.channels),
        "team": row.team or None,
    }
    if not any(which.values()):
        which = {"any": True}
    within = _numeric("within", row.within) if row.within else None
    if within is not None and within <= 0:
        raise _Wrong("within", "Days within which it happened are more than 0.")
    told = {"by": row.by or None, "within_days": within}
    try:
        if row.about == HAPPENED:
            least = _numeric("least", row.least) if row.least else 1
            counted = {"counting": row.counting or None, "at_least": least}
            return Happened.model_validate({"activity": which, **told, **counted})
        kind, key = (First, "first") if row.about == FIRST else (Last, "last")
        return kind.model_validate({key: which, **told})
    except ValidationError as error:
        raise _Wrong(*_why(error)) from None


def _why(error: ValidationError) -> tuple[str, str]:
    first = error.errors()[0]
    places = {"at_least": "least", "counting": "counting", "by": "by", "team": "team"}
    key = next((places[str(p)] for p in reversed(first["loc"]) if str(p) in places), "least")
    return key, first["msg"].removeprefix("Value error, ")


def _known(names: list[str], known: tuple[str, ...]) -> str | tuple[str, ...] | None:
    """The names as history writes them: "demo page" is `demo_page` where only that is known."""
    told = [
        name if name in known or (made := name.replace(" ", "_")) not in known else made
        for name in names
    ]
    return None if not told else told[0] if len(told) == 1 else tuple(told)
