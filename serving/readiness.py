"""Whether this process can answer now, and if not, why: what a load balancer steers by.

A worker starts only with a model that has scored a lead, so what may fail later is the store, and
what ends every process is being told to stop.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from serving.storage.database import Database, StoreUnreachable
from serving.storage.migrate import StoreOutdated, require_current

WITHIN_SECONDS = 2.0
"""How long the store may take to answer."""


class Readiness:
    """Looks when it is asked. Asked again meanwhile, it waits for the same look: a store that hangs
    is asked once, however often a load balancer comes by.

    Args:
        database: the store that must be there.
        within: seconds that it may take.
    """

    def __init__(self, database: Database, within: float = WITHIN_SECONDS) -> None:
        self._database = database
        self._within = within
        self._look: asyncio.Task[str | None] | None = None
        self._told: str | None = None
        self._stopping = False

    def stop(self) -> None:
        """This process takes no more; it is never ready again."""
        self._stopping = True

    async def why_not(self) -> str | None:
        """None when this process can answer, else the reason, fit for anybody's eyes."""
        if self._stopping:
            return "This process is stopping."
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(run_in_threadpool(self._check))
        try:
            found = await asyncio.wait_for(asyncio.shield(self._look), self._within)
        except TimeoutError:
            found = f"The store has not answered within {self._within:g} seconds."
        self._note(found)
        return found

    def _check(self) -> str | None:
        log: Any = structlog.get_logger("leadpact")
        try:
            require_current(self._database)
        except StoreOutdated as error:
            return str(error)
        except StoreUnreachable as error:
            log.warning("store unreachable", error=" ".join(error.__notes__))
            return "The store cannot be reached."
        except Exception as error:
            log.error("store refuses", exc_info=error)
            return "The store refuses to answer; the log says why."
        return None

    def _note(self, found: str | None) -> None:
        """Tell the log when it changes, not every time somebody asks."""
        log: Any = structlog.get_logger("leadpact")
        if found != self._told:
            log.warning("ready again" if found is None else "not ready", reason=found)
        self._told = found
