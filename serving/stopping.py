"""Told to stop, a process first lets load balancers see it, then finishes what it has begun.

SIGTERM comes from whoever runs the service. uvicorn has a handler that closes the listening socket
at once; ours, put before it, says "not ready" for a while, and then hands the signal on.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog

from serving.readiness import Readiness

Handler = Callable[[int, FrameType | None], Any]


async def drain_before_stopping(readiness: Readiness, seconds: float) -> None:
    """Put our handler before the one that is there; to be started once the server has its own.

    Args:
        seconds: how long requests are still taken after SIGTERM.
    """
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    if not callable(before):
        return
    log: Any = structlog.get_logger("leadpact")

    def begin(number: int, frame: FrameType | None) -> None:
        readiness.stop()
        if seconds <= 0:
            before(number, frame)
        else:
            loop.call_later(seconds, before, number, None)

    def on_signal(number: int, frame: FrameType | None) -> None:
        log.info("stopping", drain_seconds=seconds)
        # A handler may come in the middle of anything; the loop is told from outside.
        loop.call_soon_threadsafe(begin, number, frame)

    signal.signal(signal.SIGTERM, on_signal)
