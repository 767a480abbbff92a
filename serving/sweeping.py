"""What has ended by itself is removed: sessions, links, tries. Every worker looks once an hour."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool

from serving.access.gate import Gate
from serving.access.sessions import sweep
from serving.supervising import Supervision

EVERY_SECONDS = 3600.0
LOOP = "sessions"


async def sweep_by_the_hour(
    supervision: Supervision, gate: Gate, every: float = EVERY_SECONDS
) -> None:
    """Sweep at once and then every so often, until cancelled.

    Where it fails it is tried again the next time: nothing that has ended works for longer because
    its row is still there.
    """

    async def look() -> None:
        await run_in_threadpool(_sweep, gate)

    await supervision.keep(LOOP, look, every, at_once=True)


def _sweep(gate: Gate) -> None:
    with gate.database.transaction() as connection:
        sweep(connection, gate.settings, gate.clock())
