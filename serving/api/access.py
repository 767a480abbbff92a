"""`/v1/keys`, `/v1/people`, `/v1/audit`, `/v1/me`: who may do what, looked after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.access import keys as key_cases
from serving.access import people as people_cases
from serving.access.caller import Caller
from serving.access_answers import AuditPage, AuditVerdict, Keys, KeyTold, LinkTold, Me, People
from serving.api.access_models import KeyWanted, PersonChange, PersonWanted, parse
from serving.api.common import json_response, refusals
from serving.bodies import json_body
from serving.canonical import read
from serving.guarding import GUARDED, allow, gate_of
from serving.storage.access import KeyStore, PeopleStore
from serving.storage.audit import AuditLog, verify
from serving.storage.base import from_number

if TYPE_CHECKING:
    from sqlalchemy import Connection

Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused")
Keeper = Annotated[Caller, Depends(allow("keys.manage"))]
Host = Annotated[Caller, Depends(allow("people.manage"))]
_Reader = Depends(allow("audit.read"))


def create_access_router() -> APIRouter:
    """The routes of access; the app must have a gate (`serving.guarding.install`)."""
    router = APIRouter(prefix="/v1", tags=["access"], responses=refusals(*GUARDED))
    _add_own(router)
    _add_keys(router)
    _add_people(router)
    _add_audit(router)
    return router


async def _within(request: Request, use: Callable[[Connection, np.datetime64], Any]) -> Any:
    """Run a use case in a transaction of its own."""
    gate = gate_of(request)

    def work() -> Any:
        with gate.database.transaction() as connection:
            return use(connection, gate.clock())

    return await run_in_threadpool(work)


async def _read(request: Request, ask: Callable[[Connection], Any]) -> Any:
    gate = gate_of(request)

    def work() -> Any:
        with gate.database.reading() as connection:
            return ask(connection)

    return await run_in_threadpool(work)


def _body(model: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def _add_own(router: APIRouter) -> None:
    @router.get("/me", summary="Who asks", responses={200: {"model": Me}}, response_model=None)
    async def me(caller: Annotated[Caller, Depends(allow("own.account"))]) -> Response:
        """Role and permissions of the key or the session that asks."""
        told = {"kind": caller.kind, "id": caller.id, "name": caller.name, "role": caller.role}
        return json_response(told | {"permissions": sorted(caller.permissions)})


def _add_keys(router: APIRouter) -> None:
    @router.get("/keys", summary="All keys", responses={200: {"model": Keys}}, response_model=None)
    async def list_keys(request: Request, _caller: Keeper) -> Response:
        """Without their secrets, which nobody can tell any more."""
        rows = await _read(request, lambda c: KeyStore(c).every())
        return json_response({"keys": [_key(row) for row in rows]})

    @router.post(
        "/keys",
        summary="Make a key",
        status_code=201,
        responses={201: {"model": KeyTold}, **refusals(*_BAD)},
        response_model=None,
        openapi_extra=_body(KeyWanted),
    )
    async def make_key(request: Request, caller: Keeper) -> Response:
        """The key stands in this answer and nowhere else."""
        wanted = parse(KeyWanted, await json_body(request))
        until = wanted.expires_at
        expires = None if until is None else _instant(until.timestamp())
        new = await _within(
            request,
            lambda c, now: key_cases.make_key(
                c, caller.actor, wanted.name, wanted.role, wanted.scopes, expires, now
            ),
        )
        return json_response({"id": new.id, "key": new.text}, 201)

    @router.post(
        "/keys/{key_id}/rotation",
        summary="Give a key a new secret",
        responses={200: {"model": KeyTold}, **refusals("not-found", "conflict", "input-refused")},
        response_model=None,
    )
    async def rotate_key(request: Request, key_id: Id, caller: Keeper) -> Response:
        """The old secret goes on working for the hours that the operator has set (24)."""
        overlap = np.timedelta64(gate_of(request).settings.key_overlap_hours, "h")
        new = await _within(
            request, lambda c, now: key_cases.rotate_key(c, caller.actor, key_id, overlap, now)
        )
        return json_response({"id": new.id, "key": new.text})

    @router.delete(
        "/keys/{key_id}",
        summary="Revoke a key",
        status_code=204,
        responses=refusals("not-found", "input-refused"),
        response_model=None,
    )
    async def revoke_key(request: Request, key_id: Id, caller: Keeper) -> Response:
        """At once, and for good."""
        await _within(request, lambda c, now: key_cases.revoke_key(c, caller.actor, key_id, now))
        return Response(None, 204)


def _add_people(router: APIRouter) -> None:
    @router.get(
        "/people", summary="All people", responses={200: {"model": People}}, response_model=None
    )
    async def list_people(request: Request, _caller: Host) -> Response:
        """Who may sign in, and as what."""
        rows = await _read(request, lambda c: PeopleStore(c).every())
        return json_response({"people": [_person(row) for row in rows]})

    @router.post(
        "/people",
        summary="Add a person",
        status_code=201,
        responses={201: {"model": LinkTold}, **refusals("conflict", *_BAD)},
        response_model=None,
        openapi_extra=_body(PersonWanted),
    )
    async def add_person(request: Request, caller: Host) -> Response:
        """Hand the link to them: it works once, for 24 hours, and lets them choose a password."""
        told = parse(PersonWanted, await json_body(request))
        person_id, link = await _within(
            request,
            lambda c, now: people_cases.add_person(
                c, caller.actor, told.email, told.name, told.role, now
            ),
        )
        return json_response(_link(person_id, link), 201)

    @router.patch(
        "/people/{person_id}",
        summary="Change a person",
        status_code=204,
        responses=refusals("not-found", "conflict", *_BAD),
        response_model=None,
        openapi_extra=_body(PersonChange),
    )
    async def change_person(request: Request, person_id: Id, caller: Host) -> Response:
        """Takes effect with their next request; whoever is disabled is signed out."""
        told = parse(PersonChange, await json_body(request))
        await _within(
            request,
            lambda c, now: people_cases.change_person(
                c, caller.actor, person_id, told.role, told.disabled, now
            ),
        )
        return Response(None, 204)

    @router.post(
        "/people/{person_id}/link",
        summary="A new link for a person",
        responses={200: {"model": LinkTold}, **refusals("not-found", "conflict", "input-refused")},
        response_model=None,
    )
    async def renew_link(request: Request, person_id: Id, caller: Host) -> Response:
        """For a forgotten password. Links made before for this person die."""
        link = await _within(
            request, lambda c, now: people_cases.renew_link(c, caller.actor, person_id, now)
        )
        return json_response(_link(person_id, link))


def _add_audit(router: APIRouter) -> None:
    @router.get(
        "/audit",
        summary="The audit log",
        responses={200: {"model": AuditPage}, **refusals("input-refused")},
        response_model=None,
        dependencies=[_Reader],
    )
    async def audit(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    ) -> Response:
        """Newest first. Ids and counts only: what a lead was is not in it."""
        rows = await _read(request, lambda c: AuditLog(c).latest(limit, before))
        more = rows[-1].seq if len(rows) == limit and rows[-1].seq > 1 else None
        return json_response({"entries": [_entry(r) for r in rows], "next_before": more})

    @router.get(
        "/audit/verification",
        summary="Whether the audit log is whole",
        responses={200: {"model": AuditVerdict}},
        response_model=None,
        dependencies=[_Reader],
    )
    async def verification(request: Request) -> Response:
        """Walks the whole chain."""
        found = await _read(request, verify)
        told = {"whole": not found.faults, "entries": found.entries, "faults": list(found.faults)}
        return json_response(told | {"head": found.head and str(found.head)})


def _instant(seconds: float) -> np.datetime64:
    return from_number(round(seconds * 1_000_000))


def _at(stored: int | None) -> str | None:
    return None if stored is None else f"{from_number(stored)}Z"


def _key(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "scopes": None if row.scopes is None else read(row.scopes),
        "created_at": _at(row.created_at),
        "expires_at": _at(row.expires_at),
        "revoked_at": _at(row.revoked_at),
        "last_used_at": _at(row.last_used_at),
        "old_secret_until": _at(row.old_until),
    }


def _person(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "role": row.role,
        "disabled": row.disabled_at is not None,
        "has_password": row.password_hash is not None,
        "by_provider": row.oidc_subject is not None,
        "created_at": _at(row.created_at),
    }


def _link(person_id: str, link: people_cases.Link) -> dict[str, Any]:
    return {"person_id": person_id, "link": link.path, "expires_at": f"{link.expires_at}Z"}


def _entry(row: Any) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in ("seq", "actor", "action", "subject", "hash")}
    return told | {"at": _at(row.at), "details": read(row.details)}
