"""Activities at the gate: JSON records and frames into `Activities`, bad ones named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from features.arrays import NO_INSTANT, Instants, Texts, texts
from features.errors import InputRefused, Problem, shorten
from features.timeline import Activities, no_activities
from features.values import parse_instant

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("lead_id", "account_id", "occurred_at", "recorded_at", "channel", "kind", "team")
MAX_LABEL = 200
"""Characters of an id, a channel, a kind, a team or an instant."""

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
    value = record.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        wrong.append(Problem("value", shorten(value), "A number was expected.", "a number or null"))
        value = None
    for key in record.keys() - _ACTIVITY_KEYS:
        allowed = ", ".join(sorted(_ACTIVITY_KEYS))
        wrong.append(Problem(shorten(key), shorten(record[key]), "No such key.", allowed))
    return (ids, at, labels, np.nan if value is None else float(value)), wrong


def _text(
    record: Mapping[str, Any], key: str, default: str | None, wrong: list[Problem]
) -> str | None:
    told = record.get(key)
    if told is None:
        return default
    if isinstance(told, str) and len(told) <= MAX_LABEL:
        return told
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


def from_activity_frame(frame: pd.DataFrame) -> tuple[Activities, list[Problem]]:
    """An activities file as `Activities`, rows without a lead or a valid time left out and named.

    Needs the columns lead_id and occurred_at; account_id, recorded_at, channel, kind, team and
    value where known. Row numbers in problems are positions in `frame`.

    Raises:
        InputRefused: when a needed column is missing.
    """
    absent = [c for c in ("lead_id", "occurred_at") if c not in frame.columns]
    if absent:
        raise InputRefused(
            f"The activities file has no column {' and no '.join(absent)}; it has "
            f"{', '.join(map(str, frame.columns))}. Name its columns {', '.join(COLUMNS)}, value."
        )
    problems: list[Problem] = []
    lead = labels_of(frame, "lead_id", None)
    occurred = instants_of(frame, "occurred_at", problems)
    recorded = instants_of(frame, "recorded_at", problems)
    value = numbers_of(frame, "value", problems)
    told = {p.row for p in problems}
    for name, lost in (("lead_id", [v is None for v in lead]), ("occurred_at", np.isnat(occurred))):
        for row in set(np.flatnonzero(lost).tolist()) - told:
            why = "Whose activity is it?" if name == "lead_id" else "When did it occur?"
            problems.append(Problem(name, "nothing", why, "a value in every row", row))
    good = np.ones(len(frame), dtype=bool)
    good[[p.row for p in problems if p.row is not None]] = False
    found = Activities(
        lead,
        labels_of(frame, "account_id", None),
        occurred,
        recorded,
        labels_of(frame, "channel", "other"),
        labels_of(frame, "kind", "other"),
        labels_of(frame, "team", "marketing"),
        value,
    )
    return found.take(good), problems


def labels_of(frame: pd.DataFrame, name: str, default: str | None) -> Texts:
    """A column of short texts; `default` where a cell, or the whole column, is not there."""
    if name not in frame.columns:
        return texts([default] * len(frame))
    codes, levels = frame[name].factorize()
    found = [str(v).strip() or default for v in levels]
    column: Texts = texts([*found, default])[codes]
    return column


def instants_of(frame: pd.DataFrame, name: str, problems: list[Problem]) -> Instants:
    """A column of instants in UTC, NaT where empty; cells that are none are added to `problems`."""
    import pandas as pd

    if name not in frame.columns:
        return np.full(len(frame), NO_INSTANT, dtype="datetime64[us]")
    cells = frame[name]
    if cells.dtype.kind not in "Mm" and not isinstance(cells.dtype, pd.DatetimeTZDtype):
        cells = cells.replace("", pd.NA)
    found = pd.to_datetime(cells, utc=True, errors="coerce", format="ISO8601")
    for row in np.flatnonzero(found.isna() & cells.notna()):
        got = shorten(cells.iloc[row])
        why, allowed = "This is no date and time.", "an ISO 8601 date and time"
        problems.append(Problem(name, got, why, allowed, int(row)))
    return found.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def numbers_of(frame: pd.DataFrame, name: str, problems: list[Problem]) -> Any:
    """A column of numbers, NaN where empty; cells that are none are added to `problems`."""
    import pandas as pd

    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    cells = frame[name]
    found = pd.to_numeric(cells, errors="coerce")
    empty = cells.isna() | (cells.astype(str).str.strip() == "")
    for row in np.flatnonzero(found.isna() & ~empty):
        got, why = shorten(cells.iloc[row]), "A number was expected."
        problems.append(Problem(name, got, why, "a number or nothing", int(row)))
    return found.to_numpy(dtype=np.float64)
