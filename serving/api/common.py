"""What routes on the record share: one transaction a request, repeated answers, parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.answers import ProblemTold
from serving.api.once import Promise, keep_told, promise_of, told_before
from serving.edges import REPLAYED
from serving.incoming import ID, ID_ALLOWED
from serving.problems import MEDIA_TYPE, TITLES
from serving.record import Record, persist
from serving.state import Worker, worker_of
from serving.storage.idempotency import IdempotencyStore

Name = Annotated[str, Path(pattern=ID, description=f"An id: {ID_ALLOWED}.")]
"""A lead's or an account's id in an address."""


def refusals(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for refusals of these kinds."""
    return {
        TITLES[kind][0]: {
            "description": TITLES[kind][1],
            "model": ProblemTold,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemTold"}}},
        }
        for kind in (*kinds, "internal-error", "not-ready")
    }


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer as JSON."""
    return Response(msgspec.json.encode(value), status, dict(headers or {}), "application/json")


Work = Callable[[Record], tuple[int, Any, dict[str, str]]]
"""A use case: from the record to status, content and headers."""


async def write(request: Request, body: bytes, work: Work, *, keeps: bool = True) -> Response:
    """Run a use case in a transaction of its own; under an Idempotency-Key, once.

    Args:
        keeps: whether the answer may be kept for a repeated request; what tells all of a person
            must not be, and an Idempotency-Key then changes nothing.

    Raises:
        Trouble: when the key is no key, or was used with another body.
    """
    promise = promise_of(request) if keeps else None
    return await run_in_threadpool(_write, worker_of(request), promise, body, work)


def _write(worker: Worker, promise: Promise | None, body: bytes, work: Work) -> Response:
    about = None if promise is None else promise.of(body)
    return persist(lambda: _once(worker, about, work))


def _once(worker: Worker, promise: Promise | None, work: Work) -> Response:
    now = worker.clock()
    with worker.database.transaction() as connection:
        store = IdempotencyStore(connection)
        there = told_before(store, promise)
        if there is not None:
            return Response(there.content, there.status, {REPLAYED: "true"}, "application/json")
        record = Record(connection, worker.scorer, now)
        status, content, headers = work(record)
        keep_told(store, promise, status, content, now)
    worker.telemetry.scored(record.book.made)
    if content is None:
        return Response(None, status, headers)
    return json_response(content, status, headers)
