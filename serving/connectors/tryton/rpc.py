"""Tryton's JSON-RPC, as its own clients speak it.

A call holds `id`, `method` and `params` alone: with a `jsonrpc` member the server answers in
another form (trytond 8.2, trytond/protocols/jsonrpc.py). Instants, dates and decimals come as
objects with a `__class__`; here they are texts, instants in UTC.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import httpx2

from features.errors import LeadpactError, shorten

TIMEOUT = 60.0
"""Seconds for one call."""
_LOGIN = "common.db.login"
_OBJECTS = ("datetime", "date", "Decimal")


class TrytonUnreachable(LeadpactError):
    """No answer of a Tryton server comes."""


class TrytonRefused(LeadpactError):
    """Tryton does not let us in, or does not do what is asked."""


class Tryton:
    """One database of a Tryton server, for one user.

    Args:
        http: a client whose base URL is the server's; closing it is the caller's.
        database: its name there.

    Raises:
        TrytonRefused: when name or password are wrong. It is not tried again: after a few wrong
            passwords Tryton refuses the right one too.
        TrytonUnreachable: when no server answers.
    """

    def __init__(self, http: httpx2.Client, database: str, user: str, password: str) -> None:
        self._http, self._path = http, f"/{quote(database, safe='')}/rpc/"
        self._headers: dict[str, str] = {}
        self._context: dict[str, Any] = {}
        told = self._ask(_LOGIN, [user, {"password": password}])
        if not told:
            raise TrytonRefused(f"Tryton lets {shorten(user)} not in: it asks for something more.")
        self.user = int(told[0])
        session = f"{user}:{told[0]}:{told[1]}".encode()
        self._headers = {"authorization": f"Session {base64.b64encode(session).decode()}"}
        self._context = self.call("res.user.get_preferences", True)

    def call(self, method: str, *values: Any, **context: Any) -> Any:
        """Call a model's method, such as `sale.opportunity.read`.

        Args:
            context: joins the user's own.

        Raises:
            TrytonRefused, TrytonUnreachable
        """
        return self._ask(f"model.{method}", [*values, self._context | context])

    def logout(self) -> None:
        """End the session."""
        self._ask("common.db.logout", [])

    def _ask(self, method: str, params: list[Any]) -> Any:
        body = {"id": 1, "method": method, "params": params}
        try:
            found = self._http.post(self._path, json=body, headers=self._headers)
        except httpx2.RequestError as error:
            raise TrytonUnreachable(f"Tryton does not answer {method}: {error!r}.") from error
        return plain(_result(method, found))


def _result(method: str, found: httpx2.Response) -> Any:
    if found.status_code == 429:
        raise TrytonRefused(
            "Tryton lets nobody in for a while, because wrong passwords came: wait and try again."
        )
    if found.status_code in (401, 403) and method == _LOGIN:
        raise TrytonRefused("Tryton does not let this user in: name or password are wrong.")
    if found.status_code in (401, 403):
        raise TrytonRefused(
            f"Tryton does not allow {method}: the session is over, or the user may not."
        )
    try:
        told = found.json() if found.is_success else None
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise TrytonUnreachable(f"{method}: {found.status_code}, but not an answer of Tryton.")
    if "error" in told:
        raise TrytonRefused(f"Tryton refuses {method}: {_why(told['error'])}")
    return told.get("result")


def _why(error: Any) -> str:
    """The sentence in an error: [kind, [sentence, ...]] or [kind, sentence]."""
    while isinstance(error, list) and error:
        error = error[1] if len(error) > 1 and isinstance(error[1], list) else error[0]
    return shorten(str(error))


def plain(told: Any) -> Any:
    """What Tryton sends as JSON values."""
    if isinstance(told, list):
        return [plain(one) for one in told]
    if not isinstance(told, Mapping):
        return told
    kind = told.get("__class__")
    if kind is None:
        return {name: plain(value) for name, value in told.items()}
    return _text(kind, told) if kind in _OBJECTS else None


def _text(kind: str, told: Mapping[str, Any]) -> str:
    if kind == "Decimal":
        return str(told["decimal"])
    day = (told["year"], told["month"], told["day"])
    if kind == "date":
        return date(*day).isoformat()
    clock = (told["hour"], told["minute"], told["second"], told["microsecond"])
    return f"{datetime(*day, *clock, tzinfo=UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def instant_of(text: str) -> dict[str, Any]:
    """An ISO 8601 instant as Tryton takes it."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime"} | {name: getattr(at, name) for name in names}
