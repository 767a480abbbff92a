"""Jobs beside requests: every worker asks for open ones and works on a kind whose lease is free."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import structlog
from starlette.concurrency import run_in_threadpool

from features.errors import LeadpactError
from serving.jobs.running import folder_of, work_on
from serving.jobs.work import House, Kept
from serving.refreshing import LEASE
from serving.storage.base import to_number
from serving.storage.jobs import JobStore
from serving.storage.leases import Lease
from serving.storage.outbox import OutboxStore

EVERY_SECONDS = 1.0
_CLEAN_EVERY = 3600


async def run_jobs(house: House, keep_days: int, every: float = EVERY_SECONDS) -> None:
    """Work on jobs until cancelled; each kind in a thread of its own, so none waits for another.

    Args:
        keep_days: how long files of jobs that have ended are kept.
    """
    log: Any = structlog.get_logger("leadpact")
    active: dict[str, asyncio.Task[None]] = {}
    rounds = 0
    try:
        while True:
            try:
                kinds = await run_in_threadpool(_open_kinds, house)
                if rounds % _CLEAN_EVERY == 0:
                    await run_in_threadpool(remove_old, house, keep_days)
            except (LeadpactError, OSError) as error:
                log.error("jobs not looked at", error=str(error))
                kinds = set()
            active = {kind: task for kind, task in active.items() if not task.done()}
            for kind in kinds - active.keys():
                active[kind] = asyncio.create_task(_work(house, kind, log))
            rounds += 1
            await asyncio.sleep(every)
    finally:
        for task in active.values():
            task.cancel()
        await asyncio.gather(*active.values(), return_exceptions=True)


def _open_kinds(house: House) -> set[str]:
    with house.database.reading() as connection:
        return JobStore(connection).open_kinds()


async def _work(house: House, kind: str, log: Any) -> None:
    # A sweep and a job that sweeps are the same work.
    lease = Lease(LEASE if kind == "rescore" else f"job {kind}")
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
    except (LeadpactError, OSError) as error:
        log.error("job left", kind=kind, error=str(error))
    except Exception as error:  # a defect; the job is begun anew, and given up after a few times
        log.error("job broke", kind=kind, exc_info=error)


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
    return remove_files(house, keep_days)


def remove_files(house: House, keep_days: int) -> int:
    """Remove folders of jobs that ended so long ago; how many. They hold what was uploaded, and so
    what people are known by."""
    before = to_number(house.clock() - np.timedelta64(keep_days, "D"))
    with house.database.reading() as connection:
        ended = JobStore(connection).ended_before(before)
    folders = [f for f in (folder_of(house, job_id) for job_id in ended) if f.is_dir()]
    for folder in folders:
        shutil.rmtree(folder)
    return len(folders)
