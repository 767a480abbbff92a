"""What was uploaded for a job, and goes when no job came of it: it holds people's data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.storage.database import StoreUnreachable


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
    """Remove a job's folder, where it has one."""
    if folder.is_dir():
        shutil.rmtree(folder)
