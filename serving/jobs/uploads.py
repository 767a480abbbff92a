"""What was uploaded for a job, and goes when no job came of it: it holds people's data."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from serving.jobs.work import House
from serving.storage.base import to_number
from serving.storage.database import StoreUnreachable
from serving.storage.jobs import JobStore

_LOST_AFTER = np.timedelta64(1, "D")
"""A folder without a job may be one whose file still comes in; so long nothing takes."""
_NAME = re.compile(r"^[0-9a-f]{16}$")


@contextmanager
def kept_by_a_job(folder: Path) -> Iterator[None]:
    """Around what adds the job: where it fails, the folder goes."""
    try:
        yield
    except StoreUnreachable:
        # Whether the job is there is not known; if it is not, `remove_lost` finds the folder.
        raise
    except BaseException:
        remove_upload(folder)
        raise


def remove_upload(folder: Path) -> None:
    """Remove a job's folder, where it has one; another worker may be faster."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def remove_lost(house: House) -> int:
    """Remove folders of which no job came, a day after they were last written; how many. Their
    process ended in between, or the store did not say whether it had kept the job."""
    before = to_number(house.clock() - _LOST_AFTER)
    there = (house.workspace.home / "jobs").glob("*")
    old = [f for f in there if _NAME.match(f.name) and _was_left(f, before)]
    with house.database.reading() as connection:
        store = JobStore(connection)
        lost = [folder for folder in old if store.find(folder.name) is None]
    for folder in lost:
        remove_upload(folder)
    return len(lost)


def _was_left(folder: Path, before: int) -> bool:
    """Whether nothing in a folder was written since an instant, in microseconds."""
    try:
        written = max(found.stat().st_mtime_ns for found in (folder, *folder.iterdir()))
    except FileNotFoundError:  # another worker removes it
        return False
    return written // 1000 < before
