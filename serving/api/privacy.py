"""`/v1/privacy`, `/v1/leads/{id}/consent`: what a person may ask for.

Answers about a person are never kept for a repeated request: an Idempotency-Key changes nothing
here. Both calls of `/v1/privacy` may be repeated without harm.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from serving.access.caller import Caller
from serving.addresses import ADDRESS, MAX_ADDRESS
from serving.api.access_models import parse
from serving.api.common import Name, refusals, write
from serving.bodies import json_body
from serving.guarding import GUARDED, allow
from serving.lead_answers import LeadTold
from serving.privacy.consent import set_consent
from serving.privacy.erasing import erase
from serving.privacy.rules import refused_for
from serving.privacy.telling import count_of, tell_person
from serving.privacy_answers import ErasedTold, PersonTold
from serving.reading import Reading, instant_text, no_such_lead
from serving.record import Record
from serving.state import worker_of
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.wishes import Wish

router = APIRouter(prefix="/v1", tags=["privacy"], responses=refusals(*GUARDED))
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused", "not-ready")
Keeper = Annotated[Caller, Depends(allow("privacy.serve"))]
Writer = Annotated[Caller, Depends(allow("consent.write"))]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PersonWanted(_Model):
    """Whom it is about."""

    email: str = Field(
        max_length=MAX_ADDRESS,
        pattern=ADDRESS,
        description="Any address that a lead carries or ever carried, in any case.",
        examples=["ines.duarte@calder-voss.example"],
    )


class ConsentWanted(_Model):
    """What the lead's person allows."""

    scoring: bool = Field(description="Whether the lead may be scored.")
    training: bool = Field(
        description="Whether it may teach a model; a no to scoring is one to this as well."
    )


def _body(model: type[BaseModel]) -> dict[str, Any]:
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/privacy/export",
    summary="Tell everything that is kept of a person",
    responses={200: {"model": PersonTold}, **refusals(*_BAD)},
    response_model=None,
    openapi_extra=_body(PersonWanted),
)
async def export_person(request: Request, caller: Keeper) -> Response:
    """Leads with the history of their fields, activities, outcomes, every score with its reasons,
    and what else names them. The audit log notes that somebody was told, and how much; not who."""
    wanted = parse(PersonWanted, await json_body(request))

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        told = tell_person(record.connection, wanted.email, record.now)
        log = AuditLog(record.connection)
        log.append(record.now, caller.actor, "person exported", "", count_of(told))
        return 200, told, {"content-disposition": 'attachment; filename="person.json"'}

    return await write(request, b"", work, keeps=False)


@router.post(
    "/privacy/erase",
    summary="Erase a person",
    responses={200: {"model": ErasedTold}, **refusals(*_BAD)},
    response_model=None,
    openapi_extra=_body(PersonWanted),
)
async def erase_person(request: Request, caller: Keeper) -> Response:
    """Their leads go with all that happened, every score, kept answers and rows in copies for
    training; colleagues at the account are scored anew. What comes of them later is refused as
    `person-erased` until `refused_until`, unless it says when they agreed anew."""
    wanted, worker = parse(PersonWanted, await json_body(request)), worker_of(request)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        time = refused_for(worker.settings.workspace)
        removed = erase(record, wanted.email, caller.actor, time)
        until = instant_text(to_number(record.now + time))
        return 200, {"removed": removed, "refused_until": until}, {}

    answer = await write(request, b"", work, keeps=False)
    await run_in_threadpool(worker.database.settle)
    return answer


@router.put(
    "/leads/{lead_id}/consent",
    summary="Say what a lead's person allows",
    responses={200: {"model": LeadTold}, **refusals("not-found", *_BAD)},
    response_model=None,
    openapi_extra=_body(ConsentWanted),
)
async def put_consent(request: Request, lead_id: Name, caller: Writer) -> Response:
    """It counts for every lead that carries an address of this one's, also for those to come, and
    outlives any write of the lead. Without consent to scoring a lead has no score:
    `not_scored` says so wherever one would stand."""
    body = await request.body()
    wanted = parse(ConsentWanted, await json_body(request))

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        wish = Wish(wanted.scoring, wanted.training)
        if not set_consent(record, lead_id, wish, caller.actor):
            raise no_such_lead(lead_id)
        told, tag = Reading(record.connection).lead(lead_id)
        return 200, told | {"warnings": []}, {"etag": tag}

    return await write(request, body, work)
