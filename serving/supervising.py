"""What runs beside the requests outlives whatever goes wrong in it, by one supervision."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from features.errors import LeadpactError

LONGEST_SECONDS = 30.0
"""Pauses double with every failure, up to here: nobody fills the log, and what comes back is
noticed soon."""

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Supervision:
    """Takes the steps of loops, and tells what goes wrong in them.

    Attributes:
        broke: told a loop's name each time a defect shows in it.
        sleep: waits so many seconds.
    """

    broke: Callable[[str], None]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def keep(self, loop: str, step: Step, every: float, at_once: bool = False) -> None:
        """Take a step every so often until cancelled, whatever it raises.

        Args:
            loop: the name in log and metric.
            every: seconds from the end of one step to the next; longer after failures.
            at_once: begin with a step rather than with a pause.
        """
        failures = 0
        if not at_once:
            await self.sleep(every)
        while True:
            try:
                await step()
                failures = 0
            except Exception as error:
                failures += 1
                self.tell(loop, error)
            await self.sleep(pause(every, failures))

    def tell(self, loop: str, error: Exception, **where: str) -> None:
        """Log what went wrong: by its words where it was foreseen, by its traceback where it is a
        defect, which is counted.

        Args:
            where: what it was about, such as the kind of job.
        """
        log: Any = structlog.get_logger("leadpact")
        if isinstance(error, LeadpactError):
            why = " ".join([str(error), *getattr(error, "__notes__", ())])
            log.error("not done beside requests", loop=loop, error=why, **where)
        else:
            log.error("broke beside requests", loop=loop, exc_info=error, **where)
            self.broke(loop)


def pause(every: float, failures: int) -> float:
    """Seconds until the next step, after so many failures in a row."""
    if every >= LONGEST_SECONDS:
        return every
    # 2^10 s are beyond the longest, and the power of a long row would be no float any more.
    return float(min(every * 2 ** min(failures, 10), LONGEST_SECONDS))


class Crew:
    """Tasks by name, one of each at a time."""

    def __init__(self) -> None:
        self._active: dict[str, asyncio.Task[None]] = {}

    def start(
        self, names: Iterable[str], begin: Callable[[str], Coroutine[Any, Any, None]]
    ) -> None:
        """Begin a task for each name that has none."""
        self._active = {name: task for name, task in self._active.items() if not task.done()}
        for name in set(names) - self._active.keys():
            self._active[name] = asyncio.create_task(begin(name))

    async def dismiss(self) -> None:
        """Cancel every task, and wait until all have ended."""
        for task in self._active.values():
            task.cancel()
        await asyncio.gather(*self._active.values(), return_exceptions=True)
