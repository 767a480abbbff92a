"""`/v1/handoffs`, `/v1/promises`, `/v1/exploration`, `/v1/disputes`: the hand-over, and who was
right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.access.caller import Caller
from serving.api.access_models import parse
from serving.api.common import Name, json_response, refusals, write
from serving.api.pact import Limit, body_of
from serving.api.pact_models import ContestWanted, DecisionWanted
from serving.bodies import json_body
from serving.guarding import GUARDED, allow
from serving.pact.deciding import Decision, decide, handoff_as_json, promises
from serving.pact.disputing import Contested, contest, ledger
from serving.pact.exploring import exploration
from serving.pact_answers import (
    ExplorationTold,
    HandoffsTold,
    HandoffTold,
    LedgerTold,
    MadeTold,
    PromisesTold,
)
from serving.record import Record
from serving.schema import NO_NUL
from serving.state import worker_of
from serving.storage.handoffs import HandoffStore
from serving.storage.tables import MAX_ID

router = APIRouter(prefix="/v1", tags=["hand-over"], responses=refusals(*GUARDED))
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused", "not-ready")
_ONE = ("not-found", "conflict", *_BAD)
HandoffId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Giver = Annotated[Caller, Depends(allow("feedback.write"))]
_READER = [Depends(allow("leads.read"))]


async def _ask(request: Request, ask: Callable[[Record], Any]) -> Response:
    worker = worker_of(request)

    def work() -> Any:
        with worker.database.reading() as connection:
            return ask(Record(connection, worker.scorer, worker.clock()))

    return json_response(await run_in_threadpool(work))


@router.get(
    "/handoffs",
    summary="What waits for sales",
    responses={200: {"model": HandoffsTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=_READER,
)
async def queue(
    request: Request,
    owner: Annotated[str | None, Query(max_length=MAX_ID, pattern=NO_NUL)] = None,
    limit: Limit = 50,
) -> Response:
    """The most urgent first, with their clocks; of one owner, or all."""

    def ask(record: Record) -> Any:
        rows = HandoffStore(record.connection).queue(owner, limit)
        return {"handoffs": [handoff_as_json(record, row) for row in rows]}

    return await _ask(request, ask)


@router.get(
    "/leads/{lead_id}/handoffs",
    summary="Every hand-off of a lead",
    responses={200: {"model": HandoffsTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=_READER,
)
async def of_lead(request: Request, lead_id: Name) -> Response:
    """Oldest first."""

    def ask(record: Record) -> Any:
        rows = HandoffStore(record.connection).of_lead(lead_id)
        return {"handoffs": [handoff_as_json(record, row) for row in rows]}

    return await _ask(request, ask)


@router.post(
    "/handoffs/{handoff_id}/decision",
    summary="Accept or return a hand-off, or recycle a returned one",
    responses={200: {"model": HandoffTold}, **refusals(*_ONE)},
    response_model=None,
    openapi_extra=body_of(DecisionWanted),
)
async def put_decision(request: Request, handoff_id: HandoffId, caller: Giver) -> Response:
    """Sales accepts or returns; a return has a reason, and may name the line of the score that it
    disputes. Marketing recycles what came back: it is handed over again when it moves again."""
    body = await request.body()
    told = parse(DecisionWanted, await json_body(request))
    decision = Decision(told.decision, told.reason, told.line, (told.note or "").strip())

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        decide(record, handoff_id, decision, caller)
        row = HandoffStore(record.connection).find(handoff_id)
        assert row is not None
        return 200, handoff_as_json(record, row), {}

    return await write(request, body, work)


@router.get(
    "/promises",
    summary="What both teams owed and kept",
    responses={200: {"model": PromisesTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=_READER,
)
async def kept(request: Request, weeks: Annotated[int, Query(ge=1, le=53)] = 4) -> Response:
    """Week by week, newest first. What was returned as bad, what nobody touched, and what was
    handed over by lot are told apart."""
    return await _ask(request, lambda record: promises(record, weeks))


@router.get(
    "/exploration",
    summary="What became of leads handed over by lot",
    responses={200: {"model": ExplorationTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=_READER,
)
async def by_lot(request: Request, days: Annotated[int, Query(ge=1, le=1830)] = 365) -> Response:
    """They would have been left behind. How many converted nevertheless, beside what their scores
    said, tells whether the score leaves the right ones behind."""
    return await _ask(request, lambda record: exploration(record, days))


@router.post(
    "/leads/{lead_id}/disputes",
    summary="Contest a lead's score",
    status_code=201,
    responses={201: {"model": MadeTold}, **refusals(*_ONE)},
    response_model=None,
    openapi_extra=body_of(ContestWanted),
)
async def dispute(request: Request, lead_id: Name, caller: Giver) -> Response:
    """The outcome settles it."""
    body = await request.body()
    told = parse(ContestWanted, await json_body(request))
    contested = Contested(told.says, told.why, told.criterion)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        return 201, {"id": contest(record, lead_id, contested, caller)}, {}

    return await write(request, body, work)


@router.get(
    "/disputes",
    summary="Disputes, and who was right",
    responses={200: {"model": LedgerTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=_READER,
)
async def disputes(request: Request, limit: Limit = 50) -> Response:
    """Newest first; settled ones are counted per side and per criterion."""
    return await _ask(request, lambda record: ledger(record, limit))
