"""From files to typed history: bad rows are quarantined with row, field and reason."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.activity_frames import from_activity_frame
from features.arrays import Flags
from features.cells import make_inert
from features.columns import Columns, readable
from features.errors import InputRefused, Problem
from features.fields import Field, Fields
from features.frames import Read, read_frame
from features.timeline import Activities, no_activities
from training.labels import Outcomes, from_outcome_frame, no_outcomes
from training.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

ROW = "#row"
"""Column name that stands for a row's position, counted from 1, where a file has no id."""


@dataclass(frozen=True)
class Files:
    """Where the history lies."""

    leads: Path
    activities: Path | None = None
    outcomes: Path | None = None


@dataclass(frozen=True)
class Rejected:
    """One thing wrong with one row of one file; rows are counted from 1 below the header."""

    file: str
    row: int
    field: str
    got: str
    reason: str


@dataclass(frozen=True)
class Taken:
    """The history that could be used.

    Attributes:
        columns: good leads.
        activities: good activities.
        outcomes: good outcome events; None when there is no such file.
        rejected: what could not be used.
        rows: leads in the file, good and bad.
    """

    columns: Columns
    activities: Activities
    outcomes: Outcomes | None
    rejected: tuple[Rejected, ...]
    rows: int


def files_of(fields: Fields, folder: Path) -> Files:
    """The files that the fields file names, relative to its folder."""
    s = fields.sources
    activities = folder / s.activities if s.activities else None
    return Files(folder / s.leads, activities, folder / s.outcomes if s.outcomes else None)


def wanted_fields(fields: Fields) -> tuple[Field, ...]:
    """Every field training reads: inputs, ids, the outcome, segments, what orders leads in time."""
    pointed = (fields.outcome.field, fields.timing.order, fields.explored, fields.repeat_of)
    extra = {*pointed, *fields.segments}
    known = {f.name for f in readable(fields)}
    added = (f for f in fields.fields if f.name in extra - known)
    return (*readable(fields), *added)


def take(files: Files, fields: Fields) -> Taken:
    """Read the files.

    Raises:
        InputRefused: when a file is missing, is no table, or lacks the columns it needs.
    """
    frame = with_rows(read_table(files.leads), 1)
    _present(frame, files, fields)
    read = read_frame(frame, wanted_fields(fields))
    problems = [*read.problems, *_identity_problems(read, fields)]
    good = read.good.copy()
    good[[p.row for p in problems if p.row is not None]] = False
    rejected = rejected_of(files.leads, problems)
    activities, outcomes = no_activities(), None
    if files.activities is not None:
        activities, wrong = from_activity_frame(read_table(files.activities))
        rejected += rejected_of(files.activities, wrong)
    if files.outcomes is not None:
        outcomes, wrong = from_outcome_frame(read_table(files.outcomes))
        rejected += rejected_of(files.outcomes, wrong)
    elif fields.outcome.field is None:
        outcomes = no_outcomes()
    if not good.any():
        raise InputRefused(
            f"None of the {len(frame):,} rows of {files.leads} can be used. First: "
            f"row {rejected[0].row}, {rejected[0].field}: {rejected[0].reason}"
        )
    return Taken(read.columns.take(good), activities, outcomes, rejected, len(frame))


def nothing(fields: Fields) -> Taken:
    """No lead, no activity and no outcome."""
    import pandas as pd

    wanted = wanted_fields(fields)
    frame = pd.DataFrame({f.column: pd.Series([], dtype=object) for f in wanted})
    return Taken(read_frame(frame, wanted).columns, no_activities(), no_outcomes(), (), 0)


def _present(frame: pd.DataFrame, files: Files, fields: Fields) -> None:
    """Refuse a leads file that has no rows, or not the column that tells the outcome."""
    if not len(frame):
        raise InputRefused(f"{files.leads} names its columns but has no rows. Export it again.")
    told = fields.outcome.field
    if files.outcomes is None and told and fields[told].column not in frame.columns:
        raise InputRefused(
            f"{files.leads} has no column {fields[told].column!r}, which tells the outcome. It has "
            f"{', '.join(map(str, frame.columns[:8]))}."
        )


def with_rows(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """The frame with its rows' positions as a column `#row`, unless it has one."""
    if ROW in frame.columns:
        return frame
    return frame.assign(**{ROW: np.arange(first, first + len(frame)).astype(str)})


def _identity_problems(read: Read, fields: Fields) -> list[Problem]:
    """Leads without an id, given twice, or without the instant they are looked at."""
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for row, lead in enumerate(read.columns[fields.lead]):
        if not read.good[row]:
            continue
        if lead is None:
            why = "A lead needs an id, so that its score can be handed back."
            problems.append(Problem(fields.lead, "nothing", why, "a unique text", row))
        elif lead in first:
            why = f"The same lead stands in row {first[lead] + 1}; that one is used."
            problems.append(Problem(fields.lead, str(lead), why, "one row a lead", row))
        else:
            first[lead] = row
    if fields.timing.as_of:
        without = np.isnat(read.columns[fields.timing.as_of]) & _good_except(read, problems)
        why = "Without its instant a lead cannot be placed in time."
        problems += [
            Problem(fields.timing.as_of, "nothing", why, "a date and time", int(row))
            for row in np.flatnonzero(without)
        ]
    return problems


def _good_except(read: Read, problems: list[Problem]) -> Flags:
    good = read.good.copy()
    good[[p.row for p in problems if p.row is not None]] = False
    return good


def rejected_of(
    path: Path, problems: Iterable[Problem], rows_before: int = 0
) -> tuple[Rejected, ...]:
    """Problems of a file, its rows counted from 1, `rows_before` of them in earlier chunks."""
    found = []
    for p in problems:
        why = f"{p.why} Allowed: {p.allowed}." if p.allowed else p.why
        found.append(Rejected(path.name, rows_before + (p.row or 0) + 1, p.field, p.got, why))
    return tuple(found)


def write_quarantine(rejected: tuple[Rejected, ...], path: Path) -> None:
    """Write what could not be used as CSV: file, row, field, got, reason. Replaces the last one.

    What was found is untrusted; a cell that a spreadsheet would run gets a leading apostrophe.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "row", "field", "got", "reason"])
        for r in rejected:
            writer.writerow([r.file, r.row, r.field, make_inert(r.got), r.reason])
