"""`/v1/leads/{id}/feedback`, `/v1/feedback`: what teams say about leads and their scores."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from serving.access.caller import Caller
from serving.api.access_models import parse
from serving.api.common import Name, json_response, refusals, write
from serving.bodies import decode, require_json
from serving.feedback import KINDS, MAX_NOTE, REASONS, give, said_of
from serving.guarding import GUARDED, allow
from serving.lead_answers import FeedbackGiven, FeedbackPage
from serving.reading import CURSOR, MAX_PAGE, Reading, feedback_as_json
from serving.record import Record
from serving.schema import NO_NUL
from serving.state import worker_of
from serving.storage.tables import MAX_ID

router = APIRouter(prefix="/v1", tags=["feedback"], responses=refusals(*GUARDED))
_BAD = ("not-json", "not-found", "not-json-type", "body-too-large", "input-refused", "not-ready")


class FeedbackWanted(BaseModel):
    """What is said."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: str = Field(
        description=" ".join(f"`{k}`: {v}" for k, v in KINDS.items()),
        json_schema_extra={"enum": list(KINDS)},
    )
    reason: str = Field(description="Reason code.", json_schema_extra={"enum": list(REASONS)})
    line: str | None = Field(
        None,
        max_length=MAX_ID,
        pattern=NO_NUL,
        description="`key` of the line of the score that it is about.",
    )
    note: str | None = Field(None, max_length=MAX_NOTE, pattern=NO_NUL)


_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": FeedbackWanted.model_json_schema()}},
    }
}


@router.post(
    "/leads/{lead_id}/feedback",
    summary="Say something about a lead",
    status_code=201,
    responses={201: {"model": FeedbackGiven}, **refusals(*_BAD)},
    response_model=None,
    openapi_extra=_BODY,
)
async def give_feedback(
    request: Request, lead_id: Name, caller: Annotated[Caller, Depends(allow("feedback.write"))]
) -> Response:
    """It is kept with the score that the lead has now. A return changes the lead's stage, as an
    outcome does; that a line is disputed changes nothing yet, and both teams read it."""
    require_json(request)
    body = await request.body()
    wanted = parse(FeedbackWanted, decode(body))
    said = said_of(wanted.model_dump())

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        row = give(record, lead_id, said, caller.actor, caller.role)
        return 201, feedback_as_json(row), {}

    return await write(request, body, work)


async def _read(request: Request, ask: Any) -> Response:
    worker = worker_of(request)

    def work() -> Any:
        with worker.database.reading() as connection:
            return ask(Reading(connection))

    return json_response(await run_in_threadpool(work))


_READER = [Depends(allow("leads.read"))]


@router.get(
    "/leads/{lead_id}/feedback",
    summary="What was said about a lead",
    responses={200: {"model": FeedbackPage}, **refusals("not-found", "input-refused")},
    response_model=None,
    dependencies=_READER,
)
async def of_lead(request: Request, lead_id: Name) -> Response:
    """All of it, newest first."""
    return await _read(request, lambda r: r.feedback_of(lead_id))


@router.get(
    "/feedback",
    summary="What was said about any lead",
    responses={200: {"model": FeedbackPage}, **refusals("input-refused")},
    response_model=None,
    dependencies=_READER,
)
async def page(
    request: Request,
    kind: Annotated[Literal["returned", "disputed", "reported"] | None, Query()] = None,
    line: Annotated[str | None, Query(max_length=MAX_ID, pattern=NO_NUL)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(pattern=CURSOR)] = None,
) -> Response:
    """Newest first; of one kind, or about one line of scores."""
    return await _read(request, lambda r: r.feedback_page(kind, line, cursor, limit))
