"""`/v1/editions`, `/v1/proposals`: the rulebook that both teams own, sign and can take back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from features.values import parse_instant
from serving.access.caller import Caller
from serving.api.access_models import parse
from serving.api.common import json_response, refusals, write
from serving.api.pact_models import ProposalWanted, RebaseWanted, SignatureWanted
from serving.bodies import json_body
from serving.editions import NoSuchEdition, find_edition, in_force
from serving.following import follow
from serving.guarding import GUARDED, allow
from serving.pact.asking import evidence_of, replay_proposal
from serving.pact.proposals import Pact, Wanted, find_proposal
from serving.pact.replaying import Replayed
from serving.pact.telling import PactReading, conflict_as_json
from serving.pact_answers import (
    EditionsTold,
    EditionTold,
    FlipsTold,
    MadeTold,
    ProposalsTold,
    ProposalTold,
    RebasedTold,
    SignedTold,
)
from serving.problems import Trouble, refused, wrong
from serving.record import Record
from serving.state import Worker, worker_of
from serving.storage.base import from_number
from serving.storage.pact import ProposalStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

router = APIRouter(prefix="/v1", tags=["pact"], responses=refusals(*GUARDED))
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused", "not-ready")
_ONE = ("not-found", "conflict", *_BAD)
ProposalId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
EditionName = Annotated[
    str, Path(pattern="^[0-9A-Za-z._-]{1,64}$", description="Its name or sha256.")
]
Limit = Annotated[int, Query(ge=1, le=200)]
Proposer = Annotated[Caller, Depends(allow("rulebook.propose"))]
Signer = Annotated[Caller, Depends(allow("rulebook.sign"))]
READER = Depends(allow("model.read"))
T = TypeVar("T")


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a JSON body; parts that the model shares are written out, as
    references into it would point nowhere."""
    told = model.model_json_schema()
    parts = told.pop("$defs", {})
    content = {"application/json": {"schema": _written_out(told, parts)}}
    return {"requestBody": {"required": True, "content": content}}


def _written_out(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_written_out(part, parts) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {k: v for k, v in schema.items() if k != "$ref"}
        return _written_out(parts[str(schema["$ref"]).rpartition("/")[2]] | rest, parts)
    return {k: _written_out(v, parts) for k, v in schema.items()}


async def reading(request: Request, ask: Callable[[Connection, Worker, np.datetime64], T]) -> T:
    """Ask the store in a transaction that reads."""
    worker = worker_of(request)

    def work() -> T:
        with worker.database.reading() as connection:
            return ask(connection, worker, worker.clock())

    return await run_in_threadpool(work)


def telling(connection: Connection, worker: Worker, now: np.datetime64) -> PactReading:
    """The pact as JSON, with the evidence of this worker's model."""
    return PactReading(connection, now, evidence_of(worker.scorer))


def _pact(record: Record, worker: Worker, caller: Caller) -> Pact:
    return Pact(record.connection, worker.scorer.fields, record.now, caller)


@router.get(
    "/editions",
    summary="Every edition of the rulebook",
    responses={200: {"model": EditionsTold}},
    response_model=None,
    dependencies=[READER],
)
async def editions(request: Request) -> Response:
    """Newest first; an edition is never changed."""
    return json_response(await reading(request, lambda *a: telling(*a).editions()))


@router.get(
    "/editions/in-force",
    summary="The edition in force at an instant",
    responses={200: {"model": EditionTold}, **refusals("not-found", "input-refused")},
    response_model=None,
    dependencies=[READER],
)
async def edition_in_force(
    request: Request,
    at: Annotated[
        str | None, Query(max_length=64, json_schema_extra={"format": "date-time"})
    ] = None,
) -> Response:
    """Now, or at any instant."""

    def ask(connection: Connection, worker: Worker, now: np.datetime64) -> dict[str, Any]:
        found = in_force(connection, now if at is None else _instant(at))
        if found is None:
            raise Trouble("not-found", "No edition was in force then; the store holds none.")
        return telling(connection, worker, now).edition(found)

    return json_response(await reading(request, ask))


@router.get(
    "/editions/{edition}",
    summary="One edition",
    responses={200: {"model": EditionTold}, **refusals("not-found", "input-refused")},
    response_model=None,
    dependencies=[READER],
)
async def one_edition(request: Request, edition: EditionName) -> Response:
    """With its text and who signed it."""

    def ask(connection: Connection, worker: Worker, now: np.datetime64) -> dict[str, Any]:
        try:
            found = find_edition(connection, edition)
        except NoSuchEdition as error:
            raise Trouble("not-found", str(error)) from error
        return telling(connection, worker, now).edition(found)

    return json_response(await reading(request, ask))


@router.get(
    "/proposals",
    summary="Proposals",
    responses={200: {"model": ProposalsTold}, **refusals("input-refused")},
    response_model=None,
    dependencies=[READER],
)
async def proposals(request: Request, limit: Limit = 50) -> Response:
    """Newest first."""
    return json_response(await reading(request, lambda *a: telling(*a).proposals(limit)))


@router.post(
    "/proposals",
    summary="Draft a proposal",
    status_code=201,
    responses={201: {"model": MadeTold}, **refusals(*_ONE)},
    response_model=None,
    openapi_extra=body_of(ProposalWanted),
)
async def draft(request: Request, caller: Proposer) -> Response:
    """Against the edition agreed last. A draft may be edited; it is signed once it is proposed."""
    body = await request.body()
    wanted, worker = _wanted(parse(ProposalWanted, await json_body(request))), worker_of(request)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        return 201, {"id": _pact(record, worker, caller).draft(wanted)}, {}

    return await write(request, body, work)


@router.get(
    "/proposals/{proposal_id}",
    summary="One proposal",
    responses={200: {"model": ProposalTold}, **refusals("not-found", "input-refused")},
    response_model=None,
    dependencies=[READER],
)
async def one_proposal(request: Request, proposal_id: ProposalId) -> Response:
    """What it changes, what that does to stored leads, and who signed."""

    def ask(connection: Connection, worker: Worker, now: np.datetime64) -> dict[str, Any]:
        row = find_proposal(ProposalStore(connection), proposal_id)
        return telling(connection, worker, now).proposal(row)

    return json_response(await reading(request, ask))


@router.put(
    "/proposals/{proposal_id}",
    summary="Edit a proposal",
    responses={200: {"model": ProposalTold}, **refusals(*_ONE)},
    response_model=None,
    openapi_extra=body_of(ProposalWanted),
)
async def edit(request: Request, proposal_id: ProposalId, caller: Proposer) -> Response:
    """It is a draft again, and whoever signed it has signed nothing."""
    body = await request.body()
    wanted = _wanted(parse(ProposalWanted, await json_body(request)))
    return await _then_tell(
        request, caller, body, proposal_id, lambda pact: pact.edit(proposal_id, wanted)
    )


@router.post(
    "/proposals/{proposal_id}/proposal",
    summary="Lay a draft before both teams",
    responses={200: {"model": ProposalTold}, **refusals(*_ONE)},
    response_model=None,
)
async def propose(request: Request, proposal_id: ProposalId, caller: Proposer) -> Response:
    """Its tests must hold and the scope's bounds too. It is replayed on stored leads at once."""
    worker = worker_of(request)
    replayed, sha256 = await run_in_threadpool(_replay, worker, caller, proposal_id)
    return await _then_tell(
        request,
        caller,
        b"",
        proposal_id,
        lambda pact: pact.propose(proposal_id, replayed, sha256),
    )


@router.get(
    "/proposals/{proposal_id}/flips",
    summary="Current leads that a proposal would treat otherwise",
    responses={200: {"model": FlipsTold}, **refusals(*_ONE)},
    response_model=None,
)
async def flips(request: Request, proposal_id: ProposalId, caller: Proposer) -> Response:
    """Computed now, and kept nowhere: it names leads."""
    worker = worker_of(request)
    replayed, _ = await run_in_threadpool(_replay, worker, caller, proposal_id)
    return json_response(replayed.examples)


@router.post(
    "/proposals/{proposal_id}/signatures",
    summary="Sign a proposal for one's team",
    responses={200: {"model": SignedTold}, **refusals(*_ONE)},
    response_model=None,
    openapi_extra=body_of(SignatureWanted),
)
async def sign(request: Request, proposal_id: ProposalId, caller: Signer) -> Response:
    """A person signs the text they have read, by its sha256, for their own team and no other. With
    the last key it is agreed."""
    body, worker = await request.body(), worker_of(request)
    wanted = parse(SignatureWanted, await json_body(request))

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        edition = _pact(record, worker, caller).sign(proposal_id, wanted.sha256)
        told = _told(record, worker, proposal_id)
        return 200, told | {"agreed": edition and edition.name}, {}

    answer = await write(request, body, work)
    # Who signed and asks again sees it; the other processes look by themselves.
    await run_in_threadpool(follow, request.app.state.desk)
    return answer


@router.post(
    "/proposals/{proposal_id}/withdrawal",
    summary="Withdraw a proposal",
    responses={200: {"model": ProposalTold}, **refusals(*_ONE)},
    response_model=None,
)
async def withdraw(request: Request, proposal_id: ProposalId, caller: Proposer) -> Response:
    """By who made it, or management; what is agreed cannot be withdrawn."""
    return await _then_tell(
        request, caller, b"", proposal_id, lambda pact: pact.withdraw(proposal_id)
    )


@router.post(
    "/proposals/{proposal_id}/rebase",
    summary="Put a proposal onto the edition agreed last",
    responses={200: {"model": RebasedTold}, **refusals(*_ONE)},
    response_model=None,
    openapi_extra=body_of(RebaseWanted),
)
async def rebase(request: Request, proposal_id: ProposalId, caller: Proposer) -> Response:
    """What both sides changed is told criterion by criterion, until each has a choice."""
    body, worker = await request.body(), worker_of(request)
    wanted = parse(RebaseWanted, await json_body(request))

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        left = _pact(record, worker, caller).rebase(proposal_id, wanted.choices)
        return 200, {"conflicts": [conflict_as_json(c) for c in left]}, {}

    return await write(request, body, work)


async def _then_tell(
    request: Request,
    caller: Caller,
    body: bytes,
    proposal_id: str,
    use: Callable[[Pact], object],
) -> Response:
    worker = worker_of(request)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        use(_pact(record, worker, caller))
        return 200, _told(record, worker, proposal_id), {}

    return await write(request, body, work)


def _told(record: Record, worker: Worker, proposal_id: str) -> dict[str, Any]:
    row = find_proposal(ProposalStore(record.connection), proposal_id)
    return telling(record.connection, worker, record.now).proposal(row)


def _replay(worker: Worker, caller: Caller, proposal_id: str) -> tuple[Replayed, str]:
    asked = (worker.scorer.fields, worker.clock(), caller, proposal_id)
    return replay_proposal(worker.database, *asked)


def _wanted(told: ProposalWanted) -> Wanted:
    until = told.effective_from
    at = None if until is None else from_number(round(until.timestamp() * 1_000_000))
    return Wanted(told.title, told.rationale, told.rulebook, at, tuple(told.wishes))


def _instant(told: str) -> np.datetime64:
    try:
        return parse_instant(told)
    except (ValueError, OverflowError) as error:
        allowed = "an ISO 8601 date and time such as 2026-11-24T11:58:00Z"
        raise refused([wrong("/query/at", told, "This is no date and time.", allowed)]) from error
