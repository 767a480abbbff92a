"""`/v1/webhooks`: who is told what happens, and what could not be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from serving.announcing import EVENTS
from serving.api.common import json_response, refusals
from serving.api.once import Told, do_once, promise_of
from serving.guarding import GUARDED, allow, caller_of
from serving.job_answers import LetterPage, Replayed, WebhookList, WebhookMade
from serving.problems import refused, wrong
from serving.state import worker_of
from serving.webhooks.asking import Webhooks, letter_as_json, webhook_as_json, with_secret
from serving.webhooks.signing import service_key
from serving.webhooks.targets import MAX_URL, TargetRefused, split_url

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=refusals(*GUARDED))
WebhookId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
_MAY = [Depends(allow("webhooks.manage"))]
_PAGE = 100
_MOST_IDS = 1000


class NewWebhook(BaseModel):
    """Where to send what."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        max_length=MAX_URL, pattern="^https?://[!-~]+$", examples=["https://crm.example/hook"]
    )
    events: list[Literal[tuple(EVENTS)]] = Field(min_length=1, max_length=len(EVENTS))  # type: ignore[valid-type]


class Which(BaseModel):
    """Which dead letters are sent again; null for all."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] | None = Field(default=None, max_length=_MOST_IDS)


@router.post(
    "",
    status_code=201,
    summary="Add a webhook",
    response_model=None,
    responses={201: {"model": WebhookMade}, **refusals("input-refused")},
    dependencies=_MAY,
)
async def add(request: Request, told: NewWebhook) -> Response:
    """Letters are signed as Standard Webhooks say, with the secret that is told here, to who sends
    this again under the same Idempotency-Key, and never else. Of one lead they come in order, each
    until the address answers 2xx; the same letter may come twice, under the same `webhook-id`.
    Addresses that are not public are not asked unless an operator allowed their network."""
    try:
        split_url(told.url)
    except TargetRefused as refusal:
        raise refused([wrong("/url", told.url, str(refusal), "https://HOST/PATH")]) from refusal
    return await _give(request, lambda hooks: hooks.add(told.url, told.events), 201)


@router.get(
    "",
    summary="Webhooks",
    response_model=None,
    responses={200: {"model": WebhookList}},
    dependencies=_MAY,
)
async def listed(request: Request) -> Response:
    """All of them, without their secrets."""
    return await _read(
        request, lambda hooks: {"webhooks": [webhook_as_json(row) for row in hooks.all()]}
    )


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Remove a webhook",
    response_model=None,
    responses=refusals("not-found", "input-refused"),
    dependencies=_MAY,
)
async def remove(request: Request, webhook_id: WebhookId) -> Response:
    """It goes with all its letters; what was not delivered is not. At most a letter that is under
    way at this moment still arrives."""
    return (await _change(request, lambda hooks: hooks.remove(webhook_id), 204)).response()


@router.post(
    "/{webhook_id}/rotate",
    summary="Give a webhook a new secret",
    response_model=None,
    responses={200: {"model": WebhookMade}, **refusals("not-found", "input-refused")},
    dependencies=_MAY,
)
async def rotate(request: Request, webhook_id: WebhookId) -> Response:
    """For a day letters carry both signatures, so that the receiver can change over."""
    return await _give(request, lambda hooks: hooks.rotate(webhook_id))


@router.get(
    "/{webhook_id}/letters",
    summary="Letters of a webhook",
    response_model=None,
    responses={200: {"model": LetterPage}, **refusals("not-found", "input-refused")},
    dependencies=_MAY,
)
async def letters(
    request: Request,
    webhook_id: WebhookId,
    state: Annotated[
        Literal["pending", "delivered", "dead"], Query(description="Which of them.")
    ] = "dead",
    cursor: Annotated[
        str | None,
        Query(pattern="^[1-9][0-9]{0,14}$", description="`next_cursor` of the page before."),
    ] = None,
) -> Response:
    """The oldest first. What is dead was tried for more than a day; it waits to be sent anew."""

    def work(hooks: Webhooks) -> dict[str, Any]:
        rows = hooks.letters(webhook_id, state, int(cursor or 0), _PAGE + 1)
        more = str(rows[_PAGE - 1].seq) if len(rows) > _PAGE else None
        return {"letters": [letter_as_json(row) for row in rows[:_PAGE]], "next_cursor": more}

    return await _read(request, work)


@router.post(
    "/{webhook_id}/replay",
    summary="Send dead letters again",
    response_model=None,
    responses={200: {"model": Replayed}, **refusals("not-found", "input-refused")},
    dependencies=_MAY,
)
async def replay(request: Request, webhook_id: WebhookId, which: Which) -> Response:
    """Those with these ids, or all."""
    told = await _change(request, lambda hooks: {"letters": hooks.replay(webhook_id, which.ids)})
    return told.response()


async def _read(request: Request, ask: Callable[[Webhooks], Any]) -> Response:
    worker, actor = worker_of(request), caller_of(request).actor

    def work() -> Any:
        with worker.database.reading() as connection:
            return ask(Webhooks(connection, actor, worker.clock()))

    return json_response(await run_in_threadpool(work))


async def _give(request: Request, do: Callable[[Webhooks], Any], status: int = 200) -> Response:
    """Answer with the webhook's secret, which is derived anew where the write came again: what is
    kept under an Idempotency-Key does not hold it."""
    key = await run_in_threadpool(service_key, worker_of(request).settings)
    told = await _change(request, do, status)
    return replace(told, content=with_secret(told.content, key)).response()


async def _change(request: Request, do: Callable[[Webhooks], Any], status: int = 200) -> Told:
    worker, actor, promise = worker_of(request), caller_of(request).actor, promise_of(request)
    about = None if promise is None else promise.of(await request.body())

    def change(connection: Any) -> Any:
        return do(Webhooks(connection, actor, worker.clock()))

    return await run_in_threadpool(do_once, worker, about, status, change)
