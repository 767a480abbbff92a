"""What routes on the record share: one transaction a request, repeated answers, parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import msgspec
from fastapi import Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.answers import ProblemTold
from serving.canonical import canonical
from serving.edges import REPLAYED
from serving.guarding import caller_of
from serving.incoming import ID, ID_ALLOWED
from serving.problems import MEDIA_TYPE, TITLES, Trouble
from serving.record import Record, persist
from serving.state import Worker, worker_of
from serving.storage.base import to_number
from serving.storage.idempotency import IdempotencyStore
from serving.storage.locks import hold
from serving.storage.tables import MAX_ID

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


@dataclass(frozen=True)
class Promise:
    """What an Idempotency-Key stands for: this caller's one write to this address."""

    caller: str
    route: str
    key: str


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
    key = _key_of(request) if keeps else None
    route = f"{request.method} {request.url.path}"[:MAX_ID]
    promise = None if key is None else Promise(caller_of(request).actor, route, key)
    return await run_in_threadpool(_write, worker_of(request), promise, body, work)


def _write(worker: Worker, promise: Promise | None, body: bytes, work: Work) -> Response:
    return persist(lambda: _once(worker, promise, body, work))


def _once(worker: Worker, promise: Promise | None, body: bytes, work: Work) -> Response:
    now, sha256 = worker.clock(), hashlib.sha256(body).hexdigest()
    with worker.database.transaction() as connection:
        store = IdempotencyStore(connection)
        if promise is not None:
            hold(connection, [f"key {promise.caller} {promise.route} {promise.key}"])
            there = store.find(promise.caller, promise.route, promise.key)
            if there is not None:
                if there.body_sha256 != sha256:
                    detail = "This Idempotency-Key came with another body before. Use a new key."
                    raise Trouble("input-refused", detail)
                headers = {REPLAYED: "true"}
                return Response(there.content, there.status, headers, "application/json")
        record = Record(connection, worker.scorer, now)
        status, content, headers = work(record)
        if promise is not None:
            store.keep(
                {
                    **asdict(promise),
                    "body_sha256": sha256,
                    "status": status,
                    "content": "" if content is None else canonical(content),
                    "created_at": to_number(now),
                }
            )
    worker.telemetry.scored(record.book.made)
    if content is None:
        return Response(None, status, headers)
    return json_response(content, status, headers)


def _key_of(request: Request) -> str | None:
    told = request.headers.get("idempotency-key")
    if told is None:
        return None
    key = told.strip().removeprefix('"').removesuffix('"')
    if not 0 < len(key) <= MAX_ID or not key.isascii() or not key.isprintable():
        detail = f"An Idempotency-Key is 1 to {MAX_ID} printable ASCII characters."
        raise Trouble("input-refused", detail)
    return key
