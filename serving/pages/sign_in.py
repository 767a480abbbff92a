"""Signing in and out, and the one-time links: forms that work without scripts."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from features.errors import InputRefused, Problem
from serving.access import people, sessions
from serving.access.caller import Caller, NotAllowed, NotKnown, TooMany
from serving.access.passwords import password_problems
from serving.access.permissions import PERMISSIONS, ROLES
from serving.access.provider import ProviderFailed, sign_in_by_provider
from serving.access.secrets import form_token, new_secret
from serving.access.signing_in import Tried, sign_in
from serving.access.tries import network_of
from serving.guarding import (
    address_of,
    allow,
    cookie_name,
    drop_cookie,
    form_of,
    gate_of,
    require_form_token,
    session_of,
    set_cookie,
)
from serving.pages.frame import show_plain

_SECRET = re.compile(r"^[A-Za-z0-9_-]{43}$")
# A path of ours: one slash, then neither a second nor a backslash, which browsers take for one.
_INSIDE = re.compile(r"^/(?![/\\])[A-Za-z0-9/_.~%-]*$")
_FORM = "form"
router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def show_sign_in(request: Request, next: str = "/") -> Response:
    """The form."""
    return _sign_in_page(request, next)


@router.post("/sign-in")
async def take_sign_in(request: Request) -> Response:
    """Sign in with a password; what was wrong is not told."""
    form, gate = await form_of(request), gate_of(request)
    after = form.get("next", "/")
    try:
        await require_form_token(request, _browser(request))
    except NotAllowed:
        return _sign_in_page(request, after, "This page was too old. Try again.", 403)
    tried = Tried(
        form.get("email", ""),
        form.get("password", ""),
        address_of(request),
        session_of(request) or None,
    )
    try:
        secret = await run_in_threadpool(
            sign_in, gate.database, gate.passwords, tried, gate.clock()
        )
    except NotKnown as error:
        return _sign_in_page(request, after, str(error), 401, tried.email)
    except TooMany as error:
        told = f"Too many tries. Wait {error.wait} seconds, then try again."
        response = _sign_in_page(request, after, told, 429, tried.email)
        response.headers["retry-after"] = str(error.wait)
        return response
    return _enter(request, secret, after)


@router.get("/sign-in/provider")
async def leave(request: Request) -> Response:
    """Off to the organisation's own sign-in."""
    gate = gate_of(request)
    rate = gate.rates.take(f"leaving {network_of(address_of(request))}")
    if gate.provider is None or not rate.allowed:
        why = "Too many tries. Wait a minute." if gate.provider else "There is no such sign-in."
        return _sign_in_page(request, "/", why, 429 if gate.provider else 404)
    browser = _browser(request) or new_secret()
    try:
        url = await run_in_threadpool(gate.provider.leave, gate.database, browser, gate.clock())
    except ProviderFailed as error:
        return _sign_in_page(request, "/", str(error), 503)
    response = Response(None, 303, {"location": url})
    set_cookie(gate, response, _FORM, browser)
    return response


@router.get("/sign-in/provider/return")
async def come_back(request: Request, state: str = "", code: str = "") -> Response:
    """Back from it, with a code that tells who somebody is."""
    gate, provider = gate_of(request), gate_of(request).provider
    if provider is None or not state or not code:
        return _sign_in_page(request, "/", "The sign-in was not finished. Begin again.", 401)
    now, old = gate.clock(), session_of(request) or None

    def work() -> str:
        found = provider.come_back(gate.database, state, code, _browser(request), now)
        return sign_in_by_provider(gate.database, found, old, now)

    try:
        secret = await run_in_threadpool(work)
    except NotKnown as error:
        return _sign_in_page(request, "/", str(error), 401)
    except ProviderFailed as error:
        return _sign_in_page(request, "/", str(error), 503)
    return _enter(request, secret, "/")


OwnAccount = Annotated[Caller, Depends(allow("own.account", page=True))]


@router.get("/account")
async def account(request: Request, caller: OwnAccount) -> Response:
    """Who one is, what one may do, and the way out."""
    may = [PERMISSIONS[name].says for name in PERMISSIONS if name in caller.permissions]
    context = {
        "caller": caller,
        "role": ROLES.get(caller.role, ""),
        "may": may,
        "token": form_token(session_of(request)),
    }
    return show_plain(request, "account.html", context)


@router.post("/sign-out")
async def sign_out(request: Request, caller: OwnAccount) -> Response:
    """End this session."""
    gate, secret = gate_of(request), session_of(request)

    def work() -> None:
        with gate.database.transaction() as connection:
            sessions.end(connection, caller, secret, gate.clock())

    await run_in_threadpool(work)
    response = Response(None, 303, {"location": "/sign-in"})
    drop_cookie(gate, response, "session")
    return response


@router.get("/link/{token}")
async def show_link(request: Request, token: str) -> Response:
    """Choose a password. Looking uses nothing up: mail programs look too."""
    try:
        found = await _account_of(request, token)
    except NotKnown as error:
        return _dead_link(request, error)
    return _link_page(request, found, found.email, found.name)


@router.post("/link/{token}")
async def take_link(request: Request, token: str) -> Response:
    """Use the link up, and sign in."""
    form = await form_of(request)
    try:
        found = await _account_of(request, token)
    except NotKnown as error:
        return _dead_link(request, error)
    is_first = found.person_id is None
    email = form.get("email", "") if is_first else found.email
    name = form.get("name", "") if is_first else found.name
    problems = await _form_problems(request) or password_problems(
        form.get("password", ""), email, name
    )
    if form.get("password") != form.get("again"):
        why = "The two are not the same."
        problems.append(Problem("again", "another text", why, "the same again", None, "/again"))
    try:
        if not problems:
            return await run_in_threadpool(_take, request, token, email, name, form["password"])
    except InputRefused as error:
        problems = list(error.problems)
    except NotKnown as error:
        return _dead_link(request, error)
    return _link_page(request, found, email, name, problems)


async def _form_problems(request: Request) -> list[Problem]:
    try:
        await require_form_token(request, _browser(request))
    except NotAllowed as error:
        return [Problem("password", "", str(error), "to try again", None, "/form_token")]
    return []


def _take(request: Request, token: str, email: str, name: str, password: str) -> Response:
    gate, old = gate_of(request), session_of(request) or None
    kept, now = gate.passwords.hash(password), gate.clock()
    with gate.database.transaction() as connection:
        person_id = people.use_link(connection, token, email, name, kept, now)
        secret = sessions.begin(connection, person_id, old, now)
    return _enter(request, secret, "/account")


async def _account_of(request: Request, token: str) -> people.Account:
    gate = gate_of(request)
    if not _SECRET.match(token):
        raise NotKnown("This is no link of ours. Copy all of it.")

    def work() -> people.Account:
        with gate.database.reading() as connection:
            return people.account_of(connection, token, gate.clock())

    return await run_in_threadpool(work)


def _enter(request: Request, secret: str, after: str) -> Response:
    """Signed in: the session's cookie, and on to the page that was asked for."""
    response = Response(None, 303, {"location": inside_of(after)})
    set_cookie(gate_of(request), response, "session", secret)
    # Whoever signs in gets new secrets all over.
    drop_cookie(gate_of(request), response, _FORM)
    return response


def inside_of(after: str) -> str:
    """A path of this service, or its front page: nobody is sent elsewhere after signing in."""
    return after if _INSIDE.fullmatch(after) else "/"


def _browser(request: Request) -> str:
    return request.cookies.get(cookie_name(gate_of(request), _FORM), "")


def _sign_in_page(
    request: Request, after: str, fault: str = "", status: int = 200, email: str = ""
) -> Response:
    has_provider = gate_of(request).provider is not None
    context = {"next": after, "fault": fault, "email": email, "has_provider": has_provider}
    return _form_page(request, "sign_in.html", context, status)


def _link_page(
    request: Request,
    found: people.Account,
    email: str,
    name: str,
    problems: list[Problem] | None = None,
) -> Response:
    faults = {p.field: f"{p.why} Allowed: {p.allowed}." for p in problems or []}
    context = {
        "is_first": found.person_id is None,
        "email": email,
        "name": name,
        "faults": faults,
        "path": request.url.path,
    }
    return _form_page(request, "link.html", context, 422 if faults else 200)


def _dead_link(request: Request, error: NotKnown) -> Response:
    return show_plain(request, "dead_link.html", {"fault": str(error)}, 404)


def _form_page(request: Request, name: str, context: dict[str, Any], status: int) -> Response:
    """A form for a browser without a session: its token is bound to a cookie of its own."""
    browser = _browser(request) or new_secret()
    response = show_plain(request, name, context | {"token": form_token(browser)}, status)
    set_cookie(gate_of(request), response, _FORM, browser)
    return response
