"""What every kind of job is: batches, each read first and then kept in a transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from features.errors import LeadpactError
from models.scorer import Scorer
from models.workspace import Workspace
from serving.record import Record
from serving.storage.database import Database

RESULT = "result.ndjson"
"""The file of a job's folder that its result is written to."""


class JobFailed(LeadpactError):
    """A job cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Job:
    """What a job works on.

    Attributes:
        id, asked: which, and what was asked for.
        folder: of its own; holds what was uploaded, and its result.
        place: where its next batch begins; {} at first.
    """

    id: str
    asked: Mapping[str, Any]
    folder: Path
    place: Mapping[str, Any]

    def uploaded(self) -> Path:
        """The file that was uploaded.

        Raises:
            JobFailed: when it is gone.
        """
        found = sorted(self.folder.glob("input.*"))
        if not found:
            raise JobFailed("The uploaded file is no longer there. Send it with a new job.")
        return found[0]


@dataclass(frozen=True)
class House:
    """What jobs need of the process they run in."""

    database: Database
    workspace: Workspace
    scorer_now: Callable[[], Scorer]
    clock: Callable[[], np.datetime64]
    max_activities: int


@dataclass(frozen=True)
class Kept:
    """What one batch came to: rows taken and refused, where the next begins, lines for the log."""

    done: int
    refused: int
    place: dict[str, Any]
    says: list[str] = field(default_factory=list)


class Work(Protocol):
    """One job at work in one process."""

    def total(self) -> int | None:
        """How many rows there are, where that is known."""

    def read(self) -> bool:
        """Read the next batch; False when there is none."""

    def keep(self, record: Record) -> Kept:
        """Do the batch that was read, in the transaction of `record`. May be called anew for the
        same batch, when another writer was faster."""

    def close(self) -> None:
        """Let go of files and processes; the job may go on in another process."""


class ResultFile:
    """A result that is written piece by piece and never says anything twice.

    Whoever goes on after a kill cuts off what the last kept batch does not know of.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._file = (folder / RESULT).open("ab")
        self._file.truncate(size)
        self.size = size

    def write(self, text: bytes, at: int) -> int:
        """Put a batch's text at this place, and on the disk; where the next one belongs."""
        self._file.truncate(at)
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.size = at + len(text)
        return self.size

    def close(self) -> None:
        """Close the file."""
        self._file.close()
