"""A CSV as it was uploaded: brought to UTF-8 and commas, its columns and what they look like."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from features.errors import InputRefused

_SNIFFED = 65_536
_SAMPLED = 500
_MAX_CELL = 1_000_000
_SHOWN = 3
_ID = re.compile(r"(^|[\W_])(id|ids|number|no|nr|key|uuid|guid|ref|prospect id)$", re.IGNORECASE)
_TIME = re.compile(r"creat|added|received|submitted|^date$|^time$|timestamp|as.?of", re.IGNORECASE)
_OUTCOME = re.compile(
    r"convert|^won$|is.?won|outcome|^deal$|^y$|target|^label$|became.?customer|status|stage",
    re.IGNORECASE,
)
_DATED = re.compile(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_NOT_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"%PDF")


@dataclass(frozen=True)
class Column:
    """A column and what its first rows hold: how many differ, and a few of them."""

    name: str
    distinct: int
    rows: int
    samples: tuple[str, ...]

    @property
    def is_dated(self) -> bool:
        """Whether its values read like days."""
        return bool(self.samples) and all(_DATED.match(s) for s in self.samples)


@dataclass(frozen=True)
class Guess:
    """Which column is probably what; "" where none looks like it."""

    lead: str
    as_of: str
    converted: str


def take(upload: Path, path: Path, most_columns: int = 2000) -> int:
    """Keep an uploaded CSV as UTF-8 with commas, whatever it was; how many rows it has.

    Args:
        upload: the file as it came.
        path: where it is kept; replaced only by a file that can be used.

    Raises:
        InputRefused: when it is no table with a row of names and a row below.
    """
    with upload.open("rb") as file:
        start = file.read(_SNIFFED)
    if not start.strip():
        raise InputRefused("The file is empty. Export it again.")
    if start.startswith(_NOT_TEXT) or b"\0" in start:
        raise InputRefused("This is no CSV. From a spreadsheet, save the sheet as CSV first.")
    half = path.with_name(f".{path.name}.half")
    csv.field_size_limit(_MAX_CELL)
    try:
        with upload.open(encoding=_encoding(upload), newline="") as told:
            rows = csv.reader(told, _dialect(start))
            names = [n.strip() for n in next(rows)]
            _check(names, most_columns)
            with half.open("w", encoding="utf-8", newline="") as kept:
                writer = csv.writer(kept)
                writer.writerow(names)
                n = _copy(rows, writer, len(names))
        if n == 0:
            raise InputRefused("The file names columns and has no row below. Export it again.")
        half.replace(path)
    except csv.Error as error:
        raise InputRefused(f"The CSV cannot be read: {error}. Export it again.") from error
    finally:
        half.unlink(missing_ok=True)
    return n


def _copy(rows: Iterator[list[str]], writer: object, wide: int) -> int:
    n = 0
    for line, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != wide:
            raise InputRefused(
                f"Line {line} has {len(row)} cells, the first line names {wide} columns. "
                "Put quotes around cells that hold the separator, and export it again."
            )
        writer.writerow(row)  # type: ignore[attr-defined]
        n += 1
    return n


def _check(names: list[str], most: int) -> None:
    if len(names) < 2:
        raise InputRefused(
            f"The first line names one column only: {names[0][:60]!r}. Cells are separated by "
            "commas, semicolons or tabs."
        )
    if len(names) > most:
        raise InputRefused(f"The file has {len(names)} columns; {most} are taken.")
    twice = sorted({n for n in names if names.count(n) > 1 or not n})
    if twice:
        raise InputRefused(
            f"Each column needs a name of its own in the first line; {twice[0]!r} stands there "
            "twice, or is empty."
        )


def _encoding(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        # What Windows writes; every byte is a character in Latin-1.
        return "latin-1"
    return "utf-8-sig"


def _dialect(start: bytes) -> type[csv.Dialect]:
    first = start.split(b"\n", 1)[0].decode("latin-1")

    class Found(csv.excel):
        delimiter = max(",;\t|", key=first.count)

    return Found


def columns_of(path: Path) -> list[Column]:
    """The columns of a kept CSV, by its first rows."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows)
        first = list(itertools.islice(rows, _SAMPLED))
    found = []
    for name, cells in zip(names, zip(*first, strict=True), strict=True):
        told = dict.fromkeys(c.strip() for c in cells if c.strip())
        found.append(Column(name, len(told), len(first), tuple(itertools.islice(told, _SHOWN))))
    return found


def guess(columns: list[Column]) -> Guess:
    """Which columns are the lead's id, its instant and its outcome, by names and first rows."""
    ids = [c for c in columns if c.distinct == c.rows and _ID.search(c.name.strip())]
    times = [c for c in columns if _TIME.search(c.name.strip()) and c.is_dated]
    ends = [c for c in columns if 2 <= c.distinct <= 20 and _OUTCOME.search(c.name.strip())]
    # Of several, the one with the fewest values: `converted` before `status`.
    ends.sort(key=lambda c: c.distinct)

    def first(found: list[Column]) -> str:
        return found[0].name if found else ""

    return Guess(first(ids), first(times), first(ends))
