"""Beside the requests: leads that are due are handed over, disputes settled, promises judged."""

from __future__ import annotations

from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from features.errors import LeadpactError
from models.challenger import Challenger
from models.scorer import Scorer
from models.workspace import Workspace
from serving.pact.disputing import settle
from serving.pact.handing import MOST, Handed, hand_over
from serving.pact.judging import judge_clocks, judge_week
from serving.record import Collision, Record
from serving.state import Clock, Desk
from serving.storage.database import Database
from serving.storage.leases import Lease
from serving.supervising import Supervision

EVERY_SECONDS = 15.0
LEASE = "hand over"
LOOP = "handoffs"
_ATTEMPTS = 5


async def keep_handing_over(
    supervision: Supervision, desk: Desk, workspace: Workspace, every: float = EVERY_SECONDS
) -> None:
    """Hand over and settle every so often until cancelled; one process of all does."""
    log: Any = structlog.get_logger("leadpact")
    lease, waiting = Lease(LEASE), Challenger(workspace)

    async def look() -> None:
        worker = desk.now
        if not await run_in_threadpool(lease.take, worker.database, worker.clock()):
            return
        call = (worker.database, worker.scorer, worker.clock)
        other = await run_in_threadpool(_scorer_of, waiting, log)
        handed, settled = await run_in_threadpool(run_once, *call, other)
        broken = await run_in_threadpool(judge_once, *call)
        if handed.leads or settled or broken:
            told = {"disputes_settled": settled, "promises_broken": broken}
            log.info("handed over", **vars(handed), **told)

    await supervision.keep(LOOP, look, every)


def _scorer_of(waiting: Challenger, log: Any) -> Scorer | None:
    """A challenger that cannot be read keeps no lead from being handed over."""
    try:
        return waiting.scorer()
    except LeadpactError as error:
        log.error("challenger refused", error=str(error))
        return None


def run_once(
    database: Database, scorer: Scorer, clock: Clock, challenger: Scorer | None = None
) -> tuple[Handed, int]:
    """Hand over everything that is due now, and settle what is known; how much of both."""
    leads = explored = 0
    while True:
        handed = _try(database, scorer, clock)
        leads, explored = leads + handed.leads, explored + handed.explored
        if handed.leads < MOST:
            break
    with database.transaction() as connection:
        settled = settle(Record(connection, scorer, clock()), challenger)
    return Handed(leads, explored), settled


def judge_once(database: Database, scorer: Scorer, clock: Clock) -> int:
    """Judge every promise that is due by now; how many were broken."""
    with database.transaction() as connection:
        record = Record(connection, scorer, clock())
        return judge_clocks(record) + judge_week(record)


def _try(database: Database, scorer: Scorer, clock: Clock) -> Handed:
    """Nothing where others who move these leads were faster each time; the next run has them."""
    for _ in range(_ATTEMPTS):
        try:
            with database.transaction() as connection:
                return hand_over(Record(connection, scorer, clock()))
        except Collision:
            continue
    return Handed(0, 0)
