"""`/v1/views`: the views of the worklist that a person keeps."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.access.caller import Caller
from serving.access_answers import ViewMade, Views
from serving.api.access_models import ViewWanted, parse
from serving.api.common import json_response, refusals
from serving.api.pact import body_of
from serving.bodies import json_body
from serving.guarding import GUARDED, allow
from serving.state import worker_of
from serving.viewing import forget_view, save_view, views_of

router = APIRouter(prefix="/v1/views", tags=["views"], responses=refusals(*GUARDED))
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused", "conflict")
Own = Annotated[Caller, Depends(allow("own.views"))]


@router.get("", summary="One's own views", responses={200: {"model": Views}}, response_model=None)
async def views(request: Request, caller: Own) -> Response:
    """Oldest first. What was searched for is not kept with a view."""
    worker = worker_of(request)

    def work() -> Any:
        with worker.database.reading() as connection:
            return {"views": views_of(connection, caller)}

    return json_response(await run_in_threadpool(work))


@router.post(
    "",
    summary="Keep a view",
    status_code=201,
    responses={201: {"model": ViewMade}, **refusals(*_BAD)},
    response_model=None,
    openapi_extra=body_of(ViewWanted),
)
async def save(request: Request, caller: Own) -> Response:
    """People alone: a key of a system has no views."""
    told, worker = parse(ViewWanted, await json_body(request)), worker_of(request)
    asks = told.asks.model_dump()

    def work() -> Any:
        with worker.database.transaction() as connection:
            return {"id": save_view(connection, caller, told.name, asks, worker.clock())}

    return json_response(await run_in_threadpool(work), 201)


@router.delete(
    "/{view_id}",
    summary="Forget a view",
    status_code=204,
    responses=refusals("not-found"),
    response_model=None,
)
async def forget(
    request: Request, view_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")], caller: Own
) -> Response:
    """One of one's own."""
    worker = worker_of(request)

    def work() -> None:
        with worker.database.transaction() as connection:
            forget_view(connection, caller, view_id)

    await run_in_threadpool(work)
    return Response(None, 204)
