"""Tables out: CSV that no spreadsheet runs, Parquet, NDJSON, in pieces; whole at the end or not."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.cells import make_inert
from training.tables import kind_of, open_file


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
        self._file: IO[Any] = open_file(half, "wt", encoding="utf-8")
        self._delimiter = "\t" if ".tsv" in path.name.lower() else ","
        self._first = True

    def write(self, frame: pd.DataFrame) -> None:
        inert = frame.copy()
        texts = [c for c in inert.columns if not pd.api.types.is_numeric_dtype(inert[c])]
        for name in texts:
            inert[name] = inert[name].map(make_inert)
        # The csv module leaves a lone carriage return bare, and readers then see a new line.
        bare = any("\r" in str(cell) for name in texts for cell in inert[name])
        how: Literal[0, 2] = csv.QUOTE_NONNUMERIC if bare else csv.QUOTE_MINIMAL
        head = self._first
        inert.to_csv(self._file, sep=self._delimiter, index=False, header=head, quoting=how)
        self._first = False

    def close(self) -> None:
        self._file.close()


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
        self._file: IO[Any] = open_file(half, "wt", encoding="utf-8")

    def write(self, frame: pd.DataFrame) -> None:
        self._file.write(frame.to_json(orient="records", lines=True, date_format="iso"))

    def close(self) -> None:
        self._file.close()
