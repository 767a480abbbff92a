"""A CSV as it was uploaded: brought to UTF-8 and commas, its columns and what they look like."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from features.cells import make_inert
from features.delimiters import delimiter_of
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


class Writer(Protocol):
    """What `csv.writer` makes."""

    def writerow(self, row: Iterable[Any], /) -> Any:
        """Write a row."""


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


@dataclass(frozen=True)
class Taken:
    """What became of an uploaded CSV: rows that were kept, lines that were set aside because they
    have more or fewer cells than columns are named, and what is wrong with the first of those."""

    rows: int
    aside: int = 0
    first: str = ""


def aside_of(path: Path) -> Path:
    """Where lines stand that were set aside of a kept CSV: the line's number, then its cells."""
    return path.with_name(f"{path.stem}.aside.csv")


def take(upload: Path, path: Path, most_columns: int = 2000) -> Taken:
    """Keep an uploaded CSV as UTF-8 with commas, whatever it was; lines that do not fit its columns
    are set aside (`aside_of`).

    Args:
        upload: the file as it came.
        path: where it is kept; replaced only by a file that can be used.

    Raises:
        InputRefused: when it is no table with a row of names and a row below, or when half of its
            lines or more do not fit: then it was read by a wrong separator, or is no table.
    """
    with upload.open("rb") as file:
        start = file.read(_SNIFFED)
    if not start.strip():
        raise InputRefused("The file is empty. Export it again.")
    if start.startswith(_NOT_TEXT) or b"\0" in start:
        raise InputRefused("This is no CSV. From a spreadsheet, save the sheet as CSV first.")
    half, aside = (p.with_name(f".{p.name}.half") for p in (path, aside_of(path)))
    csv.field_size_limit(_MAX_CELL)
    try:
        with upload.open(encoding=_encoding(upload), newline="") as told:
            first = start.partition(b"\n")[0].decode("latin-1")
            rows = csv.reader(told, delimiter=delimiter_of(first))
            names = [n.strip() for n in next(rows)]
            _check(names, most_columns)
            with (
                half.open("w", encoding="utf-8", newline="") as kept,
                aside.open("w", encoding="utf-8", newline="") as others,
            ):
                taken = _copy(rows, names, csv.writer(kept), csv.writer(others))
        _require(taken)
        half.replace(path)
        aside.replace(aside_of(path))
    except csv.Error as error:
        raise InputRefused(f"The CSV cannot be read: {error}. Export it again.") from error
    finally:
        for unfinished in (half, aside):
            unfinished.unlink(missing_ok=True)
    return taken


def _copy(rows: Iterator[list[str]], names: Sequence[str], kept: Writer, others: Writer) -> Taken:
    """Rows that fit to one writer, the others to the other, inert in a spreadsheet."""
    kept.writerow(names)
    others.writerow(["line", *(make_inert(n) for n in names)])
    n = aside = 0
    first = ""
    for line, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) == len(names):
            kept.writerow(row)
            n += 1
            continue
        aside += 1
        others.writerow([line, *(make_inert(cell) for cell in row)])
        first = first or (
            f"Line {line} has {len(row)} cells, the first line names {len(names)} columns. "
            "Put quotes around cells that hold the separator, and export it again."
        )
    return Taken(n, aside, first)


def _require(taken: Taken) -> None:
    if taken.aside and taken.aside >= taken.rows:
        lines = taken.rows + taken.aside
        raise InputRefused(f"{taken.aside:,} of {lines:,} lines do not fit. {taken.first}")
    if taken.rows == 0:
        raise InputRefused("The file names columns and has no row below. Export it again.")


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
