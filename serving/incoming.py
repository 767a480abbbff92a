"""Records of what happened, checked: from JSON to rows that can be stored, bad ones named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.activities import MAX_LABEL, MAX_VALUE, from_activity_records
from features.arrays import Texts
from features.errors import Problem, shorten
from features.stages import STAGES
from features.values import parse_instant
from serving.addresses import without_addresses
from serving.canonical import sha256_of
from serving.problems import pointer, wrong
from serving.storage.base import to_number

Row = dict[str, Any]
ID = r"^[A-Za-z0-9][!-.0-~]{0,199}$"
ID_ALLOWED = (
    "1 to 200 letters, digits and signs (no slash, no space), beginning with a letter or digit"
)
_ID = re.compile(ID)


@dataclass(frozen=True)
class Checked:
    """One record: its row, or what is wrong with it.

    Attributes:
        event_id: the caller's, or one made from the content.
        row: ready to be stored; None when something is wrong.
        problems: what is wrong, with pointers.
    """

    event_id: str
    row: Row | None
    problems: tuple[Problem, ...]


def activity_rows(records: Sequence[Any], place: str, received: np.datetime64) -> list[Checked]:
    """Activities as rows, in order."""
    return [_checked(r, f"{place}{pointer(i)}", received, _activity) for i, r in enumerate(records)]


def outcome_rows(records: Sequence[Any], place: str, received: np.datetime64) -> list[Checked]:
    """Outcomes as rows, in order."""
    return [_checked(r, f"{place}{pointer(i)}", received, _outcome) for i, r in enumerate(records)]


def _checked(
    record: Any,
    place: str,
    received: np.datetime64,
    parse: Callable[[Row, str], tuple[Row, list[Problem]]],
) -> Checked:
    if not isinstance(record, dict):
        found = wrong(place, record, "An object was expected.", "one event")
        return Checked("", None, (found,))
    told = dict(record)
    event = told.pop("event_id", None)
    row, problems = parse(told, place)
    if not any(p.place == f"{place}/lead_id" for p in problems):
        problems += _needed(told, place)
    if event is not None and not is_short(event):
        problems.append(
            wrong(f"{place}/event_id", event, "A short text was expected.", _short_text())
        )
    if problems:
        return Checked(event if isinstance(event, str) else "", None, tuple(problems))
    content = sha256_of(row)
    # Without an id of its own an event is told from others by what it says.
    name = event or content
    row |= {"event_id": name, "content_sha256": content, "received_at": to_number(received)}
    return Checked(name, row, ())


def _needed(record: Row, place: str) -> list[Problem]:
    told = record.get("lead_id")
    if is_id(told):
        return []
    return [wrong(f"{place}/lead_id", told, "Whose is it?", ID_ALLOWED)]


def is_id(value: object) -> bool:
    """Whether a value can be the id of a lead or an account: part of an address, readable in a log,
    and the same however it is encoded."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_short(value: object) -> bool:
    """Whether a value is a text that fits a column of names."""
    return isinstance(value, str) and 0 < len(value) <= MAX_LABEL and "\x00" not in value


def _short_text() -> str:
    return f"a text of 1 to {MAX_LABEL} characters"


def _activity(record: Row, place: str) -> tuple[Row, list[Problem]]:
    found, problems = from_activity_records([record], "", None)
    if problems:
        return {}, [replace(p, row=None, place=f"{place}{pointer(p.field)}") for p in problems]
    recorded, value = found.recorded_at[0], float(found.value[0])
    row = {
        "lead_id": found.lead[0],
        "account_id": found.account[0],
        "occurred_at": to_number(found.occurred_at[0]),
        "recorded_at": None if np.isnat(recorded) else to_number(recorded),
        "channel": _first(found.channel),
        "kind": _first(found.kind),
        "team": _first(found.team),
        "value": None if np.isnan(value) else value,
    }
    return row, []


def _first(column: Texts) -> str:
    return without_addresses(str(column[0]))


_OUTCOME_KEYS = ("lead_id", "at", "stage", "amount", "reason")


def _outcome(record: Row, place: str) -> tuple[Row, list[Problem]]:
    problems: list[Problem] = []
    at = _at(record.get("at"), f"{place}/at", problems)
    stage, amount, reason = (record.get(k) for k in ("stage", "amount", "reason"))
    if stage not in STAGES:
        told = f"one of {', '.join(STAGES)}"
        problems.append(wrong(f"{place}/stage", stage, "No stage of that name.", told))
    if amount is not None and not _is_amount(amount):
        told = f"a number from 0 to {MAX_VALUE:g}, or null"
        problems.append(wrong(f"{place}/amount", amount, "An amount was expected.", told))
    if reason is not None and not is_short(reason):
        problems.append(
            wrong(f"{place}/reason", reason, "A reason code was expected.", _short_text())
        )
    for key in record.keys() - set(_OUTCOME_KEYS):
        told = ", ".join(("event_id", *_OUTCOME_KEYS))
        problems.append(wrong(f"{place}{pointer(key)}", record[key], "No such key.", told))
    row = {
        "lead_id": record.get("lead_id"),
        "at": at,
        "stage": stage,
        "amount": None if amount is None or problems else float(amount),
        "reason": without_addresses(reason) if isinstance(reason, str) else None,
    }
    return row, problems


def _is_amount(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value <= MAX_VALUE  # type: ignore[operator]


def _at(told: object, place: str, problems: list[Problem]) -> int:
    found = instant_of(told, place, problems)
    return 0 if found is None else to_number(found)


def instant_of(told: object, place: str, problems: list[Problem]) -> np.datetime64 | None:
    """An instant of a body; what is none is added to `problems`."""
    try:
        if isinstance(told, str) and len(told) <= MAX_LABEL:
            return parse_instant(told)
    except (ValueError, OverflowError):
        pass
    allowed = "an ISO 8601 date and time such as 2026-11-24T11:58:00Z"
    problems.append(wrong(place, shorten(told), "This is no date and time.", allowed))
    return None
