"""`/v1/leads`: write a lead and get its score back; read leads, scores, reasons, timelines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from features.values import parse_instant
from serving.answers import Explained, NotScored
from serving.api.common import Name, json_response, refusals, write
from serving.bodies import decode, require_json
from serving.canonical import read
from serving.guarding import GUARDED, allow
from serving.lead_answers import LeadPage, LeadTold, ScoreHistory, Timeline
from serving.lead_body import BODY, lead_of
from serving.problems import Trouble, refused, wrong
from serving.reading import (
    CURSOR,
    MAX_PAGE,
    Reading,
    etag_of,
    instant_text,
    lead_as_json,
    no_such_lead,
)
from serving.record import Record, VersionMoved
from serving.schema import NO_NUL
from serving.state import worker_of
from serving.storage.base import to_number
from serving.storage.leads import Filter
from serving.storage.tables import MAX_ID

router = APIRouter(prefix="/v1/leads", tags=["leads"], responses=refusals(*GUARDED))
_WRITE = refusals(
    "not-json",
    "not-found",
    "person-erased",
    "precondition-failed",
    "body-too-large",
    "not-json-type",
    "input-refused",
)
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows of the page.")]
Cursor = Annotated[
    str | None, Query(pattern=CURSOR, description="`next_cursor` of the page before.")
]
Word = Annotated[str | None, Query(max_length=MAX_ID, pattern=NO_NUL)]


@router.put(
    "/{lead_id}",
    summary="Write a lead and get its score",
    responses={200: {"model": LeadTold}, 201: {"model": LeadTold}, **_WRITE},
    response_model=None,
    openapi_extra={"requestBody": BODY},
    dependencies=[Depends(allow("leads.write"))],
)
async def put(request: Request, lead_id: Name) -> Response:
    """The lead becomes what is sent: a field that is not sent is not known. It has a score when
    this returns. `If-Match` refuses the write when the lead has changed since it was read. A lead
    whose person does not want to be scored is kept without a score."""
    return await _write_lead(request, lead_id, merge=False)


@router.patch(
    "/{lead_id}",
    summary="Change fields of a lead and get its score",
    responses={200: {"model": LeadTold}, **_WRITE},
    response_model=None,
    openapi_extra={"requestBody": BODY},
    dependencies=[Depends(allow("leads.write"))],
)
async def patch(request: Request, lead_id: Name) -> Response:
    """Only the fields that are sent change; null makes one unknown."""
    return await _write_lead(request, lead_id, merge=True)


async def _write_lead(request: Request, lead_id: str, *, merge: bool) -> Response:
    scorer = worker_of(request).scorer
    require_json(request)
    body = await request.body()
    told = lead_of(scorer, lead_id, decode(body))
    expected = _expected(request)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        fields, keeps = told.fields, told.owner
        if merge:
            there = record.leads.find(lead_id)
            if there is None:
                raise no_such_lead(lead_id)
            fields = {**read(there.fields), **told.fields}
            keeps = told.owner if told.has_owner else there.owner
        fields = {k: v for k, v in fields.items() if v is not None}
        try:
            stored = record.put_lead(lead_id, fields, keeps, expected, told.consent_given_at)
        except VersionMoved as moved:
            detail = f"The lead is at version {moved.found} now. Read it again, then write."
            raise Trouble("precondition-failed", detail) from moved
        content = lead_as_json(stored.row, stored.answer) | {"warnings": list(told.warnings)}
        return 201 if stored.created else 200, content, {"etag": etag_of(stored.row)}

    return await write(request, body, work)


def _expected(request: Request) -> int | None:
    """The version that `If-Match` names; a score alone may have changed since."""
    told = request.headers.get("if-match")
    if told is None or told.strip() == "*":
        return None
    version = told.strip().strip('"').partition("-")[0]
    if version.isascii() and version.isdigit() and len(version) < 10:
        return int(version)
    raise Trouble("precondition-failed", "If-Match is no tag of this lead. Send its ETag.")


@router.delete(
    "/{lead_id}",
    summary="Remove a lead",
    status_code=204,
    responses=refusals("not-found", "input-refused"),
    response_model=None,
    dependencies=[Depends(allow("leads.remove"))],
)
async def remove(request: Request, lead_id: Name) -> Response:
    """The lead goes with all that happened to it and every score of it."""

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        if not record.remove_lead(lead_id):
            raise no_such_lead(lead_id)
        return 204, None, {}

    return await write(request, b"", work)


async def _read(request: Request, ask: Any) -> Any:
    worker = worker_of(request)

    def work() -> Any:
        with worker.database.reading() as connection:
            return ask(Reading(connection))

    return await run_in_threadpool(work)


@router.get(
    "",
    summary="Leads in the order they came",
    responses={200: {"model": LeadPage}, **refusals("input-refused")},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def page(
    request: Request,
    grade: Annotated[
        list[Annotated[str, Field(pattern=NO_NUL)]] | None,
        Query(description="Any of these grades."),
    ] = None,
    min_score: Annotated[int | None, Query(ge=0, le=100)] = None,
    max_score: Annotated[int | None, Query(ge=0, le=100)] = None,
    stage: Word = None,
    owner: Word = None,
    account_id: Word = None,
    grid: Annotated[
        str | None, Query(pattern="^[A-D][1-4]$", description="Fit and engagement, A1 to D4.")
    ] = None,
    channel: Annotated[
        str | None,
        Query(max_length=MAX_ID, pattern=NO_NUL, description="The channel of the first touch."),
    ] = None,
    disagreement: Annotated[
        Literal["agreed_high", "learned_high"] | None,
        Query(description="Agreed and learned score differ by more than the rulebook's tolerance."),
    ] = None,
    changed_since: Annotated[
        str | None, Query(max_length=64, json_schema_extra={"format": "date-time"})
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Pages keep their order while leads are written: a lead stands where it came in."""
    tolerance = worker_of(request).scorer.rulebook.tolerance_points
    wanted = Filter(
        grades=tuple(grade or ()),
        least=min_score,
        most=max_score,
        stage=stage,
        owner=owner,
        account_id=account_id,
        grid=grid,
        channel=channel,
        gap={"agreed_high": -tolerance, "learned_high": tolerance}.get(disagreement or ""),
        changed_since=_since(changed_since),
    )
    # Before the store is looked at: what is written meanwhile counts as later.
    as_of = instant_text(to_number(worker_of(request).clock()))
    told = await _read(request, lambda r: r.page(wanted, cursor, limit))
    return json_response(told | {"as_of": as_of})


def _since(told: str | None) -> int | None:
    try:
        return None if told is None else to_number(parse_instant(told))
    except (ValueError, OverflowError) as error:
        allowed = "an ISO 8601 date and time such as 2026-11-24T11:58:00Z"
        raise refused(
            [wrong("/query/changed_since", told, "This is no date and time.", allowed)]
        ) from error


_ONE = refusals("not-found", "input-refused")


@router.get(
    "/{lead_id}",
    summary="A lead with its score",
    responses={200: {"model": LeadTold}, 304: {"description": "Unchanged"}, **_ONE},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def get(request: Request, lead_id: Name) -> Response:
    """The lead as stored, with the whole answer behind its current score."""
    told, etag = await _read(request, lambda r: r.lead(lead_id))
    if request.headers.get("if-none-match", "").strip() == etag:
        return Response(None, 304, {"etag": etag})
    return json_response(told | {"warnings": []}, headers={"etag": etag})


@router.get(
    "/{lead_id}/scores",
    summary="Every score a lead had",
    responses={200: {"model": ScoreHistory}, **_ONE},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def scores(
    request: Request, lead_id: Name, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Newest first. Each can be recomputed by `leadpact reproduce SCORE_ID`."""
    return json_response(await _read(request, lambda r: r.history(lead_id, cursor, limit)))


@router.get(
    "/{lead_id}/explanation",
    summary="Why a lead scores what it scores",
    responses={200: {"model": Explained | NotScored}, **_ONE},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def explanation(request: Request, lead_id: Name) -> Response:
    """The stored answer behind the current score: it explains the decision that was made. Where the
    lead's person does not want to be scored, that is what it says."""
    return json_response(await _read(request, lambda r: r.explanation(lead_id)))


@router.get(
    "/{lead_id}/timeline",
    summary="What happened to a lead",
    responses={200: {"model": Timeline}, **_ONE},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def timeline(request: Request, lead_id: Name) -> Response:
    """Both teams' activities and the outcomes, newest first."""
    return json_response(await _read(request, lambda r: r.timeline(lead_id)))
