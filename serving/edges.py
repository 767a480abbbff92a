"""What every request passes before a route sees it: size, request id, headers, log, figures."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.problems import Trouble
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


_FAILED = Trouble(
    "internal-error", "Nothing was stored. Try again; if it persists, report the request id."
)


def instance_of(scope: Scope) -> str:
    """The name of one request, for `instance`: by the caller's id where it is well formed."""
    return _instance(scope["state"]["request_id"])


def _instance(name: str) -> str:
    return f"urn:leadpact:request:{name}"


class Edge:
    """The outermost layer: gives each request an id, counts it, logs it, and bounds its body."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, max_body_bytes: int) -> None:
        self.app = app
        self.telemetry = telemetry
        self.max_body_bytes = max_body_bytes
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
        try:
            if _declared(headers) > self.max_body_bytes:
                await self._too_large().response(_instance(name))(scope, receive, told)
            else:
                await self.app(scope, self._bounded(receive), told)
        except Exception as error:
            # The caller learns the request's id, never the error's text: it may hold a lead's data.
            self.log.error("failed", request_id=name, exc_info=error)
            if seen.started:
                raise
            await _FAILED.response(_instance(name))(scope, receive, told)
        finally:
            self._note(seen)

    def _too_large(self) -> Trouble:
        most = f"{self.max_body_bytes:,} bytes"
        return Trouble("body-too-large", f"Send {most} at most; split the leads over requests.")

    def _bounded(self, receive: Receive) -> Receive:
        total = 0

        async def bounded() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self.max_body_bytes:
                raise self._too_large()
            return message

        return bounded

    def _note(self, seen: _Seen) -> None:
        seconds = time.perf_counter() - seen.began
        route = getattr(seen.scope.get("route"), "path", "unmatched")
        self.telemetry.requests.labels(seen.scope["method"], route, str(seen.status)).inc()
        self.telemetry.seconds.labels(route).observe(seconds)
        self.log.info(
            "request",
            request_id=seen.name,
            method=seen.scope["method"],
            route=route,
            status=seen.status,
            milliseconds=round(1000 * seconds, 3),
        )


class _Seen:
    """One request on its way: what it is called, when it began, how it was answered."""

    def __init__(self, scope: Scope, name: str, began: float) -> None:
        self.scope, self.name, self.began = scope, name, began
        self.status = 500
        self.started = False

    def telling(self, send: Send) -> Send:
        """`send`, with the headers that every answer carries."""

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status, self.started = message["status"], True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = self.name
                docs = self.scope["path"].startswith(("/docs", "/redoc"))
                headers["content-security-policy"] = _DOCS if docs else _STRICT
                for key, value in _HEADERS.items():
                    headers.setdefault(key, value)
            await send(message)

        return tell


def _declared(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0
