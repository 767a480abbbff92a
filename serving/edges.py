"""What every request passes before a route sees it: size, request id, headers, log, figures."""

from __future__ import annotations

import math
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from serving.problems import TITLES, Trouble
from serving.telemetry import Telemetry

_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_STRICT = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
# Swagger's page starts itself with an inline script and draws icons from data: addresses.
_DOCS = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'; object-src 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
REPLAYED = "idempotent-replayed"
"""Header of an answer that was given before."""
_GONE = 499
"""Noted when a caller hangs up in the middle of a request; nobody is told, and it is no failure."""
_FAILED = Trouble(
    "internal-error", "Nothing was stored. Try again; if it persists, report the request id."
)


def instance_of(scope: Scope) -> str:
    """The name of one request, for `instance`: by the caller's id where it is well formed."""
    return f"urn:leadpact:request:{scope['state']['request_id']}"


def respond(request: Request, trouble: Trouble) -> Response:
    """A refusal as the caller reads it: a page for a browser that asked for one, else JSON."""
    instance = instance_of(request.scope)
    state = getattr(request.scope.get("app"), "state", None)
    page = getattr(state, "refusal_page", None)
    asks_for_page = "text/html" in request.headers.get("accept", "")
    if page is None or not asks_for_page or request.url.path.startswith("/v1/"):
        return trouble.response(instance)
    answer: Response = page(request, trouble, instance)
    return answer


_ALWAYS = frozenset(("/healthz", "/readyz", "/metrics"))
"""Who watches the service is answered however much is asked."""
_BUSY = Trouble(
    "overloaded",
    "More requests are in flight than this worker takes. Nothing was done; try again in a second.",
    headers={"retry-after": "1"},
)


@dataclass(frozen=True)
class Limits:
    """What the edge lets in.

    Attributes:
        body_bytes: of one request.
        in_flight: requests that are being answered at once.
        streams: addresses whose body is read piece by piece -> most bytes, or None for any.
    """

    body_bytes: int
    in_flight: int = 1_000_000
    streams: Mapping[str, int | None] = field(default_factory=dict)

    def bytes_at(self, path: str) -> float:
        """Most bytes of a body sent to this address."""
        most = self.streams.get(path, self.body_bytes)
        return math.inf if most is None else most


class Edge:
    """The outermost layer: gives each request an id, counts it, logs it, bounds its body, and turns
    away what is too much at once."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, limits: Limits) -> None:
        self.app = app
        self.telemetry = telemetry
        self.limits = limits
        self._in_flight = 0
        self.log: Any = structlog.get_logger("leadpact")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sent = headers.get("x-request-id", "")
        name = sent if _ID.match(sent) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        seen = _Seen(scope, name, time.perf_counter())
        told = seen.telling(send)
        # Threads and tasks that a request starts inherit this, so each of its lines has its id.
        with self.telemetry.in_flight.track_inprogress(), bound_contextvars(request_id=name):
            self._in_flight += 1
            try:
                await self._answer(seen, headers, receive, told)
            finally:
                self._in_flight -= 1

    async def _answer(self, seen: _Seen, headers: Headers, receive: Receive, told: Send) -> None:
        scope, request = seen.scope, Request(seen.scope)
        try:
            most = self.limits.bytes_at(scope["path"])
            if self._in_flight > self.limits.in_flight and scope["path"] not in _ALWAYS:
                self.telemetry.shed.inc()
                await respond(request, _BUSY)(scope, receive, told)
            elif _declared(headers) > most:
                await respond(request, _too_large(most))(scope, receive, told)
            else:
                await self.app(scope, _bounded(receive, most), told)
        except ClientDisconnect:
            seen.status = _GONE
        except Exception as error:
            # The caller learns the request's id, never the error's text: it may hold a lead's data.
            self.log.error("failed", route=seen.route, exc_info=error)
            self.telemetry.failures.labels(seen.route).inc()
            if seen.started:
                raise
            await respond(request, _FAILED)(scope, receive, told)
        finally:
            self._note(seen)

    def _note(self, seen: _Seen) -> None:
        seconds = time.perf_counter() - seen.began
        method, route = seen.method, seen.route
        self.telemetry.requests.labels(method, route, str(seen.status)).inc()
        self.telemetry.seconds.labels(method, route, str(seen.status)).observe(seconds)
        if seen.status == TITLES["too-many-requests"][0]:
            self.telemetry.limited.labels(route).inc()
        if seen.replayed:
            self.telemetry.replays.labels(route).inc()
        self.log.info(
            "request",
            method=method,
            route=route,
            status=seen.status,
            milliseconds=round(1000 * seconds, 3),
            **seen.caller(),
        )


class _Seen:
    """One request on its way: what it is called, when it began, how it was answered."""

    def __init__(self, scope: Scope, name: str, began: float) -> None:
        self.scope, self.name, self.began = scope, name, began
        self.status = 500
        self.started = False
        self.replayed = False

    @property
    def method(self) -> str:
        """The method, or a word for whatever a caller made up: a label has few values."""
        method = str(self.scope["method"])
        return method if method in _METHODS else "other"

    @property
    def route(self) -> str:
        """The address as the route declares it, without ids and secrets."""
        return getattr(self.scope.get("route"), "path", "unmatched")

    def caller(self) -> dict[str, str]:
        """Who asked, by id, where that is known."""
        found = self.scope["state"].get("caller")
        return {} if found is None else {"caller": str(found.actor)}

    def telling(self, send: Send) -> Send:
        """`send`, with the headers that every answer carries."""

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status, self.started = message["status"], True
                headers = MutableHeaders(scope=message)
                self.replayed = REPLAYED in headers
                headers["x-request-id"] = self.name
                docs = self.scope["path"].startswith(("/docs", "/redoc"))
                # A page may be bound closer than all of them; none is bound more loosely.
                headers.setdefault("content-security-policy", _DOCS if docs else _STRICT)
                for key, value in _HEADERS.items():
                    headers.setdefault(key, value)
            await send(message)

        return tell


def _too_large(most: float) -> Trouble:
    told = f"{most:,.0f} bytes"
    return Trouble("body-too-large", f"Send {told} at most; split the leads over requests.")


def _bounded(receive: Receive, most: float) -> Receive:
    total = 0

    async def bounded() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > most:
            raise _too_large(most)
        return message

    return bounded


def _declared(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0
