"""Where the CRM's secret is set, only what the CRM signed is taken, with a key or without."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.configuration import SettingsRefused, configured
from serving.settings import Settings
from serving.state import Worker
from serving.storage.access_tables import audit
from tests.support.service import NOW, make_client, make_worker

SECRET = "4f2c6a52-0d3e-4b41-9f6e-6f1f2f1f7a11"
PUBLIC = "http://127.0.0.1:8000"
BODY = json.dumps(
    [
        {
            "subscriptionType": "contact.propertyChange",
            "objectId": 42,
            "occurredAt": 1_785_542_400_000,
            "propertyName": "jobtitle",
            "propertyValue": "Head of Operations",
        }
    ]
).encode()


@pytest.fixture
def worker(trained: Workspace) -> Worker:
    told = f"hubspot = {SECRET}, odoo=unused"
    return make_worker(trained, ingest_secrets=told)


@pytest.fixture
def crm(worker: Worker) -> Iterator[TestClient]:
    with make_client(worker) as found:
        yield found


def signed(body: bytes = BODY, path: str = "/v1/ingest/hubspot", late: int = 0) -> dict[str, str]:
    """Headers as HubSpot's documentation says they are made; `late` is in seconds."""
    at = str(NOW.astype("datetime64[ms]").astype(np.int64) - late * 1000)
    text = f"POST{PUBLIC}{path}".encode() + body + at.encode()
    made = hmac.new(SECRET.encode(), text, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-hubspot-signature-v3": base64.b64encode(made).decode(),
        "x-hubspot-request-timestamp": at,
    }


def refused(crm: TestClient, body: bytes, headers: dict[str, str], path: str = "") -> str:
    """Why it is refused; nothing of it is there then."""
    answer = crm.post(path or "/v1/ingest/hubspot", content=body, headers=headers)
    assert answer.status_code == 403, answer.text
    assert answer.json()["type"] == "urn:leadpact:problem:forbidden"
    assert crm.get("/v1/leads/hubspot-42").status_code == 404
    assert SECRET not in answer.text
    return str(answer.json()["detail"])


def test_what_hubspot_signed_is_taken_with_and_without_a_query(crm: TestClient):
    path = "/v1/ingest/hubspot?from=portal@62"
    for asked in ("/v1/ingest/hubspot?from=portal%4062", "/v1/ingest/hubspot?from=portal@62"):
        answer = crm.post(asked, content=BODY, headers=signed(path=path))
        assert answer.status_code == 200, answer.text
    assert crm.post("/v1/ingest/hubspot", content=BODY, headers=signed()).status_code == 200
    assert crm.get("/v1/leads/hubspot-42").status_code == 200


def test_what_is_not_signed_changed_or_old_is_refused(crm: TestClient):
    bare = {"content-type": "application/json"}
    assert "X-HubSpot-Signature-v3 is missing" in refused(crm, BODY, bare)
    assert "is not that of this request" in refused(crm, BODY.replace(b"Head", b"Tail"), signed())
    assert "is not that of this request" in refused(
        crm, BODY, signed(), "/v1/ingest/hubspot?more=1"
    )
    assert "within 300 seconds" in refused(crm, BODY, signed(late=301))
    assert "within 300 seconds" in refused(crm, BODY, signed(late=-301))
    # Also what is no JSON: who did not sign learns nothing of how it is read.
    assert "is not that of this request" in refused(crm, b"{", signed())


@pytest.fixture
def nobody(worker: Worker) -> Iterator[TestClient]:
    """Whoever calls without a key."""
    with make_client(worker, None) as found:
        yield found


def test_what_hubspot_signed_needs_no_key(crm: TestClient, nobody: TestClient):
    answer = nobody.post("/v1/ingest/hubspot", content=BODY, headers=signed())
    assert answer.status_code == 200, answer.text
    assert [r["status"] for r in answer.json()["results"]] == ["stored"]
    assert "ratelimit" in answer.headers
    assert crm.get("/v1/leads/hubspot-42").status_code == 200
    # It opens nothing else.
    for path in ("/v1/leads/hubspot-42", "/v1/ingest/hubspot"):
        assert nobody.get(path, headers=signed()).status_code in (401, 405)
    assert nobody.put("/v1/leads/x", content=BODY, headers=signed()).status_code == 401


def test_who_has_neither_key_nor_a_signature_that_holds_is_refused_and_stores_nothing(
    crm: TestClient, nobody: TestClient
):
    bare = {"content-type": "application/json"}
    tries = [
        ("/v1/ingest/hubspot", BODY, bare),
        ("/v1/ingest/hubspot", BODY.replace(b"Head", b"Tail"), signed()),
        ("/v1/ingest/hubspot", BODY, signed(late=301)),
        ("/v1/ingest/hubspot", BODY, signed() | {"authorization": ""}),
        # Those that do not sign, whose secret is not set, and that nobody knows.
        ("/v1/ingest/odoo", BODY, signed(path="/v1/ingest/odoo")),
        ("/v1/ingest/dynamics", BODY, signed(path="/v1/ingest/dynamics")),
        ("/v1/ingest/nobody", BODY, signed(path="/v1/ingest/nobody")),
    ]
    for path, body, headers in tries:
        answer = nobody.post(path, content=body, headers=headers)
        assert (answer.status_code, path) == (401, path)
        assert SECRET not in answer.text
    assert crm.get("/v1/leads/hubspot-42").status_code == 404


def test_a_person_whom_a_signed_request_lets_be_forgotten_is_erased_by_the_crm(
    crm: TestClient, nobody: TestClient, worker: Worker
):
    assert crm.post("/v1/ingest/hubspot", content=BODY, headers=signed()).status_code == 200
    [told] = json.loads(BODY)
    told = told | {"subscriptionType": "contact.privacyDeletion"}
    body = json.dumps([{k: told[k] for k in ("subscriptionType", "objectId", "occurredAt")}])
    answer = nobody.post("/v1/ingest/hubspot", content=body.encode(), headers=signed(body.encode()))
    assert answer.status_code == 200, answer.text
    assert crm.get("/v1/leads/hubspot-42").status_code == 404
    with worker.database.reading() as connection:
        actors = connection.execute(select(audit.c.actor)).scalars().all()
    assert "crm hubspot" in actors


def test_a_secret_for_a_mapping_that_does_not_say_how_it_signs_lets_nothing_in(crm: TestClient):
    answer = crm.post("/v1/ingest/odoo", json={})
    assert answer.status_code == 503
    assert "does not say under `signature`" in answer.json()["detail"]
    assert crm.post("/v1/ingest/salesforce", json={}).status_code == 200


@pytest.mark.parametrize("told", ["hubspot", "hubspot=", "=x", f"hubspot={SECRET},"])
def test_secrets_that_are_no_pairs_are_refused_and_not_shown(tmp_path: Path, told: str):
    with pytest.raises(SettingsRefused, match="a value that is not shown") as error:
        configured(Settings, tmp_path, ingest_secrets=told)
    assert SECRET not in str(error.value)
