"""Told to stop, a process lets load balancers see it, finishes what it has begun, and ends in time.

SIGTERM comes from whoever runs the service. uvicorn has a handler that closes the listening socket
at once; ours, put before it, says "not ready" for a while and then hands the signal on. uvicorn
cancels what takes too long, but a thread that waits for the store cannot be cancelled: the process
ends without it, and the store undoes what was not committed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from types import FrameType
from typing import Any

import structlog

from serving.readiness import Readiness
from serving.settings import ServerSettings

CUT_OFF = 1
"""Exit code when requests in flight were left without an answer."""
_SPARE_SECONDS = 1.0
"""For uvicorn, which looks now and then whether everything has ended."""


async def stop_in_order(readiness: Readiness, settings: ServerSettings) -> None:
    """Put our handler before the one that is there; to be started once the server has its own."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    assert callable(before)
    log: Any = structlog.get_logger("leadpact")

    def begin(number: int, frame: FrameType | None) -> None:
        readiness.stop()
        log.info("stopping", drain_seconds=settings.drain_seconds)
        end = threading.Timer(
            settings.drain_seconds + settings.stop_seconds + _SPARE_SECONDS, _cut_off
        )
        end.daemon = True
        end.start()
        loop.call_later(settings.drain_seconds, before, number, frame)

    def on_signal(number: int, frame: FrameType | None) -> None:
        # A handler may come in the middle of anything; the loop is told from outside.
        loop.call_soon_threadsafe(begin, number, frame)

    signal.signal(signal.SIGTERM, on_signal)


def _cut_off() -> None:
    log: Any = structlog.get_logger("leadpact")
    log.error("cut off", reason="requests in flight did not end within stop_seconds")
    os._exit(CUT_OFF)
