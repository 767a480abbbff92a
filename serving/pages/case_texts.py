"""A test case of a rulebook as texts of a form's controls, and read back from them. No HTML here.

Keys of texts: `says`, `as_of`, `lead_FIELD`, `rows` (how many activities), `kind_0` and so on for
each activity, and `expect_KEY`. A control that is empty says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from features.columns import readable
from features.errors import InputRefused
from features.fields import Field, Fields
from features.rulebook.document import Case
from features.rulebook.words import number
from serving.pages.typed import as_number

MOST_ROWS = 12
"""Activities of one case that controls are offered for."""
ACTIVITY = ("kind", "channel", "team", "days_ago", "value")
"""What is typed of an activity."""
EXPECTED = ("points", "at_least", "at_most", "handed_over", "grade", "grid", "route")
"""What may be expected of a case."""
_NUMBERS = frozenset({"days_ago", "value", "points", "at_least", "at_most"})
_YES_NO = {"yes": True, "no": False}


def asked_of(fields: Fields) -> list[Field]:
    """The fields that a case's lead is given: all that a score reads, but for ids."""
    return [f for f in readable(fields) if f.type != "id"]


def texts_of(case: Mapping[str, Any], fields: Fields) -> dict[str, str] | None:
    """The texts of a case, which read back as the same one; None where no controls can hold it,
    such as one whose lead has a field that is not declared.

    Args:
        case: as a rulebook's text tells it.
        fields: what a lead may be given.
    """
    acts = case.get("activities", [])
    told = {"says": case["says"], "as_of": case.get("as_of", ""), "rows": str(len(acts))}
    told |= {f"lead_{key}": _text(value) for key, value in case.get("lead", {}).items()}
    told |= {f"{k}_{i}": _text(value) for i, act in enumerate(acts) for k, value in act.items()}
    told |= {f"expect_{key}": _text(value) for key, value in case["expect"].items()}
    if len(acts) > MOST_ROWS or any(ord(c) < 32 for text in told.values() for c in text):
        return None
    again, problems = case_of(told, fields)
    return told if not problems and again == dict(case) else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else str(value)


def case_of(texts: Mapping[str, str], fields: Fields) -> tuple[dict[str, Any], dict[str, str]]:
    """The case that texts tell, as a rulebook's text tells it, and control -> what is wrong."""
    problems: dict[str, str] = {}
    given = {key: text.strip() for key, text in texts.items() if text.strip()}
    lead = {
        field.name: _value(f"lead_{field.name}", given, field.type, problems)
        for field in asked_of(fields)
        if f"lead_{field.name}" in given
    }
    acts = [
        {
            key: _typed(f"{key}_{i}", key, given, problems)
            for key in ACTIVITY
            if f"{key}_{i}" in given
        }
        for i in range(count_of(texts))
    ]
    expect = {
        key: _typed(f"expect_{key}", key, given, problems)
        for key in EXPECTED
        if f"expect_{key}" in given
    }
    told = {"says": given.get("says", ""), "as_of": given.get("as_of", "")}
    case: dict[str, Any] = {key: value for key, value in told.items() if value}
    case |= {k: v for k, v in (("lead", lead), ("activities", acts)) if v} | {"expect": expect}
    problems |= dict(_wrong(case, problems))
    return case, problems


def count_of(texts: Mapping[str, str]) -> int:
    """How many activities the texts tell.

    Raises:
        InputRefused: when that is no number that a form of ours can hold.
    """
    told = texts.get("rows", "0")
    if told not in map(str, range(MOST_ROWS + 1)):
        raise InputRefused(f"A test case has 0 to {MOST_ROWS} activities, not {told[:20]!r}.")
    return int(told)


def _typed(name: str, key: str, given: Mapping[str, str], problems: dict[str, str]) -> Any:
    kind = "number" if key in _NUMBERS else "boolean" if key == "handed_over" else "text"
    return _value(name, given, kind, problems)


def _value(name: str, given: Mapping[str, str], kind: str, problems: dict[str, str]) -> Any:
    text = given[name]
    if kind == "boolean":
        return _YES_NO.get(text, text)
    if kind != "number":
        return text
    try:
        found = as_number(text)
        return int(found) if found.is_integer() else found
    except ValueError as error:
        problems[name] = str(error)
        return text


def _wrong(case: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a case whose texts could be read: control, and why."""
    if not case.get("says"):
        yield "says", "Say in words what is expected."
    if not case["expect"]:
        yield "expect_points", "Say at least one thing that is expected."
    if known or not (case.get("says") and case["expect"]):
        return
    try:
        Case.model_validate(case)
    except ValidationError as error:
        for found in error.errors():
            place = [str(part) for part in found["loc"]]
            name = f"expect_{place[1]}" if place[0] == "expect" and len(place) > 1 else place[0]
            yield name, found["msg"].removeprefix("Value error, ")
