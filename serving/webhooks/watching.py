"""Letters beside requests: every worker asks which webhooks wait; one of them sends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.concurrency import run_in_threadpool

from serving.storage.leases import Lease
from serving.supervising import Crew, Supervision
from serving.webhooks.delivering import Post, deliver_some, waiting

EVERY_SECONDS = 1.0
LOOP = "webhooks"


async def deliver_letters(
    supervision: Supervision, post: Post, every: float = EVERY_SECONDS
) -> None:
    """Send letters until cancelled; each webhook has a task of its own, so that a slow receiver
    holds up nobody else."""
    crew = Crew()
    # Kept over failures: who holds a lease, and could not give it back, goes on with it at once.
    leases: dict[str, Lease] = {}

    def begin(name: str) -> Coroutine[Any, Any, None]:
        lease = leases.setdefault(name, Lease(f"webhook {name}"))
        return _send(supervision, post, name, lease)

    async def look() -> None:
        crew.start(await run_in_threadpool(waiting, post), begin)

    try:
        await supervision.keep(LOOP, look, every, at_once=True)
    finally:
        await crew.dismiss()


async def _send(supervision: Supervision, post: Post, webhook_id: str, lease: Lease) -> None:
    try:
        if not await run_in_threadpool(lease.take, post.database, post.clock()):
            return
        try:
            while await run_in_threadpool(deliver_some, post, lease, webhook_id):
                pass
        finally:
            await asyncio.shield(run_in_threadpool(lease.release, post.database))
    except Exception as error:  # the letters are still there and come with the next round
        supervision.tell(LOOP, error, webhook=webhook_id)
