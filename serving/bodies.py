"""From a raw body to JSON values, or a refusal that says what is wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Request

from serving.problems import Trouble


async def json_body(request: Request) -> Any:
    """The request's body as JSON values: objects as dict, no NaN, no half characters.

    Raises:
        Trouble: when it is not sent as JSON, or is none.
    """
    require_json(request)
    return decode(await request.body())


def require_json(request: Request) -> None:
    """Take only a body that is sent as JSON.

    Raises:
        Trouble: when its `Content-Type` says something else, or nothing.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        told = f"got {media!r}" if media else "got none"
        raise Trouble("not-json-type", f"Send the header `Content-Type: application/json`; {told}.")


def decode(body: bytes) -> Any:
    """JSON text as values.

    Raises:
        Trouble: when it is none, or is nested beyond what can be read.
    """
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise Trouble("not-json", "The JSON is nested too deeply to be read.") from error
    except ValueError as error:
        why = "The body is empty." if not body.strip() else f"{error}."
        raise Trouble("not-json", f"{why} Send a JSON object.") from error
