"""An app that begins as the first run and becomes the whole service once there is a model.

Every process looks by itself with each request, as everywhere: no process has to be told, and no
browser meets a closed door in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from features.errors import LeadpactError

_AGAIN_SECONDS = 2.0


class Opening:
    """Answers as the first run until `make` gives the whole service.

    Args:
        first: the first run.
        is_ready: whether there is a model.
        make: makes the whole service; may take seconds.
        tell: is told why it could not be made, "" when it was.
    """

    def __init__(
        self,
        first: FastAPI,
        is_ready: Callable[[], bool],
        make: Callable[[], FastAPI],
        tell: Callable[[str], None],
    ) -> None:
        self._app, self._is_ready, self._make, self._tell = first, is_ready, make, tell
        self._whole: FastAPI | None = None
        self._stack = AsyncExitStack()
        self._one = asyncio.Lock()
        self._next = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of this process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._whole is None and time.monotonic() >= self._next and self._is_ready():
            await self._open()
        await (self._whole or self._app)(scope, receive, send)

    async def _open(self) -> None:
        async with self._one:
            if self._whole is not None or time.monotonic() < self._next:
                return
            try:
                whole = await run_in_threadpool(self._make)
            except LeadpactError as error:
                log: Any = structlog.get_logger("leadpact")
                log.error("cannot begin", error=str(error))
                self._tell(str(error))
                self._next = time.monotonic() + _AGAIN_SECONDS
                return
            await self._stack.enter_async_context(whole.router.lifespan_context(whole))
            self._tell("")
            self._whole = whole

    async def _live(self, receive: Receive, send: Send) -> None:
        message: Message = await receive()
        assert message["type"] == "lifespan.startup"
        await self._stack.enter_async_context(self._app.router.lifespan_context(self._app))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})
