"""Rows of an uploaded file, one after the other: CSV, Parquet, or lines of JSON."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from features.delimiters import delimiter_of
from features.errors import InputRefused
from features.fields import Field, Fields
from features.frames import as_text
from features.values import FALSE, TRUE, is_missing

FORMATS = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}
"""Media type -> ending of the file that is kept."""
_PARQUET_ROWS = 1000
_ESCAPED = 0xDC00
"""Added to a byte that is no UTF-8 by `surrogateescape` (PEP 383)."""
_EVENT_IDS = frozenset({"lead_id", "account_id", "event_id"})
_NO_TEXT = frozenset({"number", "boolean", "instant"})
"""Types of fields that hold no text."""
_MAX_CELL = 1_000_000


def rows_of(path: Path) -> Iterator[Any]:
    """The rows of a file, whatever they are; a line that is no JSON comes as a `Broken`.

    Raises:
        InputRefused: when the file is none of its kind.
    """
    match path.suffix:
        case ".csv":
            yield from _csv(path)
        case ".parquet":
            yield from _parquet(path)
        case _:
            yield from _ndjson(path)


class Broken:
    """A row that cannot be read."""

    def __init__(self, why: str) -> None:
        self.why = why


def _ndjson(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Broken(f"This is no JSON: {type(error).__name__}.")


def _csv(path: Path) -> Iterator[Any]:
    csv.field_size_limit(_MAX_CELL)
    place, done = "The first line, which names the columns,", 0
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            first = next(_whole(file), "")
            lines = itertools.chain([first], _whole(file))
            reader = csv.DictReader(lines, delimiter=delimiter_of(first), strict=True)
            if reader.fieldnames:
                place = "Row 1"
            for done, row in enumerate(reader, 1):
                yield row
                place = f"Row {done + 1}"
    except UnicodeEncodeError as error:
        byte = ord(error.object[error.start]) - _ESCAPED
        raise _ended(place, f"byte 0x{byte:02X} is no UTF-8", done) from error
    except csv.Error as error:
        raise _ended(place, str(error), done) from error


def _whole(file: Iterable[str]) -> Iterator[str]:
    """Lines up to one with a byte that is no UTF-8: decoded line by line, a block ahead of what
    is read would take the good lines before it along.

    Raises:
        UnicodeEncodeError: at that line.
    """
    for line in file:
        if not line.isascii():
            # Such a byte was read as half a character, which has no encoding.
            line.encode()
        yield line


def _ended(place: str, why: str, done: int) -> InputRefused:
    """A file that cannot be read to its end."""
    told = "It is the first." if done == 0 else "Rows before are taken."
    return InputRefused(
        f"{place} cannot be read: {why}. {told} Mend it (a table of text is UTF-8) and send a new "
        "job, with it and the rows after it."
    )


def _parquet(path: Path) -> Iterator[Any]:
    import pyarrow
    import pyarrow.parquet

    done = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_PARQUET_ROWS):
                for row in batch.to_pylist():
                    done += 1
                    yield {k: _plain(v) for k, v in row.items()}
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OSError) as error:
        first = str(error).partition("\n")[0]
        raise InputRefused(
            f"This is no Parquet file that can be read from row {done + 1} on: {first} "
            "Rows before are taken. Export it again."
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None  # as pandas writes a missing number
    return value.isoformat() if isinstance(value, datetime | date) else value


def as_lead(row: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """A row of a table as a lead: columns by the field's name or by its column in the CRM's export;
    cells of text become what the field is. A cell that cannot be is left to be refused."""
    by_column = {f.column: f for f in fields.fields} | {f.name: f for f in fields.fields}
    told = {}
    for name, cell in row.items():
        field = by_column.get(str(name))
        key = str(name) if field is None else field.name
        told[key] = cell if field is None else _typed(field, cell)
    return told


def as_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a table as an activity or an outcome; an empty cell tells nothing."""
    told = {str(k): v for k, v in row.items() if v is not None and v != ""}
    for key in _EVENT_IDS & told.keys():
        told[key] = _named(told[key])
    for key in ("value", "amount"):
        if isinstance(told.get(key), str):
            told[key] = _number(told[key])
    return told


def with_text_ids(lead: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """A lead whose own id and account's are texts, where they came as numbers."""
    ids = {fields.lead, fields.account}
    return {name: _named(cell) if name in ids else cell for name, cell in lead.items()}


def _named(cell: Any) -> Any:
    """A number that names something, as the text that a file of text would hold."""
    number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return as_text(cell) if number else cell


def _typed(field: Field, cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell if field.type in _NO_TEXT else _named(cell)
    if is_missing(field, cell):
        return None
    if field.type == "number":
        return _number(cell)
    if field.type == "boolean":
        bare = cell.strip().casefold()
        return True if bare in TRUE else False if bare in FALSE else cell
    return cell


def _number(cell: str) -> Any:
    try:
        return cell if "_" in cell else float(cell)
    except ValueError:
        return cell
