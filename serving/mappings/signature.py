"""A signature on what a CRM sends: where it stands, what it covers, and whether it holds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field as Setting
from pydantic import model_validator

from features.fields import Document

_TELLS = re.compile(r"[0-9]{1,15}", re.ASCII)
_ESCAPED = re.compile(rb"%[0-9A-Fa-f]{2}")


class Signature(Document):
    """An HMAC-SHA256 (RFC 2104) in a header.

    Attributes:
        header: where it stands.
        sent_at, unit: the header that says when it was made, since 1970 in UTC, and in what.
        covers: what was signed, one after the other.
        decoded: characters of the address that stand there as such, and not as %XX.
        encoding: of the signature.
        seconds: how old it may be, and how far ahead the sender's clock.
    """

    header: str
    sent_at: str
    unit: Literal["s", "ms"] = "s"
    covers: tuple[Literal["method", "uri", "body", "sent at"], ...]
    decoded: str = ""
    encoding: Literal["base64", "hex"] = "base64"
    seconds: int = Setting(default=300, ge=1, le=3600)

    @model_validator(mode="after")
    def _covers_enough(self) -> Self:
        missing = [part for part in ("body", "sent at") if part not in self.covers]
        if missing:
            raise ValueError(
                f"signature: it must cover {missing[0]!r}; without it, what was signed once could "
                "be sent again with other words or at any time"
            )
        return self


@dataclass(frozen=True)
class Sent:
    """A request as it came.

    Attributes:
        uri: the whole address as the sender knows it, with its query.
        headers: by name, in any case.
    """

    method: str
    uri: str
    body: bytes
    headers: Mapping[str, str]


def fault(signature: Signature, secret: str, sent: Sent, now: np.datetime64) -> str:
    """Why a request is not signed as it must be; "" when it is."""
    told, at = sent.headers.get(signature.header), sent.headers.get(signature.sent_at)
    if told is None or at is None:
        missing = signature.header if told is None else signature.sent_at
        return f"The header {missing} is missing."
    if not _TELLS.fullmatch(at):
        return f"The header {signature.sent_at} is no whole number of {signature.unit}."
    made = np.datetime64(int(at), signature.unit)
    if abs(now - made) > np.timedelta64(signature.seconds, "s"):
        return (
            f"The signature was not made within {signature.seconds} seconds of now, by "
            f"{signature.sent_at}. Send what is new; if it is, set the clocks."
        )
    # Compared in constant time: how much of a guess is right must not be told by how long it takes.
    if not hmac.compare_digest(signed(signature, secret, sent, at).encode(), told.encode()):
        return (
            f"The signature in {signature.header} is not that of this request under the secret "
            "that is set. Is it the right secret, and `public_url` the address that was called?"
        )
    return ""


def signed(signature: Signature, secret: str, sent: Sent, at: str) -> str:
    """The signature of a request made at this time, as it stands in its header."""
    parts = {
        "method": sent.method.encode(),
        "uri": _decoded(sent.uri.encode(), signature.decoded),
        "body": sent.body,
        "sent at": at.encode(),
    }
    digest = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    for part in signature.covers:
        digest.update(parts[part])
    if signature.encoding == "hex":
        return digest.hexdigest()
    return base64.b64encode(digest.digest()).decode()


def _decoded(uri: bytes, characters: str) -> bytes:
    """The address with these characters as such where they stand as %XX (RFC 3986, 2.1)."""
    plain = characters.encode("ascii")

    def one(found: re.Match[bytes]) -> bytes:
        byte = bytes([int(found[0][1:], 16)])
        return byte if byte in plain else found[0]

    return _ESCAPED.sub(one, uri)
