"""`POST /v1/score/bulk`: any number of leads as lines of JSON, answered while they come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from serving.api.common import refusals
from serving.bulk import Answered, Lines, answer_lines, batches_of
from serving.guarding import GUARDED, allow
from serving.problems import Trouble
from serving.state import Worker, worker_of

NDJSON = "application/x-ndjson"
STREAMS = 4
"""Streams that one worker answers at once: each has a thread at work."""
_LINED = {
    NDJSON: {
        "schema": {
            "type": "string",
            "description": "Lines of JSON, one a lead; see `POST /v1/score`.",
        }
    }
}


class Stream(Response):
    """Pieces of an answer as they come. Unlike Starlette's it leaves the request's body alone,
    which is still being read."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        super().__init__(media_type=NDJSON)
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send piece after piece; waits where the caller reads slowly."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def routes() -> APIRouter:
    """The router; it counts its worker's streams."""
    router = APIRouter(prefix="/v1", tags=["scores"])
    free = asyncio.Semaphore(STREAMS)

    @router.post(
        "/score/bulk",
        summary="Score any number of leads, line by line",
        response_model=None,
        responses={
            200: {"description": "Lines of JSON, in order", "content": _LINED},
            **refusals("not-json-type", "input-refused", "overloaded", *GUARDED),
        },
        openapi_extra={"requestBody": {"required": True, "content": _LINED}},
        dependencies=[Depends(allow("score.ask"))],
    )
    async def score_lines(
        request: Request,
        detail: Annotated[
            Literal["full", "brief"],
            Query(
                description="`brief` tells the numbers alone: no reasons, value or "
                "disagreement; it takes less than half the time."
            ),
        ] = "full",
    ) -> Response:
        """Each line is what `POST /v1/score` takes, each line of the answer what it tells, in
        order; a line that cannot be taken is answered in its place with its number and `errors`.
        Nothing is stored. Read the answer while you send: a caller who does not is not read from
        either."""
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != NDJSON:
            raise Trouble("not-json-type", f"Send the header `Content-Type: {NDJSON}`.")
        if free.locked():
            raise Trouble(
                "overloaded",
                f"This worker answers {STREAMS} bulk requests at once. Try again later.",
                headers={"retry-after": "10"},
            )
        worker = worker_of(request)
        return Stream(_answers(worker, request, free, in_full=detail == "full"))

    return router


async def _answers(
    worker: Worker, request: Request, free: asyncio.Semaphore, *, in_full: bool
) -> AsyncIterator[bytes]:
    """Answers of one batch while the next is scored and the one after is read."""
    settings = worker.settings

    def work(batch: Lines) -> Answered:
        now = worker.clock()
        return answer_lines(worker.scorer, batch, now, settings.max_activities, in_full=in_full)

    def tell(answered: Answered) -> bytes:
        worker.telemetry.scored(answered.scores)
        worker.telemetry.leads.labels("refused").inc(answered.refused)
        return answered.text

    async with free:
        running: asyncio.Task[Answered] | None = None
        async for batch in batches_of(request.stream(), settings.max_body_bytes):
            before, running = running, asyncio.create_task(run_in_threadpool(work, batch))
            if before is not None:
                yield tell(await before)
        if running is not None:
            yield tell(await running)
