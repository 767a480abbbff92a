"""pandas at the edge: a frame of a CRM's export as typed columns, bad rows named.

With `activity_frames` the only module of `features` that meets pandas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from features.arrays import Column, Flags, Table
from features.columns import Columns, as_column
from features.errors import InputRefused, Problem, shorten
from features.fields import Field
from features.values import (
    FALSE,
    MAX_TEXT,
    NO_TEXT,
    TRUE,
    allowed,
    check_bounds,
    is_marked,
    is_missing,
    is_no_text,
    parse_instant,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Read:
    """Columns of every row, with the rows that must not be used.

    Attributes:
        columns: n rows, refused values missing.
        problems: one per bad cell, with the row's position in the frame.
        good: (n,) whether the row had no problem.
    """

    columns: Columns
    problems: tuple[Problem, ...]
    good: Flags


def read_frame(frame: pd.DataFrame, wanted: tuple[Field, ...]) -> Read:
    """The `wanted` fields of a frame whose columns carry the export's own names.

    A column that is not there stands as missing for inputs.

    Raises:
        InputRefused: when none of the wanted columns is there.
    """
    there = [f for f in wanted if f.column in frame.columns]
    if not there:
        raise InputRefused(
            f"None of the columns {', '.join(f.column for f in wanted[:5])} ... is in the file, "
            f"which has {', '.join(map(str, frame.columns[:8]))}. Is it the right file, and "
            "are `column:` names in fields.yaml those of its first line?"
        )
    n = len(frame)
    problems: list[Problem] = []
    values: dict[str, Column] = {}
    for field in wanted:
        if field.column in frame.columns:
            column, bad = read_column(frame[field.column], field)
            problems.extend(bad)
        else:
            column = _empty(field, n)
        values[field.name] = column
    good = np.ones(n, dtype=bool)
    good[[p.row for p in problems if p.row is not None]] = False
    return Read(Table(n, values), tuple(problems), good)


def read_column(series: pd.Series[Any], field: Field) -> tuple[Column, list[Problem]]:
    """One column as the field's type, with a problem for every cell that cannot be taken."""
    # Cells repeat: each distinct one is parsed once.
    codes, levels = factorize(series)
    parsed: list[Any] = []
    wrong: dict[int, Problem] = {}
    for code, level in enumerate(levels):
        try:
            parsed.append(_parse_cell(field, level))
        except ValueError as error:
            parsed.append(None)
            wrong[code] = Problem(field.name, shorten(level), str(error), allowed(field))
    parsed.append(None)  # factorize says -1 for a missing cell
    column = _spread(field, parsed, codes)
    bad = [
        replace(wrong[code], row=row)
        for row, code in _positions(codes, np.array(sorted(wrong), dtype=np.int64))
    ]
    return column, bad


def factorize(series: pd.Series[Any]) -> tuple[Any, Any]:
    """Codes and distinct cells; -1 stands for a missing one. Nested cells come as their text."""
    try:
        return series.factorize()
    except TypeError:  # lists and objects inside cells, as NDJSON and Parquet may hold
        return series.map(str, na_action="ignore").factorize()


def _positions(codes: Any, wrong: Any) -> Iterator[tuple[int, int]]:
    if len(wrong):
        rows = np.flatnonzero(np.isin(codes, wrong))
        yield from zip(rows.tolist(), codes[rows].tolist(), strict=True)


def _spread(field: Field, parsed: list[Any], codes: Any) -> Column:
    column: Column = as_column(field, parsed)[codes]
    return column


def _empty(field: Field, n: int) -> Column:
    return _spread(field, [None], np.zeros(n, dtype=np.int64))


def _parse_cell(field: Field, cell: Any) -> Any:
    """One cell, text or already typed, as the field's value; None when missing."""
    if field.type == "instant" and hasattr(cell, "to_datetime64"):
        zoned = cell if cell.tzinfo is None else cell.tz_convert("UTC").tz_localize(None)
        return np.datetime64(zoned.to_datetime64(), "us")
    text = as_text(cell)
    if is_missing(field, text):
        return None
    match field.type:
        case "number":
            return _number(field, text)
        case "boolean":
            return _boolean(text)
        case "instant":
            try:
                return parse_instant(text.strip(), field.format)
            except (ValueError, OverflowError):
                raise ValueError("This is no date and time.") from None
        case _:
            if len(text) > MAX_TEXT:
                raise ValueError(f"The text has {len(text):,} characters.")
            if is_no_text(text):
                raise ValueError(NO_TEXT)
            return text.strip()


def as_text(cell: Any) -> str:
    """A cell as the text that a file of text would hold."""
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))  # 7.0 in a float column is the id or level "7"
    return str(cell)


def _number(field: Field, text: str) -> float | None:
    bare = text.strip().replace("\u202f", "").replace("\u00a0", "").rstrip("%").strip()
    try:
        number = float("?" if "_" in bare else bare)  # Python would read 2024_001 as 2024001
    except ValueError:
        raise ValueError("A number was expected.") from None
    if is_marked(field, number):
        return None
    check_bounds(field, number)
    return number


def _boolean(text: str) -> float:
    bare = text.strip().casefold()
    if bare in TRUE:
        return 1.0
    if bare in FALSE:
        return 0.0
    raise ValueError("Yes or no was expected.")
