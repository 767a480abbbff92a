"""How much one caller may ask: a moving minute, counted in this process.

Each worker process counts for itself, so N workers let through up to N times as much; the
limit protects the service from a runaway client and is no quota to bill by.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

WINDOW = 60
"""Seconds."""


@dataclass(frozen=True)
class Rate:
    """Where a caller stands.

    Attributes:
        allowed: whether this request is within the limit.
        quota: requests a window.
        remaining: requests left now.
        reset: whole seconds until more are left.
    """

    allowed: bool
    quota: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 names them, and Retry-After when refused."""
        told = {
            "ratelimit-policy": f'"default";q={self.quota};w={WINDOW}',
            "ratelimit": f'"default";r={self.remaining};t={self.reset}',
        }
        return told if self.allowed else told | {"retry-after": str(self.reset)}


class Rates:
    """Counts requests.

    Args:
        per_minute: requests of one caller.
        wall: seconds since 1970; the library itself reads the wall clock too.
    """

    def __init__(self, per_minute: int, wall: Callable[[], float]) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._wall = wall

    def take(self, caller: str) -> Rate:
        """Count a request of `caller`."""
        allowed = self._limiter.hit(self._item, caller)
        stats = self._limiter.get_window_stats(self._item, caller)
        reset = min(max(1, math.ceil(stats.reset_time - self._wall())), WINDOW)
        return Rate(allowed, self._item.amount, max(stats.remaining, 0), reset)
