"""Jobs beside requests: every worker asks for open ones and works on a kind whose lease is free."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool

from serving.jobs.running import folder_of, work_on
from serving.jobs.uploads import remove_lost, remove_upload
from serving.jobs.work import House, Kept
from serving.refreshing import LEASE
from serving.storage.base import to_number
from serving.storage.jobs import JobStore
from serving.storage.leases import Lease
from serving.storage.outbox import OutboxStore
from serving.supervising import Crew, Supervision

EVERY_SECONDS = 1.0
LOOP = "jobs"
_CLEAN_EVERY = 3600


async def run_jobs(
    supervision: Supervision, house: House, keep_days: int, every: float = EVERY_SECONDS
) -> None:
    """Work on jobs until cancelled; each kind in a thread of its own, so none waits for another.

    Args:
        keep_days: how long files of jobs that have ended are kept.
    """
    crew, rounds = Crew(), count()
    # Kept over failures: who holds a lease, and could not give it back, goes on with it at once.
    leases: dict[str, Lease] = {}

    def begin(kind: str) -> Coroutine[Any, Any, None]:
        # A sweep and a job that sweeps are the same work.
        lease = leases.setdefault(kind, Lease(LEASE if kind == "rescore" else f"job {kind}"))
        return _work(supervision, house, kind, lease)

    async def look() -> None:
        kinds = await run_in_threadpool(_open_kinds, house)
        crew.start(kinds, begin)
        if next(rounds) % _CLEAN_EVERY == 0:
            await run_in_threadpool(remove_old, house, keep_days)

    try:
        await supervision.keep(LOOP, look, every, at_once=True)
    finally:
        await crew.dismiss()


def _open_kinds(house: House) -> set[str]:
    with house.database.reading() as connection:
        return JobStore(connection).open_kinds()


async def _work(supervision: Supervision, house: House, kind: str, lease: Lease) -> None:
    try:
        if not await run_in_threadpool(lease.take, house.database, house.clock()):
            return
        batches = work_on(house, lease, kind)
        try:
            # A batch a thread: a process that is told to stop ends between two of them.
            while await run_in_threadpool(_next, batches) is not None:
                pass
        finally:
            await asyncio.shield(run_in_threadpool(_leave, batches, lease, house))
    except Exception as error:  # the job is begun anew, and given up after a few times
        supervision.tell(LOOP, error, kind=kind)


def _next(batches: Iterator[Kept]) -> Kept | None:
    return next(batches, None)


def _leave(batches: Any, lease: Lease, house: House) -> None:
    batches.close()
    lease.release(house.database)


def remove_old(house: House, keep_days: int) -> int:
    """Remove files of old jobs, and letters that were delivered long ago; how many folders."""
    before = to_number(house.clock() - np.timedelta64(keep_days, "D"))
    with house.database.transaction() as connection:
        OutboxStore(connection).remove_delivered(before)
    return remove_files(house, keep_days) + remove_lost(house)


def remove_files(house: House, keep_days: int) -> int:
    """Remove folders of jobs that ended so long ago; how many. They hold what was uploaded, and so
    what people are known by."""
    before = to_number(house.clock() - np.timedelta64(keep_days, "D"))
    with house.database.reading() as connection:
        ended = JobStore(connection).ended_before(before)
    folders = [f for f in (folder_of(house, job_id) for job_id in ended) if f.is_dir()]
    for folder in folders:
        remove_upload(folder)
    return len(folders)
