"""`/v1/wishes`, `/v1/comments`, `/v1/scope`: what people would have, and who may decide what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Request, Response

from serving.access.caller import Caller, NoSuch
from serving.api.access_models import parse
from serving.api.common import json_response, refusals, write
from serving.api.pact import READER, Limit, body_of, reading, telling
from serving.api.pact_models import CommentWanted, TopicWanted, WishWanted
from serving.bodies import json_body
from serving.canonical import read
from serving.guarding import GUARDED, allow
from serving.pact.scope import Scope, declare, parse_scope
from serving.pact.wishing import Points, Wished, comment, put_into_topic, wish
from serving.pact_answers import MadeTold, ScopeTold, WishesTold, WishTold
from serving.reading import instant_text
from serving.record import Record
from serving.state import Worker
from serving.storage.pact import PactWishStore, ScopeStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

router = APIRouter(prefix="/v1", tags=["pact"], responses=refusals(*GUARDED))
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused", "not-found", "not-ready")
Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Wisher = Annotated[Caller, Depends(allow("rulebook.propose"))]
Manager = Annotated[Caller, Depends(allow("rulebook.scope"))]


@router.get(
    "/wishes",
    summary="Wishes",
    responses={200: {"model": WishesTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=[READER],
)
async def wishes(request: Request, limit: Limit = 50) -> Response:
    """Newest first."""
    return json_response(await reading(request, lambda *a: telling(*a).wishes(limit)))


@router.post(
    "/wishes",
    summary="Make a wish",
    status_code=201,
    responses={201: {"model": MadeTold}, **refusals(*_BAD)},
    response_model=None,
    openapi_extra=body_of(WishWanted),
)
async def make_wish(request: Request, caller: Wisher) -> Response:
    """What one would have otherwise in the rulebook, and the leads that show it."""
    body = await request.body()
    told = parse(WishWanted, await json_body(request))
    evidence = [Points(e.lead_id, e.handoff_id, e.dispute_id) for e in told.evidence]
    wished = Wished(told.title, told.text, told.criterion, told.topic, evidence)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        return 201, {"id": wish(record.connection, caller, wished, record.now)}, {}

    return await write(request, body, work)


@router.get(
    "/wishes/{wish_id}",
    summary="One wish",
    responses={200: {"model": WishTold}, **refusals("not-found", "input-refused")},
    response_model=None,
    dependencies=[READER],
)
async def one_wish(request: Request, wish_id: Id) -> Response:
    """With what it points to and what was said of it."""

    def ask(connection: Connection, worker: Worker, now: np.datetime64) -> dict[str, Any]:
        row = PactWishStore(connection).find(wish_id)
        if row is None:
            raise NoSuch(f"There is no wish {wish_id}.")
        return telling(connection, worker, now).wish(row)

    return json_response(await reading(request, ask))


@router.put(
    "/wishes/{wish_id}/topic",
    summary="Group a wish with others",
    status_code=204,
    responses=refusals(*_BAD),
    response_model=None,
    openapi_extra=body_of(TopicWanted),
)
async def topic(request: Request, wish_id: Id, caller: Wisher) -> Response:
    """Wishes of one topic are shown together."""
    body = await request.body()
    told = parse(TopicWanted, await json_body(request))

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        put_into_topic(record.connection, caller, wish_id, told.topic, record.now)
        return 204, None, {}

    return await write(request, body, work)


@router.post(
    "/comments/{about_id}",
    summary="Comment on a wish or a proposal",
    status_code=204,
    responses=refusals(*_BAD),
    response_model=None,
    openapi_extra=body_of(CommentWanted),
)
async def add_comment(request: Request, about_id: Id, caller: Wisher) -> Response:
    """Told with it, oldest first."""
    body = await request.body()
    told = parse(CommentWanted, await json_body(request))

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        comment(record.connection, caller, about_id, told.text, record.now)
        return 204, None, {}

    return await write(request, body, work)


@router.get(
    "/scope",
    summary="What each team may decide, and within which bounds",
    responses={200: {"model": ScopeTold}},
    response_model=None,
    dependencies=[READER],
)
async def scope(request: Request) -> Response:
    """As management declared it last."""

    def ask(connection: Connection, _worker: Worker, _now: np.datetime64) -> dict[str, Any]:
        return _scope(connection)

    return json_response(await reading(request, ask))


@router.put(
    "/scope",
    summary="Declare the scope",
    responses={200: {"model": ScopeTold}, **refusals(*_BAD)},
    response_model=None,
    openapi_extra=body_of(Scope),
)
async def put_scope(request: Request, caller: Manager) -> Response:
    """It counts for what is proposed from now on; earlier ones are kept."""
    body = await request.body()
    wanted = parse_scope(await json_body(request))

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        declare(record.connection, wanted, caller.actor, record.now)
        return 200, _scope(record.connection), {}

    return await write(request, body, work)


def _scope(connection: Connection) -> dict[str, Any]:
    rows = ScopeStore(connection).every()
    if not rows:
        told = {"number": 0, "declared_by": None, "declared_at": None}
        return told | {"scope": Scope().model_dump(mode="json")}
    last = rows[-1]
    return {
        "number": len(rows),
        "declared_by": last.declared_by,
        "declared_at": instant_text(last.declared_at),
        "scope": read(last.text),
    }
