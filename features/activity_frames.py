"""Activities at the edge: a file's frame as `Activities`, bad rows named. Needs pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.activities import COLUMNS
from features.arrays import NO_INSTANT, Instants, Texts, texts
from features.errors import InputRefused, Problem, shorten
from features.frames import as_text, factorize
from features.timeline import Activities, no_activities

if TYPE_CHECKING:
    import pandas as pd


def from_activity_frame(frame: pd.DataFrame) -> tuple[Activities, list[Problem]]:
    """An activities file as `Activities`, rows without a lead or a valid time left out and named.

    Needs the columns lead_id and occurred_at; account_id, recorded_at, channel, kind, team and
    value where known. Row numbers in problems are positions in `frame`.

    Raises:
        InputRefused: when a needed column is missing.
    """
    if not frame.size and not len(frame.columns):
        return no_activities(), []
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
    codes, levels = factorize(frame[name])
    found = [as_text(v).strip() or default for v in levels]
    column: Texts = texts([*found, default])[codes]
    return column


def instants_of(frame: pd.DataFrame, name: str, problems: list[Problem]) -> Instants:
    """A column of instants in UTC, NaT where empty; cells that are none are added to `problems`."""
    import pandas as pd

    if name not in frame.columns:
        return np.full(len(frame), NO_INSTANT, dtype="datetime64[us]")
    cells = frame[name]
    told = cells
    if not pd.api.types.is_datetime64_any_dtype(cells):
        cells = cells.replace("", pd.NA)
        # A bare number may count seconds or milliseconds: it is refused, never guessed.
        told = cells.where(cells.map(lambda v: not isinstance(v, int | float)), "?")
    found = pd.to_datetime(told, utc=True, errors="coerce", format="ISO8601")
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
    for row in np.flatnonzero((found.isna() & ~empty) | np.isinf(found)):
        got, why = shorten(cells.iloc[row]), "A number was expected."
        problems.append(Problem(name, got, why, "a number or nothing", int(row)))
    return found.to_numpy(dtype=np.float64)
