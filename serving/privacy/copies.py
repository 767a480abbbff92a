"""Copies for training on this machine: who was erased, or does not want to teach, is cut out.

The store knows where a copy was written (`serving.training_export`), so that it can be found again.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from sqlalchemy import Connection

from features.errors import LeadpactError
from serving.addresses import lead_hash
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.privacy import TrainingExportStore, WishStore
from serving.training_export import FILES


class CopyNotCut(LeadpactError):
    """A copy for training is there, but cannot be written."""


class CopyNotRemoved(LeadpactError):
    """A copy for training is there, but cannot be removed."""


@dataclass(frozen=True)
class Cut:
    """What was cut: rows; and copies that are no longer where they were written."""

    rows: int = 0
    gone: int = 0


def note_copy(
    connection: Connection,
    folder: Path,
    lead_column: str,
    leads: int,
    actor: str,
    now: np.datetime64,
) -> int:
    """Remember a copy that was just written, and cut out who said no while it was.

    Args:
        connection: a transaction that may write.
        lead_column: what the leads' ids are called in it.
        leads: how many it holds, for people.

    Returns:
        rows that were cut.
    """
    row = {"folder": str(folder), "lead_column": lead_column, "leads": leads}
    TrainingExportStore(connection).note(row | {"made_at": to_number(now)})
    subjects = WishStore(connection).kept_from_training()
    cut = cut_from_folder(folder, lead_column, set(subjects)) if subjects else Cut()
    details = {"leads": leads, "cut_rows": cut.rows}
    AuditLog(connection).append(now, actor, "history exported", "", details)
    return cut.rows


def cut_from_copies(connection: Connection, lead_ids: Collection[str]) -> Cut:
    """Cut leads, with what they did and what became of them, out of every copy.

    Where a copy went that is no longer there is not known here: it is counted.

    Raises:
        CopyNotCut: naming the file, and what to do.
    """
    rows = gone = 0
    subjects = {lead_hash(i) for i in lead_ids}
    for copy in TrainingExportStore(connection).every() if subjects else ():
        found = cut_from_folder(Path(copy.folder), copy.lead_column, subjects)
        rows, gone = rows + found.rows, gone + found.gone
    return Cut(rows, gone)


def cut_from_folder(folder: Path, lead_column: str, subjects: Collection[str]) -> Cut:
    """Cut the leads whose ids have these hashes out of one copy."""
    there = [(name, folder / name) for name in FILES if (folder / name).is_file()]
    columns = dict.fromkeys(FILES, "lead_id") | {FILES[0]: lead_column}
    rows = sum(_cut(path, columns[name], subjects) for name, path in there)
    return Cut(rows, gone=0 if there else 1)


def _cut(path: Path, lead_column: str, subjects: Collection[str]) -> int:
    """Rewrite a file without the rows of these leads; how many there were."""
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    cut = 0
    try:
        with path.open("rb") as told, half.open("wb") as kept:
            for line in told:
                row = msgspec.json.decode(line) if line.strip() else {}
                if lead_hash(str(row.get(lead_column, ""))) in subjects:
                    cut += 1
                else:
                    kept.write(line)
            if cut and not kept.tell():
                kept.write(b"\n")
        if cut:
            half.replace(path)
    except (OSError, ValueError, AttributeError) as error:
        raise CopyNotCut(
            f"{path} is a copy for training and cannot be rewritten without a person: {error}. "
            "Nothing else was changed. Let the service write there, or remove that folder; then "
            "try again."
        ) from error
    finally:
        half.unlink(missing_ok=True)
    return cut


def remove_copy(folder: Path) -> None:
    """Remove a copy's files, and their folder if nothing else is in it.

    Raises:
        CopyNotRemoved: naming the folder, and what to do.
    """
    try:
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise CopyNotRemoved(
            f"{folder} holds a copy for training that is to go, and cannot be removed: {error}. "
            "Remove it by hand, or let this command write there; then run it again."
        ) from error
