"""The built-in sweep: every worker asks now and then whether scores wait; one of them sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

import numpy as np
import structlog
from starlette.concurrency import run_in_threadpool

from features.errors import LeadpactError
from models.scorer import Scorer
from models.workspace import Workspace
from serving.noticing import MODEL, notice_silence, notice_versions
from serving.refreshing import LEASE, Counts, sweep
from serving.state import Desk, Worker
from serving.storage.leases import Lease
from serving.storage.marks import mark
from serving.supervising import Supervision

LOOP = "scores"


class _Standing(Enum):
    """What the model that a process answers with is to the workspace's champion."""

    CHAMPION = auto()
    IN_ITS_PLACE = auto()
    """The champion cannot be read, and no process answers with another: this one goes on."""
    BEHIND = auto()


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
    standing = await run_in_threadpool(_standing, worker, workspace)
    if await run_in_threadpool(_notice, worker, standing):
        # A job has been queued that scores every lead anew, with progress.
        return counts
    if standing is _Standing.BEHIND:
        # Its sweep would undo the work of those that answer with the champion.
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


def _standing(worker: Worker, workspace: Workspace) -> _Standing:
    mine = worker.scorer.versions.model
    try:
        champion = workspace.champion()
        if champion.name == mine:
            return _Standing.CHAMPION
        Scorer.load(champion)
    except (LeadpactError, OSError):
        # Refused, by this process too; the loop that follows promotions says why.
        with worker.database.reading() as connection:
            alone = mark(connection, MODEL) in (None, mine)
        return _Standing.IN_ITS_PLACE if alone else _Standing.BEHIND
    return _Standing.BEHIND


def _notice(worker: Worker, standing: _Standing) -> list[str]:
    silent = np.timedelta64(round(worker.settings.feed_silent_hours * 3600), "s")
    with worker.database.transaction() as connection:
        now = worker.clock()
        notice_silence(connection, silent, now)
        if standing is _Standing.BEHIND:
            return []
        return notice_versions(connection, worker.scorer.versions, now)


def _next(batches: Iterator[Counts]) -> Counts | None:
    return next(batches, None)
