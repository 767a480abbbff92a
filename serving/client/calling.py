"""One call: sent again while the service asks to wait, and read into the model of its answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from serving.client.errors import Unreachable, problem_of

Model = TypeVar("Model", bound=BaseModel)
P = ParamSpec("P")
R = TypeVar("R")
_WAIT = (429, 503)
_REPEATABLE = ("GET", "PUT", "DELETE")
"""Methods that may be sent twice (RFC 9110, 9.2.2); others only under an Idempotency-Key."""
_FIRST_WAIT = 0.5
"""Seconds before a call is sent again, where nobody says; each wait is twice the one before."""


@dataclass(frozen=True)
class Patience:
    """How often a call is sent again.

    Attributes:
        attempts: at most, the first included.
        longest: seconds; where the service asks for a longer wait, the refusal is told at once.
    """

    attempts: int = 4
    longest: float = 60.0


@dataclass(frozen=True)
class Caller:
    """What every group of calls needs."""

    http: httpx2.Client
    headers: Mapping[str, str] = field(repr=False)  # the key is in them
    patience: Patience
    sleep: Callable[[float], None] = time.sleep

    def ask(
        self,
        method: str,
        path: str,
        answer: type[Model],
        *,
        json: Any = None,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Model:
        """Call, and read the answer as a model; keys that it does not know are left out.

        Raises:
            ApiProblem: when the service refuses.
            Unreachable: when no answer of the service comes.
        """
        found = self.send(method, path, json=json, content=content, params=params, headers=headers)
        try:
            return answer.model_validate_json(found.content, extra="ignore")
        except ValidationError as error:
            raise Unreachable(
                f"{method} {path}: {found.status_code}, but not with an answer of this service. "
                "Is something between, or the service of another version?"
            ) from error

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Call, and again as often as patience allows.

        Raises:
            ApiProblem: when the service refuses.
            Unreachable: when no answer of the service comes.
        """
        told = {**self.headers, **(headers or {})}
        given = {k: v for k, v in (params or {}).items() if v is not None}
        twice = method in _REPEATABLE or "idempotency-key" in told
        for attempt in range(1, self.patience.attempts + 1):
            last = attempt == self.patience.attempts
            wait: float | None = _FIRST_WAIT * 2 ** (attempt - 1)
            try:
                found = self.http.request(
                    method, path, json=json, content=content, params=given, headers=told
                )
            except httpx2.RequestError as error:
                if last or not twice:
                    raise Unreachable(f"{method} {path}: {error!r}") from error
            else:
                if found.is_success:
                    return found
                wait = self._wait(found, wait, twice)
                if last or wait is None:
                    raise problem_of(found)
            self.sleep(wait or 0.0)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, found: httpx2.Response, usual: float | None, twice: bool) -> float | None:
        """Seconds until the call may be sent again; None when it may not."""
        # Who let nobody through has done nothing; a service that is not ready might have begun.
        if found.status_code not in _WAIT or not (twice or found.status_code == 429):
            return None
        told = retry_after(found)
        wait = usual if told is None else told
        return wait if wait is not None and wait <= self.patience.longest else None


def retry_after(found: httpx2.Response) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, 10.2.3); None when it says nothing."""
    told = found.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        # Both instants are the service's own, so the clock here does not matter.
        until, now = (parsedate_to_datetime(t) for t in (told, found.headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


def once(key: str | None) -> dict[str, str]:
    """The header by which a write is done once, however often it is sent."""
    return {"idempotency-key": key or uuid.uuid4().hex}


def at(*parts: str) -> str:
    """An address under /v1; each part is one step of it, whatever signs it holds."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def operation(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say which operation of the service's description a method calls."""

    def mark(method: Callable[P, R]) -> Callable[P, R]:
        method.operation = name  # type: ignore[attr-defined]
        return method

    return mark
