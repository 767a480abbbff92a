"""`/v1/reports`: what sales sees on the ground, and the digest that marketing reads."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.access.caller import Caller
from serving.api.access_models import parse
from serving.api.common import json_response, refusals, write
from serving.api.pact import body_of
from serving.api.pact_models import ReportWanted
from serving.bodies import json_body
from serving.guarding import GUARDED, allow
from serving.pact.reporting import Reported, digest, report
from serving.pact_answers import DigestTold, MadeTold
from serving.record import Record
from serving.state import worker_of

router = APIRouter(prefix="/v1", tags=["hand-over"], responses=refusals(*GUARDED))
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused", "not-found", "not-ready")


@router.post(
    "/reports",
    summary="Report something from the ground",
    status_code=201,
    responses={201: {"model": MadeTold}, **refusals(*_BAD)},
    response_model=None,
    openapi_extra=body_of(ReportWanted),
)
async def make_report(
    request: Request, caller: Annotated[Caller, Depends(allow("feedback.write"))]
) -> Response:
    """About an account or a criterion, such as "budget frozen in this sector". What is to be said
    of one lead is feedback of the kind `reported`."""
    body = await request.body()
    told = parse(ReportWanted, await json_body(request))
    reported = Reported(told.about, told.subject, told.text)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        return 201, {"id": report(record, reported, caller)}, {}

    return await write(request, body, work)


@router.get(
    "/reports/digest",
    summary="What sales reported and returned",
    responses={200: {"model": DigestTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def read_digest(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 7) -> Response:
    """Of the last days: reports by account, criterion and lead, the most reported first; and
    hand-offs that came back, by reason and by the criterion that was disputed."""
    worker = worker_of(request)

    def work() -> Any:
        with worker.database.reading() as connection:
            return digest(Record(connection, worker.scorer, worker.clock()), days)

    return json_response(await run_in_threadpool(work))
