"""Errors as callers read them: problem+json (RFC 9457), one fixed title a type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from fastapi import Response

from features.errors import Problem, shorten

MEDIA_TYPE = "application/problem+json"
_PREFIX = "urn:leadpact:problem:"

TITLES = {
    "not-json": (400, "The body is not JSON that can be read"),
    "unauthenticated": (401, "This needs an API key, or signing in"),
    "forbidden": (403, "Who asks may not do this"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "This address does not take this method"),
    "conflict": (409, "This contradicts what is there"),
    "opted-out": (409, "The lead's person does not want to be scored"),
    "person-erased": (409, "This person asked to be erased"),
    "model-damaged": (409, "The files of a model cannot be used as they are"),
    "gone": (410, "What was at this address is gone for good"),
    "precondition-failed": (412, "The lead has changed since it was read"),
    "body-too-large": (413, "The body is larger than this service takes"),
    "not-json-type": (415, "The body must be sent as application/json"),
    "input-refused": (422, "The request cannot be taken as it is"),
    "precondition-required": (428, "This write must say which state it builds on"),
    "too-many-requests": (429, "More was asked or tried than is let through"),
    "internal-error": (500, "The service failed; this is a defect of ours"),
    "overloaded": (503, "More is asked at once than can be answered in time"),
    "not-ready": (503, "The service is not ready to answer"),
}
"""Type -> status and title."""


class Trouble(Exception):
    """A refusal on its way to the caller.

    Attributes:
        kind: a key of `TITLES`.
        detail: what, where, why and what now, for this request.
        errors: each thing wrong, with a JSON pointer to it.
        headers: of the response, besides its type.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        """The members of the problem document, without `instance`."""
        status, title = TITLES[self.kind]
        told: dict[str, Any] = {
            "type": _PREFIX + self.kind,
            "title": title,
            "status": status,
            "detail": self.detail,
        }
        if self.errors:
            told["errors"] = [as_json(p) for p in self.errors]
        return told

    def response(self, instance: str) -> Response:
        """The problem as a response; `instance` names this occurrence, such as a request id."""
        status, _ = TITLES[self.kind]
        content = msgspec.json.encode(self.as_json() | {"instance": instance})
        return Response(content, status, headers=self.headers, media_type=MEDIA_TYPE)


def as_json(problem: Problem) -> dict[str, str]:
    """One thing wrong, as callers read it."""
    return {
        "pointer": problem.place,
        "field": problem.field,
        "got": problem.got,
        "detail": problem.why,
        "allowed": problem.allowed,
    }


def refused(problems: Iterable[Problem], what: str = "The request") -> Trouble:
    """All that is wrong with a request, told at once."""
    told = tuple(problems)
    first = told[0].sentence() if told else ""
    more = f" {len(told) - 1} more below." if len(told) > 1 else ""
    return Trouble("input-refused", f"{what} was not scored. {first}{more}", told)


def pointer(*parts: object) -> str:
    """An RFC 6901 pointer."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)


def wrong(place: str, got: object, why: str, allowed: str) -> Problem:
    """A problem with the frame of a request rather than with a field of a lead."""
    return Problem(place.rpartition("/")[2] or "body", shorten(got), why, allowed, None, place)
