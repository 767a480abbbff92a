"""The leads that a model was learned from, brought into the record by jobs once it answers."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass

from sqlalchemy import Connection

from features.fields import Fields
from serving.access.secrets import new_id
from serving.beginning.folder import FILES, Beginning
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

    Leads without ids of their own cannot be kept, and are not.
    """
    if not beginning.errand("train").was_started or not _has_ids(fields):
        return False
    beginning.folder.mkdir(parents=True, exist_ok=True)
    names = {of: new_id() for of in FILES if beginning.file(of).is_file()}
    try:
        with (beginning.folder / _JOBS).open("x", encoding="utf-8") as file:
            json.dump(names, file)
    except FileExistsError:
        return False
    for of, name in names.items():
        folder = beginning.workspace.home / "jobs" / name
        folder.mkdir(parents=True)
        kept = folder / "input.csv"
        try:
            os.link(beginning.file(of), kept)
        except OSError:
            shutil.copyfile(beginning.file(of), kept)
        with beginning.database.transaction() as connection:
            add_job(connection, "import", {"of": of}, SYSTEM, beginning.clock(), name)
    return True


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
