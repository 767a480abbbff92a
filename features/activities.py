"""Activities at the gate: JSON records into `Activities`, bad ones named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.arrays import NO_INSTANT, texts
from features.errors import Problem, shorten
from features.timeline import Activities, no_activities
from features.values import is_no_text, parse_instant

COLUMNS = ("lead_id", "account_id", "occurred_at", "recorded_at", "channel", "kind", "team")
MAX_LABEL = 200
"""Characters of an id, a channel, a kind, a team or an instant."""

MAX_VALUE = 1e15
"""Of an activity's value, either way."""

_ACTIVITY_KEYS = frozenset((*COLUMNS, "value"))


def from_activity_records(
    records: Sequence[Mapping[str, Any]], lead: str, account: str | None
) -> tuple[Activities, list[Problem]]:
    """JSON activities sent with one lead. Without `lead_id` they are the lead's own.

    One that names another `lead_id` is a colleague's, at the same account unless it says another.
    """
    problems: list[Problem] = []
    rows = []
    for row, record in enumerate(records):
        found, wrong = _activity(record, lead, account)
        problems.extend(Problem(p.field, p.got, p.why, p.allowed, row) for p in wrong)
        if not wrong:
            rows.append(found)
    if not rows:
        return no_activities(), problems
    ids, ats, labels, value = zip(*rows, strict=True)
    occurred, recorded = (np.array(c, dtype="datetime64[us]") for c in zip(*ats, strict=True))
    leads, accounts = (texts(c) for c in zip(*ids, strict=True))
    channel, kind, team = (texts(c) for c in zip(*labels, strict=True))
    found_values = np.array(value, dtype=np.float64)
    return Activities(
        leads, accounts, occurred, recorded, channel, kind, team, found_values
    ), problems


def _activity(
    record: Mapping[str, Any], lead: str, account: str | None
) -> tuple[Any, list[Problem]]:
    wrong: list[Problem] = []
    ids = (_text(record, "lead_id", lead, wrong), _text(record, "account_id", account, wrong))
    at = (_instant(record, "occurred_at", wrong), _instant(record, "recorded_at", wrong))
    defaults = {"channel": "other", "kind": "other", "team": "marketing"}
    labels = tuple(_text(record, key, default, wrong) for key, default in defaults.items())
    value = _value(record.get("value"), wrong)
    for key in record.keys() - _ACTIVITY_KEYS:
        allowed = ", ".join(sorted(_ACTIVITY_KEYS))
        wrong.append(Problem(shorten(key), shorten(record[key]), "No such key.", allowed))
    return (ids, at, labels, value), wrong


def _value(told: Any, wrong: list[Problem]) -> float:
    if told is None:
        return np.nan
    if isinstance(told, int | float) and not isinstance(told, bool) and abs(told) <= MAX_VALUE:
        return float(told)
    allowed = f"a number from -{MAX_VALUE:g} to {MAX_VALUE:g}, or null"
    wrong.append(Problem("value", shorten(told), "A number was expected.", allowed))
    return np.nan


def _text(
    record: Mapping[str, Any], key: str, default: str | None, wrong: list[Problem]
) -> str | None:
    told = record.get(key)
    if told is None:
        return default
    if isinstance(told, str) and len(told) <= MAX_LABEL and not is_no_text(told):
        return told.strip() or default
    allowed = f"a text of at most {MAX_LABEL} characters"
    wrong.append(Problem(key, shorten(told), "A short text was expected.", allowed))
    return None


def _instant(record: Mapping[str, Any], key: str, wrong: list[Problem]) -> np.datetime64:
    told = record.get(key)
    if told is None and key == "recorded_at":
        return NO_INSTANT
    try:
        if isinstance(told, str) and len(told) <= MAX_LABEL:
            return parse_instant(told)
    except (ValueError, OverflowError):
        pass
    allowed = "an ISO 8601 date and time such as 2026-11-24T11:58:00Z"
    wrong.append(Problem(key, shorten(told), "This is no date and time.", allowed))
    return NO_INSTANT
