"""Guards of routes: who asks, may they, how often; and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import FastAPI, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import LeadpactError
from serving.access.caller import Caller, Conflict, NoSuch, NotAllowed, NotKnown, TooMany
from serving.access.gate import Gate
from serving.access.permissions import PERMISSIONS, PUBLIC
from serving.access.provider import ProviderFailed
from serving.access.rates import Rate
from serving.access.secrets import form_token, same
from serving.access.tries import network_of
from serving.edges import respond
from serving.problems import Trouble

GUARDED = ("unauthenticated", "forbidden", "too-many-requests")
"""Kinds of problems that every guarded route may answer with, for its OpenAPI responses."""
FORM_FIELD, FORM_HEADER = "form_token", "x-form-token"
"""Where a signed-in browser proves that a write comes from our own page."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MOST_FORM_FIELDS = 400
_BEARER = HTTPBearer(auto_error=False, description="An API key: `lpk_...`")
_KINDS: tuple[tuple[type[LeadpactError], str], ...] = (
    (NotKnown, "unauthenticated"),
    (NotAllowed, "forbidden"),
    (TooMany, "too-many-requests"),
    (NoSuch, "not-found"),
    (Conflict, "conflict"),
    (ProviderFailed, "not-ready"),
)

Guard = Callable[..., Coroutine[Any, Any, Caller]]
Proof = Callable[[Request], Coroutine[Any, Any, Caller | None]]
"""Another proof of who asks than key and session. None where the request brings none; raises
`NotKnown` where it does not hold."""


class UndeclaredRoute(LeadpactError):
    """A route says neither who may ask for it nor that everybody may."""


class SignInFirst(Exception):
    """A browser asked for a page and nobody is signed in."""


def gate_of(request: Request) -> Gate:
    """The gate of this app."""
    return cast(Gate, request.app.state.gate)


def caller_of(request: Request) -> Caller:
    """Who asks; only behind a guard."""
    return cast(Caller, request.state.caller)


def allow(
    permission: str, *, page: bool = False, files: int = 0, proof: Proof | None = None
) -> Guard:
    """A dependency that lets through who has `permission`, and gives the `Caller`.

    Args:
        permission: a name in the one table.
        page: send a browser without a session to sign in, instead of refusing.
        files: most files that a form may bring.
        proof: asked where a request has neither key nor session.
    """
    if permission not in PERMISSIONS:
        raise KeyError(f"{permission} is no permission; see serving/access/permissions.py")

    async def guard(
        request: Request,
        _key: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Caller:
        try:
            caller = await _identify(request, proof)
        except NotKnown:
            if page and "authorization" not in request.headers:
                raise SignInFirst from None
            raise
        request.state.caller = caller
        _count(request, caller.actor)
        caller.require(permission)
        if caller.kind == "person" and request.method not in _SAFE:
            await require_form_token(request, session_of(request), files)
        return caller

    guard.permission = permission  # type: ignore[attr-defined]
    return guard


async def _identify(request: Request, proof: Proof | None) -> Caller:
    gate, told = gate_of(request), request.headers.get("authorization")
    try:
        if told is not None:
            scheme, _, key = told.partition(" ")
            if scheme.lower() != "bearer":
                raise NotKnown("Send the header `Authorization: Bearer lpk_...` with an API key.")
            return await run_in_threadpool(gate.by_key, key.strip())
        secret = session_of(request)
        caller = await run_in_threadpool(gate.by_session, secret) if secret else None
        if caller is None and proof is not None:
            caller = await proof(request)
        if caller is None:
            raise NotKnown("Send the header `Authorization: Bearer lpk_...`, or sign in.")
    except NotKnown:
        # Whoever fails is counted by address, so that failing is not free.
        _count(request, f"address {network_of(address_of(request))}")
        raise
    return caller


def _count(request: Request, who: str) -> None:
    rate = gate_of(request).rates.take(who)
    request.state.rate = rate
    if not rate.allowed:
        raise TooMany(f"More than {rate.quota} requests within a minute.", rate.reset)


def address_of(request: Request) -> str:
    """The network address that asks; behind a proxy, the one that uvicorn takes from it."""
    return request.client.host if request.client is not None else "unknown"


def cookie_name(gate: Gate, name: str) -> str:
    """A cookie's name; by https with the prefix that binds it to this host (RFC 6265bis, 4.1.3)."""
    return f"__Host-leadpact_{name}" if gate.settings.https else f"leadpact_{name}"


def session_of(request: Request) -> str:
    """The secret in the session's cookie, or ""."""
    return request.cookies.get(cookie_name(gate_of(request), "session"), "")


def set_cookie(gate: Gate, response: Response, name: str, secret: str) -> None:
    """Give the browser a secret that scripts cannot read; it forgets it when it is closed."""
    response.set_cookie(
        cookie_name(gate, name),
        secret,
        path="/",
        httponly=True,
        samesite="lax",
        secure=gate.settings.https,
    )


def drop_cookie(gate: Gate, response: Response, name: str) -> None:
    """Let the browser forget a secret."""
    response.delete_cookie(
        cookie_name(gate, name), path="/", httponly=True, samesite="lax", secure=gate.settings.https
    )


async def form_of(request: Request, files: int = 0) -> dict[str, str]:
    """What was typed into a form. Starlette keeps it, so whoever asks again reads the same.

    Raises:
        Trouble: when it is no form, or one of far too many fields.
    """
    try:
        form = await request.form(max_files=files, max_fields=_MOST_FORM_FIELDS)
    except HTTPException as error:
        raise Trouble("input-refused", f"The form cannot be read: {error.detail}") from error
    # A form may claim an encoding in which half characters can be written.
    return {k: str(v).encode("utf-8", "replace").decode() for k, v in form.items()}


async def require_form_token(request: Request, cookie: str, files: int = 0) -> None:
    """Refuse a write that does not come from a page of ours in this browser.

    Raises:
        NotAllowed: when the token is missing or belongs to another cookie.
    """
    told = request.headers.get(FORM_HEADER, "")
    if not told and request.headers.get("content-type", "").startswith(_FORMS):
        told = (await form_of(request, files)).get(FORM_FIELD, "")
    if not cookie or not same(told, form_token(cookie)):
        raise NotAllowed("This did not come from a page of this service, or the page is too old.")


class RateHeaders:
    """Tells a guarded caller in every answer where they stand."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; anything but HTTP passes through."""

        async def telling(message: Message) -> None:
            rate = scope.get("state", {}).get("rate")
            if message["type"] == "http.response.start" and isinstance(rate, Rate):
                MutableHeaders(scope=message).update(rate.headers())
            await send(message)

        await self.app(scope, receive, telling if scope["type"] == "http" else send)


def install(app: FastAPI, gate: Gate) -> None:
    """Give an app its gate, the rate headers, and the answers for refusals."""
    app.state.gate = gate

    async def on_refusal(request: Request, error: Exception) -> Response:
        kind = next(k for t, k in _KINDS if isinstance(error, t))
        headers = {}
        if isinstance(error, NotKnown):
            headers["www-authenticate"] = 'Bearer realm="leadpact"'
        if isinstance(error, TooMany):
            headers["retry-after"] = str(error.wait)
        return respond(request, Trouble(kind, str(error), headers=headers))

    async def on_nobody(request: Request, _error: Exception) -> Response:
        return Response(None, 303, {"location": sign_in_address(request)})

    for kind, _ in _KINDS:
        app.add_exception_handler(kind, on_refusal)
    app.add_exception_handler(SignInFirst, on_nobody)
    app.add_middleware(RateHeaders)


def sign_in_address(request: Request) -> str:
    """Where to sign in, and come back from to the page that was asked for."""
    asked = request.url.path if request.method in _SAFE else "/"
    return f"/sign-in?next={quote(asked)}"


def route_permissions(app: FastAPI) -> dict[tuple[str, str], str | None]:
    """(method, path) -> permission that the route declares; None for the public ones.

    Raises:
        UndeclaredRoute: naming every route that declares none and is not in `PUBLIC`, declares
            several, or is public and declares one.
    """
    found: dict[tuple[str, str], str | None] = {}
    faults = []
    for route in _routes(app.routes):
        path, declared = getattr(route, "path", str(route)), _declared(route)
        if len(declared) != (0 if path in PUBLIC else 1):
            faults.append(f"{path} ({', '.join(declared) or 'nothing declared'})")
        methods = getattr(route, "methods", None) or {"GET"}
        for method in methods:
            found[method, path] = declared[0] if declared else None
    if faults:
        raise UndeclaredRoute(
            f"Routes must declare one permission, or stand in PUBLIC: {'; '.join(faults)}."
        )
    return found


def _routes(routes: Iterable[Any]) -> list[Any]:
    """Every route, those of included routers too."""
    found = []
    for route in routes:
        inside = getattr(route, "effective_candidates", None)
        found += [route] if inside is None else _routes(inside())
    return found


def _declared(route: Any) -> list[str]:
    def walk(dependant: Any) -> list[str]:
        own = getattr(dependant.call, "permission", None)
        below = [p for d in dependant.dependencies for p in walk(d)]
        return ([own] if own else []) + below

    dependant = getattr(route, "dependant", None)
    return [] if dependant is None else sorted(set(walk(dependant)))
