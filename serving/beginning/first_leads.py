"""The leads that a model was learned from, brought into the record by jobs.

The first run does it by itself once the model answers; who learned by the command line says
`leadpact bring`.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from features.errors import InputRefused
from features.fields import Fields
from serving.access.secrets import new_id
from serving.beginning.folder import Beginning
from serving.beginning.tables import aside_of, take
from serving.jobs.asking import SYSTEM, add_job, find_job
from serving.jobs.rows import FORMATS
from serving.storage.jobs import DONE, ENDED

_JOBS = "jobs.json"
_ENDINGS = tuple(f".{ending}" for ending in FORMATS.values())


@dataclass(frozen=True)
class Brought:
    """How far it is: leads taken and refused, whether all jobs have ended, which failed and why.

    Attributes:
        id: of the job that brings the leads.
        happened: activities and outcomes taken.
    """

    id: str
    happened: int
    done: int
    refused: int
    ended: bool
    fault: str


class NotBrought(InputRefused):
    """The workspace's leads cannot be brought into the record as they are."""


def bring_after_first_run(beginning: Beginning, fields: Fields) -> None:
    """Queue the jobs where the first run learned the model; where it has leads with ids of their
    own. Others are not kept."""
    has_leads = "leads" in _tables(beginning, fields) and _has_ids(fields)
    if beginning.errand("train").was_started and has_leads:
        bring(beginning, fields)


def bring(beginning: Beginning, fields: Fields) -> bool:
    """Queue the jobs once, whichever process comes first; whether this one did.

    Raises:
        NotBrought: when there are no leads, none with ids, or in a file that no import reads.
        InputRefused: when a CSV is no table.
    """
    mark = beginning.folder / _JOBS
    if mark.exists():
        return False
    tables = _tables(beginning, fields)
    _require(tables, fields, beginning)
    beginning.folder.mkdir(parents=True, exist_ok=True)
    jobs = beginning.workspace.home / "jobs"
    names = {of: new_id() for of in tables}
    try:
        for of, name in names.items():
            (jobs / name).mkdir(parents=True)
            _copy(tables[of], jobs / name, fields, ends=of == "leads" and "outcomes" not in tables)
        with mark.open("x", encoding="utf-8") as file:
            json.dump(names, file)
    except BaseException as error:
        for name in names.values():
            shutil.rmtree(jobs / name, ignore_errors=True)
        if isinstance(error, FileExistsError):
            return False
        raise
    for of, name in names.items():
        with beginning.database.transaction() as connection:
            add_job(connection, "import", {"of": of}, SYSTEM, beginning.clock(), name)
    return True


def _require(tables: Mapping[str, Path], fields: Fields, beginning: Beginning) -> None:
    if "leads" not in tables:
        raise NotBrought(
            f"fields.yaml names the leads file {fields.sources.leads!r}, which is not in "
            f"{beginning.workspace.folder}. Put it there, or send leads by PUT /v1/leads/ID."
        )
    if not _has_ids(fields):
        raise NotBrought(
            "The leads have no ids of their own (fields.yaml names no column for them), so nobody "
            "could find them again in the record. Name the column, or send leads with ids."
        )
    for path in tables.values():
        if path.suffix not in _ENDINGS:
            raise NotBrought(
                f"{path.name} is no file that an import reads: it takes {', '.join(_ENDINGS)}. "
                "Write it as one of these and name that one in fields.yaml."
            )
    if "outcomes" not in tables and tables["leads"].suffix != ".csv":
        raise NotBrought(
            f"{tables['leads'].name} tells which leads converted and not when, so those cannot be "
            "brought as open ones; they are left out of a CSV alone. Write the leads as CSV, or "
            "name a file of outcomes in fields.yaml."
        )


def _copy(table: Path, folder: Path, fields: Fields, *, ends: bool) -> None:
    """Put a table where its job looks for it; a CSV in UTF-8 and with commas.

    Args:
        ends: whether it tells outcomes without their time, and is to be without who converted.
    """
    kept = folder / f"input{table.suffix}"
    if kept.suffix != ".csv":
        shutil.copyfile(table, kept)
        return
    whole = folder / "whole.csv"
    taken = take(table, whole)
    if taken.aside:
        raise NotBrought(f"{taken.aside:,} lines of {table.name} do not fit. {taken.first}")
    aside_of(whole).unlink()
    if ends:
        _copy_unconverted(whole, kept, fields)
        whole.unlink()
    else:
        whole.replace(kept)


def _tables(beginning: Beginning, fields: Fields) -> dict[str, Path]:
    """The files that the fields file names, in the order in which they are brought: leads last, so
    that each is scored once, with all that happened, and none is handed over that has ended."""
    folder, told = beginning.workspace.folder, fields.sources
    named = {"activities": told.activities, "outcomes": told.outcomes, "leads": told.leads}
    return {of: folder / name for of, name in named.items() if name and (folder / name).is_file()}


def _copy_unconverted(table: Path, kept: Path, fields: Fields) -> None:
    """Without dated outcomes nobody knows when a lead converted, but nobody shall call it again:
    such leads have taught, and stay out of the record."""
    column = fields[fields.outcome.field].column if fields.outcome.field else ""
    ends = {value.casefold() for value in fields.outcome.converted}
    with (
        table.open(encoding="utf-8", newline="") as file,
        kept.open("w", encoding="utf-8", newline="") as copy,
    ):
        rows = csv.DictReader(file)
        writer = csv.DictWriter(copy, rows.fieldnames or ())
        writer.writeheader()
        for row in rows:
            if (row.get(column) or "").strip().casefold() not in ends:
                writer.writerow(row)


def _has_ids(fields: Fields) -> bool:
    return not fields[fields.lead].column.startswith("#")


def brought(beginning: Beginning, connection: Connection) -> Brought | None:
    """How far the jobs are; None where there are none."""
    path = beginning.folder / _JOBS
    if not path.is_file():
        return None
    names: dict[str, str] = json.loads(path.read_text("utf-8"))
    rows = {of: find_job(connection, name) for of, name in names.items()}
    leads = rows["leads"]
    faults = [f"{of}: {row.error}" for of, row in rows.items() if row.error]
    ended = all(row.state in ENDED for row in rows.values())
    fault = " ".join(faults) if leads.state != DONE or faults else ""
    happened = sum(row.done for row in rows.values()) - leads.done
    return Brought(leads.id, happened, leads.done, leads.refused, ended, fault)
