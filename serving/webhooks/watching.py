"""Letters beside requests: every worker asks which webhooks wait; one of them sends."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from features.errors import LeadpactError
from serving.storage.base import to_number
from serving.storage.leases import Lease
from serving.storage.outbox import OutboxStore
from serving.webhooks.delivering import Post, deliver_some

EVERY_SECONDS = 1.0


async def deliver_letters(post: Post, every: float = EVERY_SECONDS) -> None:
    """Send letters until cancelled; each webhook has a task of its own, so that a slow receiver
    holds up nobody else."""
    log: Any = structlog.get_logger("leadpact")
    active: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            try:
                waiting = await run_in_threadpool(_waiting, post)
            except (LeadpactError, OSError) as error:
                log.error("letters not looked at", error=str(error))
                waiting = set()
            active = {name: task for name, task in active.items() if not task.done()}
            for name in waiting - active.keys():
                active[name] = asyncio.create_task(_send(post, name, log))
            await asyncio.sleep(every)
    finally:
        for task in active.values():
            task.cancel()
        await asyncio.gather(*active.values(), return_exceptions=True)


def _waiting(post: Post) -> set[str]:
    with post.database.reading() as connection:
        return OutboxStore(connection).waiting(to_number(post.clock()))


async def _send(post: Post, webhook_id: str, log: Any) -> None:
    lease = Lease(f"webhook {webhook_id}")
    try:
        if not await run_in_threadpool(lease.take, post.database, post.clock()):
            return
        try:
            while await run_in_threadpool(deliver_some, post, lease, webhook_id):
                pass
        finally:
            await asyncio.shield(run_in_threadpool(lease.release, post.database))
    except (LeadpactError, OSError) as error:
        log.error("letters left", webhook=webhook_id, error=str(error))
    except Exception as error:  # a defect; the letters are still there and come with the next round
        log.error("delivery broke", webhook=webhook_id, exc_info=error)
