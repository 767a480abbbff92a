"""Flat tables: CSV in any dialect, Parquet, NDJSON; whole or in chunks.

Cells of text files arrive as the text they are: what they mean is for the fields file to say.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.delimiters import delimiter_of
from features.errors import InputRefused

CHUNK = 20_000
"""Rows held in memory at once while streaming."""
_SAMPLE, _BLOCK = 256 * 1024, 4 * 1024 * 1024
_MOST_CELL = 16 * 1024 * 1024
"""Characters of one cell; the csv module's own limit of 128 KiB is less than some notes hold."""


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


def open_file(
    path: Path, mode: str, encoding: str | None = None, errors: str | None = None
) -> IO[Any]:
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
        with open_file(path, "rb") as file:
            head: bytes = file.read(_SAMPLE)
    except (OSError, EOFError, zlib.error) as error:
        raise InputRefused(f"{path} cannot be read: {error}. Copy it again.") from error
    encoding = _encoding(head)
    if encoding == "utf-8" and not _all_utf8(path):
        encoding = "cp1252"
    if encoding is None:
        raise InputRefused(f"{path} is not a text table: it holds bytes that no text has.")
    text = head.decode(encoding, errors="replace")
    lines = text.splitlines()[:1]
    return Dialect(encoding, delimiter_of(lines[0] if lines else ""))


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


def _all_utf8(path: Path) -> bool:
    """Whether the rest is UTF-8 too: in a long file the first accent may come late."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_file(path, "rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except (OSError, EOFError, zlib.error) as error:
        raise InputRefused(f"{path} cannot be read: {error}. Copy it again.") from error
    return True


def _iter_csv(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    dialect = dialect_of(path)
    errors = "strict" if dialect.encoding.startswith("utf") else "replace"
    csv.field_size_limit(_MOST_CELL)
    try:
        with open_file(path, "rt", encoding=dialect.encoding, errors=errors) as file:
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
    except (csv.Error, UnicodeError, OSError, EOFError, zlib.error) as error:
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
    try:
        with open_file(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                chunk.append(_record(path, line, number))
                if len(chunk) == rows:
                    empty = False
                    yield _records(chunk)
                    chunk = []
    except (UnicodeError, OSError, EOFError, zlib.error) as error:
        raise InputRefused(
            f"{path} cannot be read as NDJSON in UTF-8: {error}. Export it again."
        ) from error
    if chunk or empty:
        yield _records(chunk)


def _records(chunk: list[dict[str, Any]]) -> pd.DataFrame:
    # As objects: pandas' own text type cannot hold a lone surrogate, which is for the gate to say.
    names = dict.fromkeys(name for record in chunk for name in record)
    return pd.DataFrame(
        {name: _cells([record.get(name) for record in chunk]) for name in names},
        index=range(len(chunk)),
    )


def _cells(values: list[Any]) -> pd.Series[Any]:
    numbers = all(v is None or type(v) in (int, float) for v in values)
    return pd.Series(values, dtype=None if numbers else object)


def _record(path: Path, line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputRefused(f"{path}, line {number} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InputRefused(f"{path}, line {number} is no JSON object.")
    return found
