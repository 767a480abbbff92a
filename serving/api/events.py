"""`/v1/activities`, `/v1/outcomes`, `/v1/accounts`: what happened, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from features.activities import MAX_LABEL, MAX_VALUE
from features.stages import STAGES
from serving.api.common import Name, json_response, refusals, write
from serving.bodies import decode, require_json
from serving.guarding import GUARDED, allow
from serving.incoming import ID, Checked, activity_rows, outcome_rows
from serving.lead_answers import AccountTold, EventsTold
from serving.problems import Trouble, as_json, refused, wrong
from serving.reading import Reading
from serving.record import Record
from serving.schema import ACTIVITY, NO_NUL
from serving.state import worker_of
from serving.wishes import EVENT_REFUSED

router = APIRouter(prefix="/v1", tags=["events"], responses=refusals(*GUARDED))

MAX_EVENTS = 1000
"""Events of one request."""
_ID = {"type": "string", "minLength": 1, "maxLength": MAX_LABEL, "pattern": NO_NUL}
_LEAD_ID = {"type": "string", "pattern": ID}
_EVENT_ID = {
    **_ID,
    "type": ["string", "null"],
    "description": "The caller's id of the event; sent again, it is stored once. Without one, an "
    "event is told from others by its content.",
}
STORED_ACTIVITY: dict[str, Any] = ACTIVITY | {
    "title": "StoredActivity",
    "required": ["lead_id", "occurred_at"],
    "properties": {**ACTIVITY["properties"], "lead_id": _LEAD_ID, "event_id": _EVENT_ID},
}
OUTCOME: dict[str, Any] = {
    "type": "object",
    "title": "Outcome",
    "required": ["lead_id", "at", "stage"],
    "additionalProperties": False,
    "properties": {
        "event_id": _EVENT_ID,
        "lead_id": _LEAD_ID,
        "at": {"type": "string", "format": "date-time"},
        "stage": {"type": "string", "enum": list(STAGES)},
        "amount": {"type": ["number", "null"], "minimum": 0, "maximum": MAX_VALUE},
        "reason": {**_ID, "type": ["string", "null"], "description": "Reason code."},
    },
}


def _body(name: str, listed: str) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{name}"}
    items = {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": one}
    many = {"type": "object", "required": [listed], "properties": {listed: items}}
    return {
        "required": True,
        "content": {"application/json": {"schema": {"anyOf": [one, many]}}},
    }


_REFUSALS = refusals(
    "not-json",
    "person-erased",
    "body-too-large",
    "not-json-type",
    "input-refused",
    "not-ready",
)


@router.post(
    "/activities",
    summary="Tell what leads did",
    responses={200: {"model": EventsTold}, **_REFUSALS},
    response_model=None,
    openapi_extra={"requestBody": _body("StoredActivity", "activities")},
    dependencies=[Depends(allow("events.write"))],
)
async def activities(request: Request) -> Response:
    """One activity, or `{"activities": [...]}`. Out of order, late and twice are normal: the score
    comes out as if they had come in order. The answer holds the new scores of the leads they
    concern; an activity of a lead that is not known yet waits for it."""
    return await _happened(request, "activities", activity_rows)


@router.post(
    "/outcomes",
    summary="Tell what became of leads",
    responses={200: {"model": EventsTold}, **_REFUSALS},
    response_model=None,
    openapi_extra={"requestBody": _body("Outcome", "outcomes")},
    dependencies=[Depends(allow("events.write"))],
)
async def outcomes(request: Request) -> Response:
    """One outcome, or `{"outcomes": [...]}`. A lead's stage is its latest outcome's, by `at`.
    `excluded` says that it was no lead (cancelled, there twice, nobody to be reached): it is closed
    and teaches nothing. `reopened` takes back how it had ended."""
    return await _happened(request, "outcomes", outcome_rows)


Parse = Callable[[list[Any], str, np.datetime64], list[Checked]]


async def _happened(request: Request, listed: str, parse: Parse) -> Response:
    require_json(request)
    body = await request.body()
    told = decode(body)
    if not isinstance(told, dict):
        raise refused([wrong("", told, "An object was expected.", f"an event, or {listed}")])
    alone = listed not in told
    records = [told] if alone else told[listed]
    if not isinstance(records, list) or not 1 <= len(records) <= MAX_EVENTS:
        got = f"{len(records):,} events" if isinstance(records, list) else records
        allowed = f"1 to {MAX_EVENTS:,} events"
        raise refused([wrong(f"/{listed}", got, "A list was expected.", allowed)])
    checked = parse(records, f"/{listed}", worker_of(request).clock())
    if alone and checked[0].row is None:
        raise refused(checked[0].problems, "The event")
    rows = [c.row for c in checked if c.row is not None]

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        of_leads = listed == "activities"
        how, answers = record.happened(rows if of_leads else [], [] if of_leads else rows)
        if alone and how == ["erased"]:
            raise Trouble("person-erased", EVENT_REFUSED)
        told = iter(how)
        results = [_result(c, next(told) if c.row is not None else "refused") for c in checked]
        names = ("score_id", "score", "agreed_score", "grade", "likelihood")
        scores = {k: {n: a[n] for n in names} for k, a in answers.items()}
        return 200, {"results": results, "scores": scores}, {}

    return await write(request, body, work)


def _result(checked: Checked, how: str) -> dict[str, Any]:
    told: dict[str, Any] = {"event_id": checked.event_id, "status": how, "errors": []}
    if how == "erased":
        gone = wrong("/lead_id", checked.row and checked.row["lead_id"], EVENT_REFUSED, "")
        return told | {"status": "refused", "errors": [as_json(gone)]}
    if how == "refused":
        told["errors"] = [as_json(p) for p in checked.problems]
    if how == "conflict":
        why = "Another event with this id and other content is stored; that one stays."
        told["errors"] = [as_json(wrong("/event_id", checked.event_id, why, "a new id"))]
    return told


@router.get(
    "/accounts/{account_id}",
    summary="An account with its leads and its score",
    tags=["accounts"],
    responses={200: {"model": AccountTold}, **refusals("not-found", "input-refused")},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def account(request: Request, account_id: Name) -> Response:
    """The best lead's score, and the chance that at least one lead converts."""
    worker = worker_of(request)

    def work() -> Any:
        with worker.database.reading() as connection:
            return Reading(connection).account(account_id)

    return json_response(await run_in_threadpool(work))
