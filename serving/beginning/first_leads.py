"""The leads that a model was learned from, brought into the record by jobs once it answers."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from features.fields import Fields
from serving.access.secrets import new_id
from serving.beginning.folder import Beginning
from serving.jobs.asking import SYSTEM, add_job, find_job
from serving.storage.jobs import DONE, ENDED

_JOBS = "jobs.json"


@dataclass(frozen=True)
class Brought:
    """How far it is: rows taken and refused, whether all jobs have ended, which failed and why.

    Attributes:
        id: of the job that brings the leads.
    """

    id: str
    done: int
    refused: int
    ended: bool
    fault: str


def bring(beginning: Beginning, fields: Fields) -> bool:
    """Queue the jobs once, whichever process comes first; whether this one did.

    Leads without ids of their own cannot be kept, and are not. Where none was brought, none is.
    """
    if not beginning.errand("train").was_started or not _has_ids(fields):
        return False
    beginning.folder.mkdir(parents=True, exist_ok=True)
    tables = _tables(beginning, fields)
    if "leads" not in tables:
        return False
    names = {of: new_id() for of in tables}
    try:
        with (beginning.folder / _JOBS).open("x", encoding="utf-8") as file:
            json.dump(names, file)
    except FileExistsError:
        return False
    for of, name in names.items():
        folder = beginning.workspace.home / "jobs" / name
        folder.mkdir(parents=True)
        kept = folder / f"input{tables[of].suffix}"
        if of == "leads" and "outcomes" not in tables and kept.suffix == ".csv":
            _copy_unconverted(tables[of], kept, fields)
        else:
            shutil.copyfile(tables[of], kept)
        with beginning.database.transaction() as connection:
            add_job(connection, "import", {"of": of}, SYSTEM, beginning.clock(), name)
    return True


def _tables(beginning: Beginning, fields: Fields) -> dict[str, Path]:
    """The files that the fields file names, in the order in which they are brought."""
    folder, told = beginning.workspace.folder, fields.sources
    named = {"leads": told.leads, "activities": told.activities, "outcomes": told.outcomes}
    return {of: folder / name for of, name in named.items() if name and (folder / name).is_file()}


def _copy_unconverted(table: Path, kept: Path, fields: Fields) -> None:
    """Without dated outcomes nobody knows when a lead converted, but nobody shall call it again:
    such leads have taught, and stay out of the record."""
    column = fields[fields.outcome.field].column if fields.outcome.field else ""
    ends = {value.casefold() for value in fields.outcome.converted}
    with (
        table.open(encoding="utf-8-sig", newline="") as file,
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
    return Brought(leads.id, leads.done, leads.refused, ended, fault)
