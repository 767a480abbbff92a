"""Rows of an uploaded file, one after the other: CSV, Parquet, or lines of JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from features.errors import InputRefused
from features.fields import Field, Fields
from features.values import FALSE, TRUE, is_missing

FORMATS = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}
"""Media type -> ending of the file that is kept."""
_PARQUET_ROWS = 1000
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
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file, strict=True)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputRefused(
            f"The CSV cannot be read: {error}. Rows before are taken; send a new job with the rest."
        ) from error


def _parquet(path: Path) -> Iterator[Any]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_PARQUET_ROWS):
                for row in batch.to_pylist():
                    yield {k: _plain(v) for k, v in row.items()}
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OSError) as error:
        first = str(error).partition("\n")[0]
        raise InputRefused(f"This is no Parquet file that can be read: {first}") from error


def _plain(value: Any) -> Any:
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
    for key in ("value", "amount"):
        if isinstance(told.get(key), str):
            told[key] = _number(told[key])
    return told


def _typed(field: Field, cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
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
