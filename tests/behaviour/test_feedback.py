"""What teams say about leads: kept with the score, read by the other team, gone with the person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.state import Worker
from tests.support.access import PASSWORD, add_person, token_in, type_password
from tests.support.service import NOW, key_header, make_app, make_worker

HOSTILE = "<script>alert(1)</script> =1+1"


@pytest.fixture(scope="module")
def worker(trained: Workspace) -> Worker:
    return make_worker(trained)


@pytest.fixture(scope="module")
def app(worker: Worker) -> Iterator[TestClient]:
    with TestClient(make_app(worker), follow_redirects=False) as client:
        crm = key_header(worker.database)
        for name, email in (("F1", "ines@calder.example"), ("F2", "kim@other.example")):
            lead = {"lead": {"email": email, "employees": 640}}
            assert client.put(f"/v1/leads/{name}", json=lead, headers=crm).status_code == 201
        yield client


def say(app: TestClient, worker: Worker, lead: str, **told: object) -> dict:
    key = key_header(worker.database, "sales")
    answer = app.post(f"/v1/leads/{lead}/feedback", json=told, headers=key)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_return_is_kept_and_changes_the_leads_stage(app: TestClient, worker: Worker):
    told = say(app, worker, "F1", kind="returned", reason="no_budget", note=HOSTILE)
    assert (told["kind"], told["reason"], told["note"]) == ("returned", "no_budget", HOSTILE)
    assert told["team"] == "sales"
    crm = key_header(worker.database)
    assert app.get("/v1/leads/F1", headers=crm).json()["stage"] == "returned"
    events = app.get("/v1/leads/F1/timeline", headers=crm).json()["events"]
    assert events[0]["stage"] == "returned"
    assert events[0]["reason"] == "no_budget"
    assert app.get("/v1/leads/F1/feedback", headers=crm).json()["feedback"] == [told]


def test_a_return_counts_though_an_outcome_was_told_for_the_same_instant(
    app: TestClient, worker: Worker
):
    crm = key_header(worker.database)
    accepted = {"lead_id": "F2", "at": f"{NOW}Z", "stage": "accepted", "event_id": "zz"}
    assert app.post("/v1/outcomes", json=accepted, headers=crm).status_code == 200
    say(app, worker, "F2", kind="returned", reason="no_need")
    assert app.get("/v1/leads/F2", headers=crm).json()["stage"] == "returned"


def test_a_dispute_names_a_line_of_the_score(app: TestClient, worker: Worker):
    crm = key_header(worker.database)
    lines = [r["key"] for r in app.get("/v1/leads/F1/explanation", headers=crm).json()["reasons"]]
    line = next(k for k in lines if k.startswith("criterion:"))
    told = say(app, worker, "F1", kind="disputed", reason="wrong_data", line=line)
    found = app.get("/v1/feedback", params={"line": line}, headers=crm).json()["feedback"]
    assert found == [told]
    key = key_header(worker.database, "sales")
    body = {"kind": "disputed", "reason": "other", "line": "criterion:none"}
    refused = app.post("/v1/leads/F1/feedback", json=body, headers=key)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/line"


def test_pages_of_feedback_follow_each_other(app: TestClient, worker: Worker):
    crm = key_header(worker.database)
    every = app.get("/v1/feedback", headers=crm).json()["feedback"]
    found, cursor = [], None
    while True:
        told = app.get("/v1/feedback", params={"limit": 1, "cursor": cursor}, headers=crm)
        page = told.json() if cursor else app.get("/v1/feedback?limit=1", headers=crm).json()
        found += page["feedback"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == every
    assert len(every) >= 3


def test_a_crm_key_says_nothing_for_a_team(app: TestClient, worker: Worker):
    crm = key_header(worker.database)
    body = {"kind": "returned", "reason": "other"}
    assert app.post("/v1/leads/F1/feedback", json=body, headers=crm).status_code == 403


def test_a_rep_returns_a_lead_by_the_form_and_reads_it_there(app: TestClient, worker: Worker):
    add_person(worker.database, "tom@halden.example", "sales", "Tom Okafor", NOW)
    rep = TestClient(app.app, follow_redirects=False)
    assert type_password(rep, "tom@halden.example", PASSWORD).status_code == 303
    page = rep.get("/leads/F1").text
    typed = {"kind": "reported", "reason": "too_early", "line": "", "note": HOSTILE}
    refused = rep.post("/leads/F1", data=typed)
    assert refused.status_code == 403
    done = rep.post("/leads/F1", data=typed | {"form_token": token_in(page)})
    assert (done.status_code, done.headers["location"]) == (303, "/leads/F1#said")
    page = rep.get("/leads/F1").text
    assert "too early" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_what_was_said_is_told_to_the_person_and_goes_with_them(app: TestClient, worker: Worker):
    admin = key_header(worker.database, "admin")
    body = {"email": "ines@calder.example"}
    told = app.post("/v1/privacy/export", json=body, headers=admin).json()
    assert HOSTILE in [f["note"] for f in told["leads"][0]["feedback"]]
    done = app.post("/v1/privacy/erase", json=body, headers=admin)
    assert done.status_code == 200, done.text
    assert done.json()["removed"]["feedback"] >= 3
    crm = key_header(worker.database)
    left = app.get("/v1/feedback", headers=crm).json()["feedback"]
    assert {f["lead_id"] for f in left} == {"F2"}
