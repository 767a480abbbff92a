"""HubSpot's request signature v3, against what HubSpot published and what OpenSSL computes."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from starlette.datastructures import Headers

from serving.mappings.library import mapping_of
from serving.mappings.signature import Sent, Signature, fault, signed

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
BODY = b"{'example_field':'example_value'}"
AT = "1693657560000"
NOW = np.datetime64(int(AT), "ms").astype("datetime64[us]")
MINUTE = np.timedelta64(60, "s")


@pytest.fixture(scope="module")
def hubspot() -> Signature:
    """As the mapping that ships says it."""
    mapping = mapping_of(None, "hubspot")
    assert mapping is not None
    assert mapping.signature is not None
    return mapping.signature


def sent(told: str | None, at: str | None = AT, **changes: object) -> Sent:
    """The request that HubSpot's client library is tested with."""
    headers = {"X-HUBSPOT-SIGNATURE-V3": told, "x-hubspot-request-timestamp": at}
    whole = {"method": "POST", "uri": "https://www.example.com/webhook_uri", "body": BODY} | changes
    return Sent(**whole, headers=Headers({k: v for k, v in headers.items() if v is not None}))


# hubspot-api-python, tests/spec/utils/test_signature.py.
PUBLISHED = "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="


def test_the_published_example_holds_and_nothing_beside_it(hubspot: Signature):
    assert signed(hubspot, SECRET, sent(None), AT) == PUBLISHED
    assert fault(hubspot, SECRET, sent(PUBLISHED), NOW) == ""
    for other in (
        sent(PUBLISHED, body=BODY + b" "),
        sent(PUBLISHED, method="PUT"),
        sent(PUBLISHED, uri="https://www.example.com/webhook_uri?more=1"),
        sent(PUBLISHED, at=str(int(AT) + 1)),
        sent(PUBLISHED[:-2] + "a="),
        sent("\N{SNOWMAN}".encode().decode("latin-1")),
        sent(""),
    ):
        assert "is not that of this request" in fault(hubspot, SECRET, other, NOW)
    assert "is not that of this request" in fault(hubspot, "z", sent(PUBLISHED), NOW)


def test_characters_of_the_address_are_signed_as_hubspot_decodes_them(hubspot: Signature):
    # printf '%s' "POSThttps://a.example/v1/ingest/hubspot?to=x@y.example&a=(1);b%20c%26d{}$AT" |
    #   openssl dgst -sha256 -hmac "$SECRET" -binary | base64
    computed = "xom4Nxb6Djf8pS8oeFnHM1UN2j3WOnqDZp7UXp3yi84="
    uri = "https://a.example/v1/ingest/hubspot?to=x%40y.example&a=%281%29%3bb%20c%26d"
    assert fault(hubspot, SECRET, sent(computed, uri=uri, body=b"{}"), NOW) == ""


def test_what_is_old_or_of_tomorrow_is_refused_however_well_it_is_signed(hubspot: Signature):
    for later in (-5, 0, 5):
        assert fault(hubspot, SECRET, sent(PUBLISHED), NOW + later * MINUTE) == ""
    for later in (-6, 6, 10**6):
        told = fault(hubspot, SECRET, sent(PUBLISHED), NOW + later * MINUTE)
        assert "not made within 300 seconds" in told


@pytest.mark.parametrize("at", ["", "soon", "-1", "1e12", "9" * 16, "1693657560000 ", "\u0661"])
def test_a_time_that_is_none_is_told(hubspot: Signature, at: str):
    told = fault(
        hubspot, SECRET, Sent("POST", "", b"", {hubspot.header: "x", hubspot.sent_at: at}), NOW
    )
    assert told == f"The header {hubspot.sent_at} is no whole number of ms."


def test_a_header_that_is_missing_is_named(hubspot: Signature):
    assert hubspot.header in fault(hubspot, SECRET, sent(None), NOW)
    assert hubspot.sent_at in fault(hubspot, SECRET, sent(PUBLISHED, at=None), NOW)


def test_other_ways_to_sign_are_a_matter_of_the_file():
    # printf '%s' "1693657560{}" | openssl dgst -sha256 -hmac "$SECRET"
    computed = "e32b3df986ce69dda66b297b1d6dc5b6dfb85dde4b3325d7c4412ade9e332f36"
    other = Signature(
        header="x-sig", sent_at="x-at", covers=("sent at", "body"), encoding="hex", seconds=60
    )
    came = Sent("POST", "", b"{}", {"x-sig": computed, "x-at": "1693657560"})
    assert fault(other, SECRET, came, NOW) == ""
    for covers in (("body",), ("method", "sent at")):
        with pytest.raises(ValidationError, match="must cover"):
            Signature(header="x-sig", sent_at="x-at", covers=covers)
