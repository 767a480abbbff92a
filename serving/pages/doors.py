"""`/access`: who may sign in and which systems hold keys; added, changed and ended in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Request, Response

from features.errors import InputRefused
from serving.access import keys as key_cases
from serving.access import people as people_cases
from serving.access.caller import Caller, Conflict
from serving.access.permissions import ROLES
from serving.guarding import allow, caller_of, form_of, gate_of
from serving.pages import frame
from serving.pages.store import reading, writing
from serving.pages.words import when
from serving.state import Worker
from serving.storage.access import KeyStore, PeopleStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

router = APIRouter(include_in_schema=False)
Host = Annotated[Caller, Depends(allow("people.manage", page=True))]
Keeper = Annotated[Caller, Depends(allow("keys.manage", page=True))]
_ID = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
_NO_BUTTON = InputRefused("Change a person or a key by a button of the page.")


@router.get("/access", dependencies=[Depends(allow("people.manage", page=True))])
async def show_access(request: Request) -> Response:
    """People and, for those who look after them too, keys; without a secret of either."""
    return await _page(request)


@router.post("/access/people")
async def add_person(request: Request, caller: Host) -> Response:
    """Add a person; the page that answers tells their link, this once."""
    typed = await form_of(request)

    def use(connection: Connection, worker: Worker) -> people_cases.Link:
        told = (typed.get("email", ""), typed.get("name", ""), typed.get("role", ""))
        return people_cases.add_person(connection, caller.actor, *told, worker.clock())[1]

    try:
        link = await writing(request, use)
    except (InputRefused, Conflict) as refusal:
        return await _page(request, person=typed, faults=_faults(refusal, "person", "email"))
    return await _page(request, secret=_of_link(request, typed.get("name", ""), link))


@router.post("/access/people/{person_id}")
async def change_person(request: Request, person_id: _ID, caller: Host) -> Response:
    """Another role, a new link, disabled or enabled: what the button says."""
    typed = await form_of(request)
    act = typed.get("act", "")
    if act == "link":

        def renew(connection: Connection, worker: Worker) -> tuple[str, people_cases.Link]:
            now = worker.clock()
            link = people_cases.renew_link(connection, caller.actor, person_id, now)
            found = PeopleStore(connection).find(person_id)
            assert found is not None
            return found.name, link

        return await _page(request, secret=_of_link(request, *await writing(request, renew)))
    if act not in ("role", "disable", "enable"):
        raise _NO_BUTTON
    role = typed.get("role", "") if act == "role" else None
    disabled = {"disable": True, "enable": False}.get(act)

    def use(connection: Connection, worker: Worker) -> None:
        now = worker.clock()
        people_cases.change_person(connection, caller.actor, person_id, role, disabled, now)

    try:
        await writing(request, use)
    except Conflict as refusal:
        return await _page(request, faults={person_id: str(refusal)})
    return _back("people")


@router.post("/access/keys")
async def make_key(request: Request, caller: Keeper) -> Response:
    """Make a key; the page that answers tells it, this once."""
    typed = await form_of(request)

    def use(connection: Connection, worker: Worker) -> key_cases.NewKey:
        now, (name, role) = worker.clock(), (typed.get("name", ""), typed.get("role", ""))
        ends = _days(typed.get("days", ""), now)
        return key_cases.make_key(connection, caller.actor, name, role, None, ends, now)

    try:
        key = await writing(request, use)
    except InputRefused as refusal:
        return await _page(request, key=typed, faults=_faults(refusal, "key", "days"))
    return await _page(request, secret=_of_key(typed.get("name", ""), key))


@router.post("/access/keys/{key_id}")
async def change_key(request: Request, key_id: _ID, caller: Keeper) -> Response:
    """A new secret, or the end of a key: what the button says."""
    act = (await form_of(request)).get("act", "")
    if act == "revoke":
        await writing(
            request, lambda c, w: key_cases.revoke_key(c, caller.actor, key_id, w.clock())
        )
        return _back("keys")
    if act != "rotate":
        raise _NO_BUTTON
    overlap = np.timedelta64(gate_of(request).settings.key_overlap_hours, "h")

    def use(connection: Connection, worker: Worker) -> tuple[str, key_cases.NewKey]:
        new = key_cases.rotate_key(connection, caller.actor, key_id, overlap, worker.clock())
        found = KeyStore(connection).find(key_id)
        assert found is not None
        return found.name, new

    return await _page(request, secret=_of_key(*await writing(request, use)))


async def _page(
    request: Request,
    *,
    secret: Mapping[str, str] | None = None,
    person: Mapping[str, str] | None = None,
    key: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    """The page as it stands, with what was typed and what was wrong with it."""
    may = caller_of(request).permissions

    def ask(connection: Connection, worker: Worker) -> dict[str, Any]:
        now = worker.clock()
        people, keys = PeopleStore(connection), KeyStore(connection)
        return {
            "people": people.every() if "people.manage" in may else None,
            "keys": [_as_shown(k, now) for k in keys.every()] if "keys.manage" in may else None,
            "at": now,
        }

    context = await reading(request, ask)
    typed = {"person": person or {}, "key": key or {}}
    overlap = gate_of(request).settings.key_overlap_hours
    told = {"secret": secret, "typed": typed, "faults": faults or {}, "roles": ROLES}
    context |= {**told, "overlap": overlap}
    return frame.show(request, "doors.html", context, 422 if faults else 200)


def _as_shown(row: Any, now: np.datetime64) -> dict[str, Any]:
    ended = "expired" if row.revoked_at is None else "revoked"
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "state": "good" if key_cases.is_good(row, now) else ended,
        "until": None if row.expires_at is None else when(row.expires_at),
        "used": None if row.last_used_at is None else when(row.last_used_at),
        "old_until": None if row.old_until is None else when(row.old_until),
    }


def _of_link(request: Request, name: str, link: people_cases.Link) -> dict[str, str]:
    address = f"{str(request.base_url).rstrip('/')}{link.path}"
    says = "It works once, for 24 hours, and lets them choose a password. Hand it to them alone."
    return {"title": f"A link for {name}", "text": address, "says": says}


def _of_key(name: str, key: key_cases.NewKey) -> dict[str, str]:
    says = "It stands here and nowhere else: copy it into the system that will use it."
    return {"title": f"The key {name}", "text": key.text, "says": says}


def _days(typed: str, now: np.datetime64) -> np.datetime64 | None:
    """When a key ends that is to last for so many days; None for one that does not."""
    text = typed.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST_DAYS):
        raise InputRefused(f"Days to live is {text[:20]!r}; write 1 to {_MOST_DAYS}, or nothing.")
    return now + np.timedelta64(int(text), "D")


_MOST_DAYS = 3650


def _faults(refusal: InputRefused | Conflict, form: str, otherwise: str) -> dict[str, str]:
    """What was wrong, by form and control; what names no control stands at `otherwise`."""
    problems = getattr(refusal, "problems", ())
    found = {f"{form}-{p.field}": p.sentence() for p in problems}
    return found or {f"{form}-{otherwise}": str(refusal)}


def _back(part: str) -> Response:
    return Response(None, 303, {"location": f"/access#{part}"})
