"""Flat tables in and out: CSV in any dialect, Parquet, NDJSON; whole or in chunks.

Cells of text files arrive as the text they are: what they mean is for the fields file to say.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import InputRefused

CHUNK = 20_000
"""Rows held in memory at once while streaming."""
_SAMPLE = 256 * 1024
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell (OWASP, CSV injection)."""


@dataclass(frozen=True)
class Dialect:
    """How a text table is written."""

    encoding: str
    delimiter: str


def kind_of(path: Path) -> str:
    """`csv`, `parquet` or `ndjson`, by the name; `.gz` may follow a text format.

    Raises:
        InputRefused: for any other name.
    """
    bare = path.name.lower().removesuffix(".gz")
    suffix = Path(bare).suffix
    kinds = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}
    kinds |= {".ndjson": "ndjson", ".jsonl": "ndjson"}
    if suffix not in kinds:
        raise InputRefused(
            f"{path.name}: no table format is known for the ending {suffix or '(none)'!r}. "
            "Use .csv, .tsv, .csv.gz, .parquet, .ndjson or .jsonl."
        )
    return kinds[suffix]


def read_table(path: Path) -> pd.DataFrame:
    """A whole table. Cells of CSV and NDJSON are as written; empty cells are missing.

    Raises:
        InputRefused: when the file is missing, empty or damaged, saying where.
    """
    frames = list(iter_tables(path))
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def iter_tables(path: Path, rows: int = CHUNK) -> Iterator[pd.DataFrame]:
    """A table in chunks of at most `rows`, with flat memory; at least one chunk comes.

    Raises:
        InputRefused: as `read_table`.
    """
    if not path.is_file():
        raise InputRefused(f"{path} is not there, or is no file.")
    if path.stat().st_size == 0:
        raise InputRefused(f"{path} is empty. Export it again.")
    readers = {"csv": _iter_csv, "parquet": _iter_parquet, "ndjson": _iter_ndjson}
    yield from readers[kind_of(path)](path, rows)


def _open(path: Path, mode: str, encoding: str | None = None, errors: str | None = None) -> IO[Any]:
    """Open plainly or through gzip; text keeps its line ends, as the csv module asks."""
    newline = None if "b" in mode else ""
    if path.name.lower().endswith(".gz"):
        return cast(IO[Any], gzip.open(path, mode, 6, encoding, errors, newline))
    return path.open(mode, encoding=encoding, errors=errors, newline=newline)


def dialect_of(path: Path) -> Dialect:
    """Encoding and delimiter, from the start of the file.

    Raises:
        InputRefused: when the file is not text.
    """
    try:
        with _open(path, "rb") as file:
            head: bytes = file.read(_SAMPLE)
    except (OSError, EOFError) as error:
        raise InputRefused(f"{path} cannot be read: {error}. Copy it again.") from error
    encoding = _encoding(head)
    if encoding is None:
        raise InputRefused(f"{path} is not a text table: it holds bytes that no text has.")
    text = head.decode(encoding, errors="replace")
    lines = text.splitlines()[:1]
    counts = {d: _unquoted(lines[0] if lines else "", d) for d in (",", ";", "\t", "|")}
    best = max(counts, key=lambda d: counts[d])
    return Dialect(encoding, best if counts[best] else ",")


def _encoding(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        return None
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut in two by the end of the sample is no reason to doubt.
        if error.start < len(head) - 4:
            return "cp1252" if not any(b in head for b in b"\x81\x8d\x8f\x90\x9d") else "latin-1"
    return "utf-8"


def _unquoted(line: str, delimiter: str) -> int:
    return sum(part.count(delimiter) for part in line.split('"')[::2])


def _iter_csv(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    dialect = dialect_of(path)
    errors = "strict" if dialect.encoding.startswith("utf") else "replace"
    try:
        with _open(path, "rt", encoding=dialect.encoding, errors=errors) as file:
            reader = csv.reader(file, delimiter=dialect.delimiter, strict=True)
            header = _header(path, next(reader, []))
            chunk: list[list[str]] = []
            for row in reader:
                if not row:
                    continue
                chunk.append(_fitted(path, row, header, reader.line_num))
                if len(chunk) == rows:
                    yield _frame(chunk, header)
                    chunk = []
            yield _frame(chunk, header)
    except (csv.Error, UnicodeError, OSError, EOFError) as error:
        raise InputRefused(
            f"{path} cannot be read as a table (delimiter {dialect.delimiter!r}, "
            f"{dialect.encoding}): {error}. Export it again as CSV in UTF-8."
        ) from error


def _header(path: Path, names: list[str]) -> list[str]:
    found = [name.strip() for name in names]
    while found and not found[-1]:
        found.pop()  # trailing delimiters of some exports
    if not found:
        raise InputRefused(f"{path} has no header line that names its columns.")
    double = sorted({n for n in found if found.count(n) > 1})
    if double:
        raise InputRefused(f"{path} names columns twice: {', '.join(map(repr, double))}.")
    return found


def _fitted(path: Path, row: list[str], header: list[str], line: int) -> list[str]:
    if len(row) > len(header) and not any(cell.strip() for cell in row[len(header) :]):
        row = row[: len(header)]
    if len(row) != len(header):
        raise InputRefused(
            f"{path}, line {line}: {len(row)} cells under {len(header)} columns. Is a quote or a "
            "delimiter inside a cell not quoted? Mend or remove the line."
        )
    return row


def _frame(rows: list[list[str]], header: list[str]) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    cells = {
        name: pd.Series([c if c.strip() else None for c in column], dtype=object)
        for name, column in zip(header, columns, strict=True)
    }
    return pd.DataFrame(cells)


def _iter_parquet(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    try:
        file = pq.ParquetFile(path)
        empty = True
        for batch in file.iter_batches(batch_size=rows):
            empty = False
            yield batch.to_pandas()
        if empty:
            yield file.schema_arrow.empty_table().to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise InputRefused(f"{path} is no Parquet file that can be read: {error}.") from error


def _iter_ndjson(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    chunk: list[dict[str, Any]] = []
    empty = True
    with _open(path, "rt", encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            chunk.append(_record(path, line, number))
            if len(chunk) == rows:
                empty = False
                yield pd.DataFrame(chunk)
                chunk = []
    if chunk or empty:
        yield pd.DataFrame(chunk)


def _record(path: Path, line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InputRefused(f"{path}, line {number} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InputRefused(f"{path}, line {number} is no JSON object.")
    return found


class Writer(Protocol):
    """Takes frames of the same columns, one after the other."""

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`."""

    def close(self) -> None:
        """Finish the file; nothing more may be written."""


@contextmanager
def open_writer(path: Path) -> Iterator[Writer]:
    """Write a table in pieces; the file appears whole at the end, or not at all.

    Raises:
        InputRefused: for an ending no format is known for.
    """
    kind = kind_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    zipped = ".gz" if path.name.lower().endswith(".gz") else ""
    half = path.with_name(f".{path.name}.{os.getpid()}.half{zipped}")
    writers: dict[str, type[Any]] = {
        "csv": _CsvWriter,
        "parquet": _ParquetWriter,
        "ndjson": _NdjsonWriter,
    }
    writer: Writer = writers[kind](half, path)
    try:
        yield writer
        writer.close()
        half.replace(path)
    finally:
        writer.close()
        half.unlink(missing_ok=True)


class _CsvWriter:
    def __init__(self, half: Path, path: Path) -> None:
        self._file: IO[Any] = _open(half, "wt", encoding="utf-8")
        self._delimiter = "\t" if ".tsv" in path.name.lower() else ","
        self._first = True

    def write(self, frame: pd.DataFrame) -> None:
        inert = frame.copy()
        for name in inert.columns:
            if not pd.api.types.is_numeric_dtype(inert[name]):
                inert[name] = inert[name].map(make_inert)
        inert.to_csv(self._file, sep=self._delimiter, index=False, header=self._first)
        self._first = False

    def close(self) -> None:
        self._file.close()


def make_inert(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_RISKY) else cell


class _ParquetWriter:
    def __init__(self, half: Path, _path: Path) -> None:
        self._half = half
        self._writer: Any = None

    def write(self, frame: pd.DataFrame) -> None:
        schema = None if self._writer is None else self._writer.schema
        table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._half, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _NdjsonWriter:
    def __init__(self, half: Path, _path: Path) -> None:
        self._file: IO[Any] = _open(half, "wt", encoding="utf-8")

    def write(self, frame: pd.DataFrame) -> None:
        self._file.write(frame.to_json(orient="records", lines=True, date_format="iso"))

    def close(self) -> None:
        self._file.close()
