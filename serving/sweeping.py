"""What has ended by itself is removed: sessions, links, tries. Every worker looks once an hour."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from serving.access.gate import Gate
from serving.access.sessions import sweep
from serving.storage.database import StoreUnreachable

EVERY_SECONDS = 3600.0


async def sweep_by_the_hour(gate: Gate, every: float = EVERY_SECONDS) -> None:
    """Sweep at once and then every so often, until cancelled.

    A store that cannot be reached is told to the log and tried again the next time: nothing that
    has ended works for longer because its row is still there.
    """
    log: Any = structlog.get_logger("leadpact")
    while True:
        try:
            await run_in_threadpool(_sweep, gate)
        except StoreUnreachable as error:
            log.error("not swept", error=" ".join(error.__notes__))
        await asyncio.sleep(every)


def _sweep(gate: Gate) -> None:
    with gate.database.transaction() as connection:
        sweep(connection, gate.settings, gate.clock())
