"""A CRM posts its own payloads: what is stored, what is told of the rest, and who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.access.keys import make_key
from serving.client import LeadpactClient, NotFound
from tests.support.service import NOW, key_header, make_client, make_worker

PAYLOADS = Path(__file__).parents[1] / "mappings_payloads"


@pytest.fixture
def crm(trained: Workspace) -> Iterator[TestClient]:
    """A service with an empty store of its own, whose clock stands on 1 September 2026."""
    with make_client(make_worker(trained)) as found:
        yield found


def post(crm: TestClient, mapping: str, payload: Any, **headers: str) -> dict[str, Any]:
    answer = crm.post(f"/v1/ingest/{mapping}", json=payload, headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def lead_of(crm: TestClient, lead_id: str) -> dict[str, Any]:
    answer = crm.get(f"/v1/leads/{lead_id}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def statuses(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(r["what"], r["status"]) for r in told["results"]]


def contact(key: str = "42", day: int = 20, **properties: Any) -> dict[str, Any]:
    at = f"2026-08-{day:02d}T09:00:00Z"
    return {
        "id": key,
        "createdAt": "2026-08-01T08:00:00Z",
        "updatedAt": at,
        "properties": properties,
    }


def change(name: str, value: Any, day: int = 21, key: int = 42, **more: Any) -> dict[str, Any]:
    at = 1_785_542_400_000 + (day - 1) * 86_400_000  # 1 August 2026, in milliseconds
    told = {"subscriptionType": "contact.propertyChange", "objectId": key, "occurredAt": at}
    return told | {"propertyName": name, "propertyValue": value} | more


def merged(key: int, into: int) -> dict[str, Any]:
    told = change("", "", key=into, subscriptionType="contact.merge")
    return told | {"primaryObjectId": into, "mergedObjectIds": [key], "newObjectId": into}


INES = {
    "email": "ines.duarte@calder-voss.example",
    "jobtitle": "Head of Operations",
    "country": "Germany",
    "numemployees": "500-1000",
    "hs_analytics_source": "REFERRALS",
}


def test_a_contact_becomes_a_lead_with_a_score(crm: TestClient):
    told = post(crm, "hubspot", {"contacts": {"results": [contact(**INES)]}})
    assert statuses(told) == [("lead", "stored")]
    lead = lead_of(crm, "hubspot-42")
    assert lead["fields"]["employees"] == 500.0
    assert lead["fields"]["source"] == "referral"
    assert lead["fields"]["email"].endswith("@calder-voss.example")
    assert "ines" not in json.dumps(lead)
    assert told["scores"]["hubspot-42"]["score"] == lead["score"]["score"]
    same = crm.post("/v1/score", json={"lead": lead["fields"] | {"lead_id": "x"}}).json()
    assert same["score_exact"] == lead["score"]["score_exact"]


def state(at: str, told: str) -> dict[str, Any]:
    """A change of an opportunity's state in Tryton, as the connector hands it on."""
    return {"id": f"7-{at}", "opportunity": 7, "at": f"2026-08-{at}T09:00:00Z", "state": told}


def test_a_cancelled_opportunity_is_closed_and_one_that_is_opened_again_is_open(crm: TestClient):
    """Tryton: taken up and cancelled; then lost, and a lead again; in any order of deliveries."""
    entry = {"start_date": "2026-08-01", "amount": "900"}
    lead = {"id": 7, "told_at": "2026-08-02T09:00:00Z", "entry": entry}
    post(crm, "tryton", {"sale.opportunity": [lead]})
    worklist = {"accept": "text/html"} | key_header(crm.app.state.desk.now.database, "sales")  # type: ignore[attr-defined]
    way = [("03", "opportunity", "accepted"), ("04", "cancelled", "excluded")]
    way += [("05", "lead", "reopened"), ("06", "lost", "lost"), ("07", "opportunity", "accepted")]
    for at, told, stage in way:
        post(crm, "tryton", {"sale.opportunity.change": [state(at, told)]})
        assert lead_of(crm, "tryton-7")["stage"] == stage
        listed = "tryton-7" in crm.get("/leads", headers=worklist).text
        assert listed == (stage not in ("excluded", "lost"))
    late = post(crm, "tryton", {"sale.opportunity.change": [state("02", "cancelled")]})
    assert statuses(late) == [("outcome", "stored")]
    assert lead_of(crm, "tryton-7")["stage"] == "accepted"


def test_the_same_again_changes_nothing_and_is_said_to_be_known(crm: TestClient):
    won = {"lifecyclestage": "customer", "hs_lifecyclestage_customer_date": "2026-08-19T10:00:00Z"}
    payload = {"contacts": [contact(**INES, **won)]}
    first, again = post(crm, "hubspot", payload), post(crm, "hubspot", payload)
    assert statuses(first) == [("lead", "stored"), ("outcome", "stored")]
    assert statuses(again) == [("lead", "duplicate"), ("outcome", "duplicate")]
    assert again["scores"] == {}
    lead = lead_of(crm, "hubspot-42")
    assert (lead["version"], lead["stage"]) == (1, "won")


def test_changes_that_come_late_do_not_undo_newer_ones(crm: TestClient):
    post(crm, "hubspot", [change("jobtitle", "CEO", day=25)])
    post(crm, "hubspot", {"contacts": [contact(**INES)]})
    post(crm, "hubspot", [change("country", "France", day=10), change("jobtitle", "Clerk", day=24)])
    fields = lead_of(crm, "hubspot-42")["fields"]
    assert (fields["job_title"], fields["country"]) == ("CEO", "Germany")
    # Where a contact came from is what was told first.
    post(crm, "hubspot", [change("hs_analytics_source", "OFFLINE", day=28)])
    assert lead_of(crm, "hubspot-42")["fields"]["source"] == "referral"


def test_what_is_known_of_an_account_is_known_of_its_leads_whichever_came_first(crm: TestClient):
    company = {
        "id": "900",
        "updatedAt": "2026-08-02T08:00:00Z",
        "properties": {"numberofemployees": "640"},
    }
    post(crm, "hubspot", {"contacts": [contact("1", **INES, associatedcompanyid="900")]})
    told = post(crm, "hubspot", {"companies": [company]})
    assert statuses(told) == [("account", "stored")]
    post(crm, "hubspot", {"contacts": [contact("2", **INES, associatedcompanyid="900")]})
    one, two = (lead_of(crm, f"hubspot-{k}") for k in (1, 2))
    assert one["fields"]["employees"] == two["fields"]["employees"] == 640.0
    assert one["score"]["score_exact"] == two["score"]["score_exact"]
    assert one["account_id"] == "hubspot-company-900"
    # In another account it is what it says of itself.
    post(crm, "hubspot", [change("associatedcompanyid", "901", day=28, key=1)])
    assert lead_of(crm, "hubspot-1")["fields"]["employees"] == 500.0


def test_fields_that_nobody_declared_are_counted_and_bad_values_lose_no_other(crm: TestClient):
    own = {
        "contacts": [contact("7", **INES | {"numemployees": "many", "hs_analytics_source": "TV"})]
    }
    told = post(crm, "hubspot", own)
    [result] = told["results"]
    assert result["status"] == "stored"
    assert [e["pointer"] for e in result["errors"]] == ["/contacts/0/properties/numemployees"]
    assert told["unmapped"] == [
        {"record": "contact", "field": "source", "value": "TV", "times": 1}
    ]  # fmt: skip
    assert lead_of(crm, "hubspot-7")["fields"]["job_title"] == "Head of Operations"


def test_a_mapping_of_the_workspace_may_tell_what_no_field_reads(
    trained: Workspace, tmp_path: Path
):
    copied = tmp_path / "own"
    (copied / "mappings").mkdir(parents=True)
    (copied / ".leadpact").symlink_to(trained.home)
    for name in ("fields.yaml", "rulebook.yaml"):
        (copied / name).write_text((trained.folder / name).read_text())
    text = (Path(__file__).parents[2] / "serving/mappings/odoo.yaml").read_text()
    text = text.replace("job_title: /function", "job_title: /function\n      shoe_size: /x_shoe")
    (copied / "mappings" / "odoo.yaml").write_text(text)
    with make_client(make_worker(Workspace(copied))) as crm:
        lead = {"id": 7, "write_date": "2026-08-20 09:00:00", "stage_id": [1, "New"], "x_shoe": 44}
        told = post(crm, "odoo", [lead | {"function": "CEO"}])
        assert told["not_read"] == {"shoe_size": 1}
        assert statuses(told) == [("lead", "stored")]
        assert statuses(post(crm, "odoo", [lead | {"id": 8}])) == [("lead", "ignored")]
        (copied / "mappings" / "odoo.yaml").write_text("schema: nonsense")
        refused = crm.post("/v1/ingest/odoo", json=[lead])
        assert refused.status_code == 503
        assert "cannot be used" in refused.json()["detail"]


def test_a_merged_contact_goes_into_the_other_with_what_it_did(crm: TestClient):
    call = {
        "id": "5", "updatedAt": "2026-08-12T11:20:00Z",
        "properties": {"hs_call_status": "COMPLETED", "hs_timestamp": "2026-08-12T11:00:00Z"},
        "associations": {"contacts": {"results": [{"id": "41"}]}},
    }  # fmt: skip
    post(
        crm,
        "hubspot",
        {"contacts": [contact("41", **INES), contact("42", **INES)], "calls": [call]},
    )
    before = lead_of(crm, "hubspot-42")["score"]["score_exact"]
    merge = merged(41, into=42)
    assert statuses(post(crm, "hubspot", [merge])) == [("merge", "stored")]
    assert statuses(post(crm, "hubspot", [merge])) == [("merge", "duplicate")]
    assert crm.get("/v1/leads/hubspot-41").status_code == 404
    told = crm.get("/v1/leads/hubspot-42/timeline").json()["events"]
    assert [e["kind"] for e in told] == ["call_connected"]
    assert lead_of(crm, "hubspot-42")["score"]["score_exact"] != before
    late = post(crm, "hubspot", {"contacts": [contact("41", 25, jobtitle="CEO")], "calls": [call]})
    assert statuses(late) == [("lead", "ignored"), ("activity", "duplicate")]
    assert crm.get("/v1/leads/hubspot-41").status_code == 404


def test_a_deal_counts_for_its_contact_also_when_that_is_told_later(crm: TestClient):
    post(crm, "hubspot", {"contacts": [contact(**INES)]})
    deal = change("dealstage", "closedwon", subscriptionType="deal.propertyChange", key=700)
    assert statuses(post(crm, "hubspot", [deal])) == [("outcome", "stored")]
    assert lead_of(crm, "hubspot-42")["stage"] == "new"
    link = change("", "", subscriptionType="deal.associationChange", objectId=None)
    link |= {"associationType": "DEAL_TO_CONTACT", "fromObjectId": 700, "toObjectId": 42}
    told = post(crm, "hubspot", [link])
    assert statuses(told) == [("link", "stored")]
    assert lead_of(crm, "hubspot-42")["stage"] == "won"
    other = post(crm, "hubspot", [link | {"toObjectId": 43}])
    assert statuses(other) == [("link", "conflict")]


def test_a_removed_lead_stays_removed_until_something_newer_is_told(crm: TestClient):
    post(crm, "hubspot", {"contacts": [contact(**INES)]})
    gone = change("", "", day=22, subscriptionType="contact.deletion")
    assert statuses(post(crm, "hubspot", [gone])) == [("removal", "stored")]
    assert statuses(post(crm, "hubspot", [gone])) == [("removal", "duplicate")]
    late = post(crm, "hubspot", {"contacts": [contact(**INES)]})
    assert statuses(late) == [("lead", "ignored")]
    assert "removed after that" in late["results"][0]["reason"]
    assert crm.get("/v1/leads/hubspot-42").status_code == 404
    post(crm, "hubspot", {"contacts": [contact(day=30, jobtitle="CEO")]})
    assert lead_of(crm, "hubspot-42")["fields"]["job_title"] == "CEO"
    assert "email" not in lead_of(crm, "hubspot-42")["fields"]


def test_a_person_who_asked_the_crm_to_be_forgotten_does_not_come_back(crm: TestClient):
    post(crm, "hubspot", {"contacts": [contact("42", **INES), contact("43", **INES)]})
    forget = change("", "", day=22, subscriptionType="contact.privacyDeletion")
    assert statuses(post(crm, "hubspot", [forget])) == [("removal", "stored")]
    for gone in ("42", "43"):  # the same person, by the address
        assert crm.get(f"/v1/leads/hubspot-{gone}").status_code == 404
    back = post(crm, "hubspot", {"contacts": [contact("44", 30, **INES), contact("42", 30)]})
    assert statuses(back) == [("lead", "refused"), ("lead", "refused")]
    assert "was erased" in back["results"][0]["reason"]


def _key(worker: Any, role: str, scopes: list[str] | None) -> str:
    with worker.database.transaction() as connection:
        return make_key(connection, "test", "a key", role, scopes, None, NOW).text


def test_who_was_merged_takes_their_wishes_with_them_whichever_comes_first(trained: Workspace):
    worker = make_worker(trained)
    with make_client(worker) as crm, make_client(worker, "admin") as admin:
        post(crm, "hubspot", {"contacts": [contact("1", **INES)]})
        post(crm, "hubspot", {"contacts": [contact("2", jobtitle="CEO")]})
        for key in ("1", "2"):
            no = {"scoring": False, "training": False}
            assert crm.put(f"/v1/leads/hubspot-{key}/consent", json=no).status_code == 200
        post(crm, "hubspot", [merged(1, into=3), merged(2, into=4)])
        post(
            crm,
            "hubspot",
            {"contacts": [contact("3", jobtitle="CEO"), contact("4", country="France")]},
        )
        for key in ("3", "4"):
            assert lead_of(crm, f"hubspot-{key}")["not_scored"] == "opted-out"
        told = admin.post("/v1/privacy/export", json={"email": INES["email"]}).json()
        assert [lead["id"] for lead in told["leads"]] == ["hubspot-3"]
        post(crm, "hubspot", {"contacts": [contact("5", **INES | {"email": "lee@example.org"})]})
        post(crm, "hubspot", [merged(5, into=6)])
        erased = admin.post("/v1/privacy/erase", json={"email": "lee@example.org"})
        assert erased.status_code == 200
        back = post(crm, "hubspot", {"contacts": [contact("6", jobtitle="CEO")]})
        assert statuses(back) == [("lead", "refused")]


def test_events_and_removals_need_their_own_permissions(trained: Workspace):
    worker = make_worker(trained)
    narrow = {"authorization": f"Bearer {_key(worker, 'crm', ['leads.write'])}"}
    with make_client(worker, None) as crm:
        payload = [
            change("jobtitle", "CEO"),
            change("hs_lead_status", "IN_PROGRESS"),
            change("", "", subscriptionType="contact.deletion", key=9),
        ]
        told = post(crm, "hubspot", payload, **narrow)
        assert statuses(told) == [
            ("lead", "stored"),
            ("outcome", "refused"),
            ("removal", "refused"),
        ]
        assert "leads.remove" in told["results"][2]["errors"][0]["detail"]
        for role, expected in (("management", 403), ("marketing", 200)):
            headers = key_header(worker.database, role)
            answer = crm.post("/v1/ingest/hubspot", json=payload, headers=headers)
            assert answer.status_code == expected
        assert crm.post("/v1/ingest/hubspot", json=payload).status_code == 401


def test_wrong_calls_say_what_is_wrong(crm: TestClient):
    assert crm.post("/v1/ingest/nobody", json=[]).status_code == 404
    assert crm.post("/v1/ingest/..%2Fodoo", json=[]).status_code in (404, 422)
    assert crm.post("/v1/ingest/Odoo", json=[]).status_code == 422
    assert crm.post("/v1/ingest/odoo", content=b"{").status_code == 415
    json_type = {"content-type": "application/json"}
    assert crm.post("/v1/ingest/odoo", content=b"{", headers=json_type).status_code == 400
    many = crm.post("/v1/ingest/hubspot", json=[change("jobtitle", "CEO")] * 1001)
    assert many.status_code == 422
    assert "1,000 records at most" in many.json()["detail"]
    assert statuses(post(crm, "hubspot", 7)) == [("nothing", "ignored")]


def test_a_repeated_key_is_one_write(crm: TestClient):
    key = {"idempotency-key": "k-1"}
    first = post(crm, "hubspot", {"contacts": [contact(**INES)]}, **key)
    assert post(crm, "hubspot", {"contacts": [contact(**INES)]}, **key) == first
    assert lead_of(crm, "hubspot-42")["version"] == 1


@pytest.mark.parametrize("name", sorted(p.stem for p in PAYLOADS.glob("*.json")))
def test_every_payload_is_taken_and_hostile_ones_stay_inert(crm: TestClient, name: str):
    payload = json.loads((PAYLOADS / f"{name}.json").read_text())
    told = post(crm, name.partition("_")[0], payload)
    assert told["results"]
    assert {r["status"] for r in told["results"]} <= {
        "stored", "duplicate", "conflict", "ignored", "refused",
    }  # fmt: skip
    again = post(crm, name.partition("_")[0], payload)
    assert "stored" not in {r["status"] for r in again["results"]}


def test_the_client_hands_payloads_on(crm: TestClient):
    with LeadpactClient("", None, http=crm) as client:
        told = client.ingest("hubspot", {"contacts": [contact(**INES)]})
        assert told.results[0].id == "hubspot-42"
        assert told.scores["hubspot-42"].score >= 0
        with pytest.raises(NotFound, match="no mapping 'nobody'"):
            client.ingest("nobody", [])


def test_a_person_is_told_what_their_crm_told(trained: Workspace):
    worker = make_worker(trained)
    with make_client(worker) as crm, make_client(worker, "admin") as admin:
        post(crm, "hubspot", {"contacts": [contact(**INES)]})
        told = admin.post("/v1/privacy/export", json={"email": INES["email"]}).json()
        [lead] = told["leads"]
        assert lead["told_by_crm"]["country"] == {
            "at": "2026-08-20T09:00:00.000000Z", "value": "Germany",
        }  # fmt: skip
        assert "ines" not in json.dumps(told)
        erased = admin.post("/v1/privacy/erase", json={"email": INES["email"]})
        assert erased.status_code == 200
        back = post(crm, "hubspot", {"contacts": [contact("77", 25, **INES)]})
        assert statuses(back) == [("lead", "refused")]
        assert "was erased" in back["results"][0]["reason"]
        post(crm, "hubspot", [merged(5, into=42)])
        assert crm.get("/v1/leads/hubspot-42").status_code == 404
