"""What a person may ask for: to be told, to be erased, not to be scored, not to teach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.privacy.register import ERASED, KEPT
from serving.state import Worker
from serving.storage.audit import verify
from serving.storage.schema import metadata
from tests.support.access import Clock
from tests.support.persons import dump
from tests.support.service import key_header, make_client, make_worker

EMAIL = "ines.duarte@calder-voss.example"
LEAD = {"email": EMAIL, "job_title": "Head of Tidal Works", "employees": 640, "source": "webinar"}


class Office:
    """A service with a CRM's key and an admin's."""

    def __init__(self, worker: Worker, crm: TestClient, clock: Clock) -> None:
        self.worker, self.crm, self.clock = worker, crm, clock
        self.admin = key_header(worker.database, "admin")

    def put(self, lead_id: str, lead: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.crm.put(f"/v1/leads/{lead_id}", json={"lead": lead or LEAD, **more})

    def did(self, lead_id: str, event_id: str, **more: Any) -> Any:
        event = {"lead_id": lead_id, "event_id": event_id, "occurred_at": "2026-08-30T09:00:00Z"}
        kind = {"channel": "web", "kind": "pricing_page"}
        return self.crm.post("/v1/activities", json=event | kind | more)

    def ended(self, lead_id: str, event_id: str) -> Any:
        event = {"lead_id": lead_id, "event_id": event_id, "at": "2026-08-31", "stage": "accepted"}
        return self.crm.post("/v1/outcomes", json=event)

    def ask(self, what: str, email: str = EMAIL) -> Any:
        return self.crm.post(f"/v1/privacy/{what}", json={"email": email}, headers=self.admin)

    def consent(self, lead_id: str, scoring: bool, training: bool = False) -> Any:
        body = {"scoring": scoring, "training": training}
        return self.crm.put(f"/v1/leads/{lead_id}/consent", json=body)

    def audit(self) -> list[dict[str, Any]]:
        return self.crm.get("/v1/audit", headers=self.admin).json()["entries"]


@pytest.fixture
def office(trained: Workspace) -> Iterator[Office]:
    clock = Clock()
    worker = replace(make_worker(trained), clock=clock)
    with make_client(worker) as crm:
        yield Office(worker, crm, clock)


def test_a_person_is_told_everything_that_is_kept_of_them(office: Office):
    office.put("L1", LEAD | {"employees": 3})
    office.put("L1", LEAD, owner="tom")
    office.put("L2", {"email": "Someone.Else@calder-voss.example"})
    office.put("L3", {"email": "  INES.DUARTE@Calder-Voss.example"})
    office.did("L1", "a1")
    office.did("nobody", f"open-{EMAIL}-7")
    office.ended("L1", "o1")
    told = office.ask("export", "Ines.Duarte@CALDER-VOSS.example").json()
    assert [lead["id"] for lead in told["leads"]] == ["L1", "L3"]
    first = told["leads"][0]
    assert [v["fields"]["employees"] for v in first["history"]] == [3, 640]
    assert [a["event_id"] for a in first["activities"]] == ["a1"]
    assert [o["stage"] for o in first["outcomes"]] == ["accepted"]
    assert [s["cause"] for s in first["scores"]] == ["lead written", "lead written", "activity"]
    assert first["scores"][0]["answer"]["reasons"]
    assert first["owner"] == "tom"
    assert [a["lead_id"] for a in told["activities_elsewhere"]] == ["nobody"]
    noted = office.audit()[0]
    assert noted["action"] == "person exported"
    assert noted["details"]["leads"] == 2
    assert "ines" not in json.dumps(noted).lower()


def test_of_a_stranger_there_is_nothing_to_tell(office: Office):
    told = office.ask("export", "stranger@nowhere.example").json()
    assert told["leads"] == told["activities_elsewhere"] == told["kept_answers"] == []


@pytest.mark.parametrize(
    "email", ["", "ines", "a b@c.example", "a@b@c.example", "x" * 300, 7, None]
)
def test_what_is_no_address_is_refused(office: Office, email: object):
    for what in ("export", "erase"):
        answer = office.ask(what, email)  # type: ignore[arg-type]
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_only_who_looks_after_privacy_may_ask(office: Office):
    for what in ("export", "erase"):
        answer = office.crm.post(f"/v1/privacy/{what}", json={"email": EMAIL})
        assert answer.status_code == 403


def test_an_erased_person_leaves_nothing_in_any_table(office: Office):
    marks = [
        "Tidal Works",
        "ines",
        "calder-voss",
        "secret wish",
        "lead-4711",
        "event-08",
        "o-0816",
        "plays the accordion",
    ]
    keyed = {"idempotency-key": "k-1"}
    body = {"lead": LEAD | {"wants": "secret wish", "account_id": "acc"}}
    office.crm.put("/v1/leads/lead-4711", json=body, headers=keyed)
    office.put("L2", {"account_id": "acc", "employees": 30})
    office.did("lead-4711", "event-08")
    office.ended("lead-4711", "o-0816")
    office.crm.delete("/v1/leads/lead-4711-x", headers={"idempotency-key": "k-2"})
    said = {"kind": "reported", "reason": "other", "note": "plays the accordion"}
    sales = key_header(office.worker.database, "sales") | {"idempotency-key": "k-3"}
    told = office.crm.post("/v1/leads/lead-4711/feedback", json=said, headers=sales)
    assert told.status_code == 201
    before = office.crm.get("/v1/leads/L2").json()["score"]
    held = dump(office.worker.database)
    assert all(mark in held for mark in marks[3:])
    answer = office.ask("erase")
    assert answer.status_code == 200, answer.text
    assert answer.json()["removed"] == {
        "leads": 1,
        "versions": 1,
        "activities": 1,
        "outcomes": 1,
        "scores": 3,
        "feedback": 1,
        "answers": 2,
        "copied_rows": 0,
        "copies_gone": 0,
    }
    held = dump(office.worker.database)
    assert [mark for mark in marks if mark in held] == []
    after = office.crm.get("/v1/leads/L2").json()["score"]
    alone = office.crm.post("/v1/score", json={"lead": {"employees": 30}}).json()
    assert after["score_exact"] == alone["score_exact"] != before["score_exact"]
    assert after["cause"] == "account changed"
    noted = office.audit()[0]
    assert (noted["action"], noted["subject"]) == ("person erased", "")
    assert noted["details"]["scores"] == 3
    with office.worker.database.reading() as connection:
        assert verify(connection).faults == ()
    assert office.ask("export").json()["leads"] == []


def test_sqlites_file_and_log_hold_no_byte_of_an_erased_person(office: Office):
    office.put("L1", LEAD | {"wants": "a very secret wish of mine"})
    path = Path(office.worker.database.engine.url.database or "")
    files = [path, path.with_name(path.name + "-wal")]

    def holds(mark: bytes) -> bool:
        return any(mark in f.read_bytes() for f in files if f.exists())

    assert holds(b"a very secret wish")
    office.ask("erase")
    assert not holds(b"a very secret wish")
    assert not holds(b"Tidal Works")


def test_what_comes_late_of_an_erased_person_is_told_and_not_kept(office: Office):
    office.put("L1")
    office.ask("erase")
    late = [office.put("L1", {"employees": 5}), office.put("L9"), office.did("L1", "too-late")]
    office.put("L2", {"employees": 5})
    late.append(office.crm.patch("/v1/leads/L2", json={"lead": {"email": EMAIL.upper()}}))
    late.append(office.did("L2", f"opened-by-{EMAIL}"))
    late.append(office.ended("L1", "too-late-o"))
    for answer in late:
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"] == "urn:leadpact:problem:person-erased"
        assert "consent_given_at" in answer.json()["detail"]
    listed = {"activities": [_visit("L1"), _visit("L2")]}
    told = office.crm.post("/v1/activities", json=listed).json()["results"]
    assert [r["status"] for r in told] == ["refused", "stored"]
    assert "erased" in told[0]["errors"][0]["detail"]
    assert office.crm.get("/v1/leads/L1").status_code == 404
    assert "too-late" not in dump(office.worker.database)


def _visit(lead_id: str) -> dict[str, Any]:
    return {"lead_id": lead_id, "occurred_at": "2026-08-30T09:00:00Z", "kind": "visit"}


def test_whoever_agrees_anew_comes_back_and_nobody_else_does(office: Office):
    office.put("L1")
    office.ask("erase")
    before, after = "2026-09-01T11:59:59Z", "2026-09-01T12:00:00.000001Z"
    to_come = "2027-01-01T00:00:00Z"
    for instant in (before, "2026-09-01T12:00:00Z", to_come):
        assert office.put("L1", consent_given_at=instant).status_code == 409, instant
    bad = office.put("L1", consent_given_at="yesterday")
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/consent_given_at")
    office.clock.wait(60)
    answer = office.put("L1", consent_given_at=after)
    assert answer.status_code == 201, answer.text
    assert office.did("L1", "a-new").status_code == 200
    assert office.put("L7").status_code == 201


def test_an_erased_person_is_refused_for_the_stated_time_and_not_longer(office: Office):
    office.put("L1")
    until = office.ask("erase").json()["refused_until"]
    assert until == "2027-09-01T12:00:00.000000Z"
    office.clock.wait(365 * 86_400 - 1)
    assert office.put("L1").status_code == 409
    office.clock.wait(1)
    assert office.put("L1").status_code == 201


def test_a_person_is_found_by_an_address_that_a_lead_no_longer_carries(office: Office):
    office.put("L1")
    office.put("L1", {"email": "new@elsewhere.example"})
    office.crm.patch("/v1/leads/L1", json={"lead": {"employees": 9}})
    for email in (EMAIL, "new@elsewhere.example"):
        assert [x["id"] for x in office.ask("export", email).json()["leads"]] == ["L1"]
    office.ask("erase")
    assert office.crm.get("/v1/leads/L1").status_code == 404


def test_an_address_inside_a_text_is_not_kept_and_an_id_that_is_one_is_found(office: Office):
    office.put("L1", {"wants": f"please write to {EMAIL}, not to sales"})
    office.did("L1", "a1", kind=f"mail to {EMAIL}")
    said = {"kind": "reported", "reason": "other", "note": f"ask {EMAIL}"}
    sales = key_header(office.worker.database, "sales")
    assert office.crm.post("/v1/leads/L1/feedback", json=said, headers=sales).status_code == 201
    assert "ines" not in dump(office.worker.database)
    fields = office.crm.get("/v1/leads/L1").json()["fields"]
    assert (
        fields["wants"]
        == "please write to \N{HORIZONTAL ELLIPSIS}@calder-voss.example, not to sales"
    )
    office.put("Ines.Duarte@calder-voss.example", {"employees": 7})
    told = office.ask("erase").json()["removed"]
    assert told["leads"] == 1
    assert "ines" not in dump(office.worker.database).lower()


@pytest.mark.parametrize(
    "email", ["x@gmail.com", "x@uni.example", "x y@gmail.com", "@gmail.com", "none", "X@GMX.de "]
)
def test_a_stored_lead_scores_as_its_whole_address_would(office: Office, email: str):
    stored = office.put("L1", {"email": email}).json()["score"]
    alone = office.crm.post("/v1/score", json={"lead": {"email": email}}).json()
    assert stored["score_exact"] == alone["score_exact"]


def test_who_does_not_want_to_be_scored_is_not_and_every_answer_says_so(office: Office):
    office.put("L1", LEAD | {"account_id": "acc"})
    office.put("L2", {"account_id": "acc", "employees": 30})
    office.did("L1", "a1")
    answer = office.consent("L1", scoring=False)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["score"], told["not_scored"]) == (None, "opted-out")
    assert told["consent"] == {"scoring": False, "training": False}
    assert office.crm.get("/v1/leads/L1").json() == told
    assert office.crm.get("/v1/leads/L1").headers["etag"] == answer.headers["etag"]
    why = office.crm.get("/v1/leads/L1/explanation").json()
    assert why["not_scored"] == "opted-out"
    for question in ("what-if", "counterfactual"):
        asked = office.crm.post(f"/v1/{question}", json={"lead_id": "L1"})
        assert (asked.status_code, asked.json()["type"][-9:]) == (409, "opted-out")
    page = {x["id"]: x for x in office.crm.get("/v1/leads").json()["leads"]}
    assert (page["L1"]["score"], page["L1"]["grade"]) == (None, None)
    assert [x["id"] for x in office.crm.get("/v1/leads?min_score=0").json()["leads"]] == ["L2"]
    account = office.crm.get("/v1/accounts/acc").json()
    assert account["best_lead"] == "L2"
    # What was decided before stays told; nothing new is added to it.
    assert len(office.crm.get("/v1/leads/L1/scores").json()["scores"]) == 3
    # Neither a write nor an event nor a colleague's brings a score back.
    assert office.put("L1", LEAD | {"account_id": "acc", "employees": 2}).json()["score"] is None
    assert office.did("L1", "a2").json()["scores"] == {}
    office.did("L2", "a3")
    office.ended("L1", "o1")
    told = office.crm.get("/v1/leads/L1").json()
    assert (told["not_scored"], told["stage"]) == ("opted-out", "accepted")
    office.consent("L2", scoring=False)
    account = office.crm.get("/v1/accounts/acc").json()
    assert (account["score"], account["best_lead"], account["likelihood_any"]) == (None, None, None)


def test_what_an_opted_out_lead_did_counts_for_no_colleague(office: Office):
    office.put("L1", LEAD | {"account_id": "acc"})
    office.did("L1", "a1")
    office.put("L2", {"account_id": "acc", "employees": 30})
    with_both = office.crm.get("/v1/leads/L2").json()["score"]["score_exact"]
    alone = office.crm.post("/v1/score", json={"lead": {"employees": 30}}).json()["score_exact"]
    assert with_both != alone
    office.consent("L1", scoring=False)
    assert office.crm.get("/v1/leads/L2").json()["score"]["score_exact"] == alone
    office.consent("L1", scoring=True)
    assert office.crm.get("/v1/leads/L2").json()["score"]["score_exact"] == with_both


def test_a_no_is_the_persons_and_not_one_leads(office: Office):
    office.put("L1")
    office.put("L2")
    office.put("L3", {"email": "other@calder-voss.example"})
    office.consent("L1", scoring=False)
    assert office.crm.get("/v1/leads/L2").json()["not_scored"] == "opted-out"
    assert office.crm.get("/v1/leads/L3").json()["not_scored"] is None
    assert office.put("L4").json()["score"] is None
    answer = office.consent("L4", scoring=True, training=True)
    assert answer.json()["score"]["cause"] == "consent"
    for lead_id in ("L1", "L2", "L4"):
        told = office.crm.get(f"/v1/leads/{lead_id}").json()
        assert told["consent"] == {"scoring": True, "training": True}
        assert told["score"]["score_exact"] == answer.json()["score"]["score_exact"]


def test_consent_needs_a_lead_and_plain_words(office: Office):
    assert office.consent("none", scoring=False).status_code == 404
    office.put("L1")
    for body in ({}, {"scoring": False}, {"scoring": "no", "training": False}, [], {"x": 1}):
        answer = office.crm.put("/v1/leads/L1/consent", json=body)
        assert answer.status_code == 422, body
    told = [e for e in office.audit() if e["action"] == "consent told"]
    assert told == []
    office.consent("L1", scoring=True, training=False)
    noted = office.audit()[0]
    assert noted["details"] == {"leads": 1, "scoring": True, "training": False}
    assert noted["subject"] == ""


def test_every_table_is_entered_in_the_register_of_what_it_holds():
    assert set(metadata.tables) == ERASED.keys() | KEPT.keys()
    assert not ERASED.keys() & KEPT.keys()
