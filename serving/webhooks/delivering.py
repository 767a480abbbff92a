"""Letters on their way: of each lead one at a time, again until they arrive or are given up."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Row

from serving.storage.base import from_number, to_number
from serving.storage.database import Database
from serving.storage.leases import Lease
from serving.storage.outbox import DEAD, DELIVERED, PENDING, OutboxStore
from serving.webhooks.signing import secret_of, signature
from serving.webhooks.targets import Resolve, Rules, TargetRefused, resolve, send

PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200)
"""Seconds to wait after the first, second, ... try that failed; after the last, the letter is dead:
a receiver has more than a day to come back."""
SLACK = 3600
"""Seconds by which the clocks of processes that are right may be apart."""
AT_ONCE = 8
"""Letters to one receiver that are under way at once, each of another subject."""
_SHORT = 300


@dataclass(frozen=True)
class Post:
    """What sending needs of the process it runs in.

    Attributes:
        key: of the service; see `signing`.
        told: called with `delivered`, `failed` or `dead` for every try.
    """

    database: Database
    clock: Callable[[], np.datetime64]
    key: bytes
    rules: Rules
    told: Callable[[str], None]
    look_up: Resolve = field(default=resolve)


@dataclass(frozen=True)
class _Try:
    """How one try ended; `error` is None when the receiver said that it has the letter."""

    seq: int
    attempts: int
    status: int | None
    error: str | None


def waiting(post: Post) -> set[str]:
    """Webhooks that have a letter whose time has come, or were removed."""
    with post.database.reading() as connection:
        return OutboxStore(connection).waiting(*_span(post))


def _span(post: Post) -> tuple[int, int]:
    """Now, and the latest instant to which a letter can have been put off by now; microseconds."""
    now = to_number(post.clock())
    return now, now + (max(PAUSES) + SLACK) * 1_000_000


def deliver_some(post: Post, lease: Lease, webhook_id: str) -> int:
    """Send the letters of one webhook whose time has come, a few at once; how many were tried.

    Raises:
        LeaseLost: when another process sends to it now; the letters come a second time then, under
            the same id.
    """
    with post.database.reading() as connection:
        store = OutboxStore(connection)
        letters = store.heads(webhook_id, *_span(post), AT_ONCE)
        webhook = store.webhook(webhook_id)
    if webhook is None:
        _clear(post, lease, webhook_id)
        return 0
    if not letters:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tries = list(pool.map(lambda letter: _try(post, webhook, letter), letters))
    _note(post, lease, tries)
    return len(tries)


def _clear(post: Post, lease: Lease, webhook_id: str) -> None:
    """Clear a webhook away that was removed; under the lease, so that none of its letters is under
    way."""
    with post.database.transaction() as connection:
        lease.keep(connection, post.clock())
        OutboxStore(connection).clear(webhook_id)


def _try(post: Post, webhook: Row[Any], letter: Row[Any]) -> _Try:
    now = post.clock()
    stamp = to_number(now) // 1_000_000
    generations = [webhook.generation]
    if webhook.overlap_until is not None and now < from_number(webhook.overlap_until):
        generations.append(webhook.generation - 1)
    signatures = [
        signature(secret_of(post.key, webhook.id, g), letter.id, stamp, letter.body)
        for g in generations
    ]
    headers = {
        "content-type": "application/json",
        "user-agent": "leadpact",
        "webhook-id": letter.id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(signatures),
    }
    status, error = None, None
    try:
        status = send(webhook.url, letter.body, headers, post.rules, post.look_up)
        if not 200 <= status < 300:
            error = f"The receiver answered {status}."
    except TargetRefused as refusal:
        error = str(refusal)
    except (OSError, http.client.HTTPException, ValueError) as failure:
        error = f"No answer: {type(failure).__name__}."
    return _Try(letter.seq, letter.attempts + 1, status, None if error is None else error[:_SHORT])


def _note(post: Post, lease: Lease, tries: Sequence[_Try]) -> None:
    now = post.clock()
    at = to_number(now)
    with post.database.transaction() as connection:
        lease.keep(connection, now)
        store = OutboxStore(connection)
        for one in tries:
            store.write(one.seq, _after(one, at))
    for one in tries:
        dead = one.error is not None and one.attempts > len(PAUSES)
        post.told("delivered" if one.error is None else "dead" if dead else "failed")


def _after(one: _Try, at: int) -> dict[str, Any]:
    """What a letter's row says after a try."""
    told = {"attempts": one.attempts, "status": one.status, "error": one.error}
    if one.error is None:
        return told | {"state": DELIVERED, "ended_at": at}
    if one.attempts > len(PAUSES):
        return told | {"state": DEAD, "ended_at": at}
    return told | {"state": PENDING, "next_at": at + PAUSES[one.attempts - 1] * 1_000_000}
