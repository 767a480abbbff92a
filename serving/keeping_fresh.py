"""The built-in sweep: every worker asks now and then whether scores wait; one of them sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import structlog
from starlette.concurrency import run_in_threadpool

from models.workspace import Workspace
from serving.noticing import notice_silence, notice_versions
from serving.refreshing import LEASE, Counts, sweep
from serving.state import Desk
from serving.storage.leases import Lease
from serving.supervising import Supervision

LOOP = "scores"


async def keep_fresh(
    supervision: Supervision, desk: Desk, workspace: Workspace, every: float
) -> None:
    """Sweep now and then until cancelled; a sweep that is cut off goes on with the next one.

    Args:
        every: seconds from one sweep to the next.
    """
    log: Any = structlog.get_logger("leadpact")
    lease = Lease(LEASE)

    async def look() -> None:
        counts = await _sweep(desk, workspace, lease)
        if counts.looked:
            log.info("scores swept", **vars(counts))

    await supervision.keep(LOOP, look, every)


async def _sweep(desk: Desk, workspace: Workspace, lease: Lease) -> Counts:
    worker, counts = desk.now, Counts()
    # Whose model is not the champion's (a damaged one was refused) must not undo the others' work.
    if workspace.champion().name != worker.scorer.versions.model:
        return counts
    if await run_in_threadpool(_notice, desk):
        # A job has been queued that scores every lead anew, with progress.
        return counts
    if not await run_in_threadpool(lease.take, worker.database, worker.clock()):
        return counts
    batches = sweep(worker.database, lambda: desk.now.scorer, worker.clock, lease)
    try:
        # A batch a thread, so that a process that is told to stop ends between two of them.
        while (batch := await run_in_threadpool(_next, batches)) is not None:
            counts += batch
            worker.telemetry.swept(batch.rescored, batch.untouched)
    finally:
        await run_in_threadpool(lease.release, worker.database)
    return counts


def _notice(desk: Desk) -> list[str]:
    worker = desk.now
    silent = np.timedelta64(round(worker.settings.feed_silent_hours * 3600), "s")
    with worker.database.transaction() as connection:
        now = worker.clock()
        notice_silence(connection, silent, now)
        return notice_versions(connection, worker.scorer.versions, now)


def _next(batches: Iterator[Counts]) -> Counts | None:
    return next(batches, None)
