"""A write under an Idempotency-Key is done once; who sends it again is told what was told then."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import msgspec
import numpy as np
from fastapi import Request, Response

from serving.canonical import canonical, read
from serving.edges import REPLAYED
from serving.guarding import caller_of
from serving.problems import Trouble
from serving.state import Worker
from serving.storage.base import to_number
from serving.storage.idempotency import IdempotencyStore
from serving.storage.tables import MAX_ID


@dataclass(frozen=True)
class Promise:
    """What an Idempotency-Key stands for: this caller's one write to this address.

    Attributes:
        body_sha256: of what is asked for, where anything is; the key stands for nothing else.
    """

    caller: str
    route: str
    key: str
    body_sha256: str = ""

    def of(self, body: bytes) -> Promise:
        """For this body, or whatever else tells what is asked for."""
        return replace(self, body_sha256=hashlib.sha256(body).hexdigest())


def promise_of(request: Request) -> Promise | None:
    """What this request's key stands for; None where it has none.

    Raises:
        Trouble: when the key is no key.
    """
    told = request.headers.get("idempotency-key")
    if told is None:
        return None
    key = told.strip().removeprefix('"').removesuffix('"')
    if not 0 < len(key) <= MAX_ID or not key.isascii() or not key.isprintable():
        detail = f"An Idempotency-Key is 1 to {MAX_ID} printable ASCII characters."
        raise Trouble("input-refused", detail)
    route = f"{request.method} {request.url.path}"[:MAX_ID]
    return Promise(caller_of(request).actor, route, key)


def told_before(store: IdempotencyStore, promise: Promise | None) -> Any | None:
    """The kept answer's row, or None. Of two at once the second waits for the first to end.

    Raises:
        Trouble: when the key was used for something else.
    """
    if promise is None:
        return None
    there = store.find(promise.caller, promise.route, promise.key)
    if there is not None and there.body_sha256 != promise.body_sha256:
        detail = (
            "This Idempotency-Key came with another body or other parameters before. Use a new key."
        )
        raise Trouble("input-refused", detail)
    return there


def keep_told(
    store: IdempotencyStore, promise: Promise | None, status: int, content: Any, now: np.datetime64
) -> None:
    """Keep an answer, in the transaction of the write that it answers."""
    if promise is not None:
        told = {"status": status, "content": "" if content is None else canonical(content)}
        store.keep(asdict(promise) | told | {"created_at": to_number(now)})


@dataclass(frozen=True)
class Told:
    """What is answered.

    Attributes:
        again: whether it was told before, and nothing was done now.
    """

    status: int
    content: Any
    again: bool

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """As an answer."""
        more = dict(headers or {}) | ({REPLAYED: "true"} if self.again else {})
        if self.content is None:
            return Response(None, self.status, more)
        return Response(msgspec.json.encode(self.content), self.status, more, "application/json")


def do_once(worker: Worker, promise: Promise | None, status: int, do: Callable[[Any], Any]) -> Told:
    """Run a use case that needs no model in a transaction of its own; under a key, once.

    Args:
        status: of its answer.
        do: from the connection to the answer's content, which is kept where there is a key and so
            must hold no secret.
    """
    with worker.database.transaction() as connection:
        store = IdempotencyStore(connection)
        there = told_before(store, promise)
        if there is not None:
            return Told(there.status, read(there.content) if there.content else None, again=True)
        content = do(connection)
        keep_told(store, promise, status, content, worker.clock())
    return Told(status, content, again=False)
