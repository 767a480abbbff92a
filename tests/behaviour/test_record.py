"""The record as a CRM keeps it: leads, what happens to them, and scores that are always there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from leadpact import app as command_line
from models.workspace import Workspace
from tests.support.service import make_client, make_worker

LEAD = {
    "email": "ines.duarte@calder-voss.example",
    "job_title": "Head of Operations",
    "employees": 640,
    "industry": "logistics",
    "source": "webinar",
}


@pytest.fixture(scope="module")
def crm(trained: Workspace) -> Iterator[TestClient]:
    """A service with an empty store of its own."""
    with make_client(make_worker(trained)) as found:
        yield found


def put(crm: TestClient, name: str, lead: dict | None = None, **more: object) -> dict:
    answer = crm.put(f"/v1/leads/{name}", json={"lead": LEAD if lead is None else lead, **more})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def visit(lead: str, day: int = 30, **more: object) -> dict:
    at = f"2026-08-{day:02d}T09:00:00Z"
    return {"lead_id": lead, "occurred_at": at, "channel": "web", "kind": "pricing_page", **more}


def happened(crm: TestClient, *events: dict, what: str = "activities") -> dict:
    answer = crm.post(f"/v1/{what}", json={what: list(events)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_lead_has_a_score_when_its_put_returns(crm: TestClient):
    first = crm.put("/v1/leads/A1", json={"lead": LEAD, "owner": "tom"})
    assert first.status_code == 201
    told = first.json()
    assert told["score"]["lead_id"] == "A1"
    assert told["owner"] == "tom"
    stateless = crm.post("/v1/score", json={"lead": LEAD}).json()
    assert told["score"]["score_exact"] == stateless["score_exact"]
    again = crm.put("/v1/leads/A1", json={"lead": LEAD | {"employees": 5}})
    assert again.status_code == 200
    assert again.json()["version"] == 2
    assert again.json()["score"]["score_exact"] != told["score"]["score_exact"]
    assert crm.get("/v1/leads/A1").json()["score"] == again.json()["score"]


def test_a_patch_changes_what_it_names_and_null_makes_unknown(crm: TestClient):
    put(crm, "A2", owner="tom")
    answer = crm.patch("/v1/leads/A2", json={"lead": {"employees": 90, "source": None}}).json()
    assert answer["fields"]["employees"] == 90
    assert "source" not in answer["fields"]
    assert answer["fields"]["industry"] == "logistics"
    assert answer["owner"] == "tom"
    same = {"lead": {k: v for k, v in LEAD.items() if k != "source"} | {"employees": 90}}
    exact = crm.post("/v1/score", json=same).json()["score_exact"]
    assert answer["score"]["score_exact"] == exact
    assert crm.patch("/v1/leads/none", json={"lead": {}}).status_code == 404


def test_an_address_is_kept_as_its_domain_and_scores_the_same(crm: TestClient):
    told = put(crm, "A3")
    assert told["fields"]["email"].endswith("@calder-voss.example")
    assert "ines" not in crm.get("/v1/leads/A3").text


def test_a_tag_guards_against_writing_over_a_change_one_has_not_seen(crm: TestClient):
    put(crm, "A4")
    tag = crm.get("/v1/leads/A4").headers["etag"]
    assert re.fullmatch(r'"\d+-\d+"', tag)
    assert crm.get("/v1/leads/A4", headers={"if-none-match": tag}).status_code == 304
    happened(crm, visit("A4"))
    # A new score alone is no reason to refuse a write of the fields.
    body = {"lead": LEAD | {"employees": 6}}
    assert crm.put("/v1/leads/A4", json=body, headers={"if-match": tag}).status_code == 200
    late = crm.put("/v1/leads/A4", json=body, headers={"if-match": tag})
    assert late.status_code == 412
    assert "version 2" in late.json()["detail"]
    nonsense = crm.put("/v1/leads/A4", json=body, headers={"if-match": "W/x"})
    assert nonsense.status_code == 412


def test_order_delay_and_repetition_of_deliveries_change_no_score(crm: TestClient):
    events = [visit("X", day, event_id=f"X{day}") for day in (3, 20, 28, 30)]

    def scored(name: str, deliveries: list[list[dict]], lead_at: int) -> float:
        for k, batch in enumerate(deliveries):
            if k == lead_at:
                put(crm, name)
            mine = [e | {"lead_id": name, "event_id": f"{name}{e['event_id']}"} for e in batch]
            if mine:
                happened(crm, *mine)
        if lead_at >= len(deliveries):
            put(crm, name)
        return crm.get(f"/v1/leads/{name}").json()["score"]["score_exact"]

    in_order = scored("O1", [[e] for e in events], 0)
    backwards = scored("O2", [[e] for e in reversed(events)], 0)
    before_the_lead = scored("O3", [events], 1)
    twice = scored("O4", [events, events, [events[1]]], 1)
    assert in_order == backwards == before_the_lead == twice


def test_the_same_event_again_is_told_and_another_under_its_id_is_refused(crm: TestClient):
    put(crm, "A5")
    first = happened(crm, visit("A5", event_id="e-1"))
    assert first["results"][0]["status"] == "stored"
    assert set(first["scores"]) == {"A5"}
    again = happened(crm, visit("A5", event_id="e-1"))
    assert again == {"results": [again["results"][0]], "scores": {}}
    assert again["results"][0]["status"] == "duplicate"
    other = happened(crm, visit("A5", 12, event_id="e-1"))
    assert other["results"][0]["status"] == "conflict"
    unnamed = [happened(crm, visit("A5", 11))["results"][0] for _ in range(2)]
    assert [r["status"] for r in unnamed] == ["stored", "duplicate"]
    assert unnamed[0]["event_id"] == unnamed[1]["event_id"]


def test_a_bad_event_in_a_list_loses_no_other(crm: TestClient):
    put(crm, "A6")
    told = happened(crm, visit("A6"), {"lead_id": "A6"}, visit("A6", 29), visit(""))
    assert [r["status"] for r in told["results"]] == ["stored", "refused", "stored", "refused"]
    assert told["results"][1]["errors"][0]["pointer"] == "/activities/1/occurred_at"
    assert crm.post("/v1/activities", json={"lead_id": "A6"}).status_code == 422


def test_colleagues_are_scored_anew_when_an_account_stirs(crm: TestClient):
    for name in ("B1", "B2"):
        put(crm, name, LEAD | {"account_id": "acc"})
    before = crm.get("/v1/leads/B2").json()["score"]
    happened(crm, *(visit("B1", day) for day in (25, 26, 27, 28)))
    after = crm.get("/v1/leads/B2").json()["score"]
    assert after["score_exact"] != before["score_exact"]
    assert after["cause"] == "account changed"
    account = crm.get("/v1/accounts/acc").json()
    likelihoods = [x["likelihood"] for x in account["leads"]]
    assert account["score"] == max(x["score"] for x in account["leads"])
    lost = (1 - likelihoods[0]) * (1 - likelihoods[1])
    assert account["likelihood_any"] == pytest.approx(1 - lost)
    assert crm.get("/v1/accounts/none").status_code == 404


def test_a_leads_stage_is_its_latest_outcomes_whatever_came_first(crm: TestClient):
    put(crm, "A7")
    at = {"accepted": "2026-08-20", "won": "2026-08-30", "qualified": "2026-08-25"}
    for stage in ("won", "accepted", "qualified"):
        event = {"lead_id": "A7", "at": at[stage], "stage": stage}
        happened(crm, event | ({"amount": 900} if stage == "won" else {}), what="outcomes")
    assert crm.get("/v1/leads/A7").json()["stage"] == "won"
    told = crm.get("/v1/leads/A7/timeline").json()["events"]
    assert [e["stage"] for e in told] == ["won", "qualified", "accepted"]
    bad = {"lead_id": "A7", "at": "2026-08-30", "stage": "dreamt", "amount": -1, "x": 1}
    answer = crm.post("/v1/outcomes", json=bad)
    assert {e["field"] for e in answer.json()["errors"]} == {"stage", "amount", "x"}


def test_every_score_is_kept_and_can_be_read_with_its_reasons(crm: TestClient):
    put(crm, "A8")
    happened(crm, visit("A8", 28), visit("A8", 30))
    put(crm, "A8", LEAD | {"employees": 3})
    told = crm.get("/v1/leads/A8/scores?limit=2").json()
    older = crm.get(f"/v1/leads/A8/scores?cursor={told['next_cursor']}").json()
    assert [s["cause"] for s in told["scores"]] == ["lead written", "activity"]
    assert [s["cause"] for s in older["scores"]] == ["lead written"]
    assert older["next_cursor"] is None
    why = crm.get("/v1/leads/A8/explanation").json()
    assert why["score_id"] == told["scores"][0]["score_id"]
    points = sum(r["points"] for r in why["reasons"] if r["kind"] != "limit")
    assert points == pytest.approx(why["score_exact"], abs=1e-6)


def test_pages_keep_their_order_while_leads_are_written(crm: TestClient):
    for k in range(7):
        put(crm, f"P{k}", owner="paula")
    seen: list[str] = []
    cursor = ""
    while True:
        told = crm.get(f"/v1/leads?owner=paula&limit=3{cursor}").json()
        seen += [x["id"] for x in told["leads"]]
        put(crm, "P0", LEAD | {"employees": 1}, owner="paula")
        if told["next_cursor"] is None:
            break
        cursor = f"&cursor={told['next_cursor']}"
    assert seen == [f"P{k}" for k in range(7)]


def test_leads_can_be_picked_by_what_matters(crm: TestClient):
    put(crm, "F1", owner="finn")
    put(crm, "F2", {"job_title": "Student", "email": "x@gmail.com"}, owner="finn")
    every = {x["id"]: x for x in crm.get("/v1/leads?owner=finn").json()["leads"]}
    middle = max(x["score"] for x in every.values())

    def picked(query: str) -> set[str]:
        return {x["id"] for x in crm.get(f"/v1/leads?owner=finn&{query}").json()["leads"]}

    assert picked(f"min_score={middle}") == {"F1"}
    assert picked(f"max_score={middle - 1}") == {"F2"}
    assert picked(f"grade={every['F1']['grade']}") >= {"F1"}
    assert picked("stage=won") == set()
    assert picked("changed_since=2026-09-01T11:00:00Z") == {"F1", "F2"}
    assert picked("changed_since=2026-09-02") == set()
    apart = {k for k, x in every.items() if x["score"] - x["agreed_score"] > 15}
    assert picked("disagreement=learned_high") == apart
    for wrong in ("cursor=abc", "limit=0", "changed_since=x", "disagreement=x", "stage=%00"):
        assert crm.get(f"/v1/leads?{wrong}").status_code == 422


def test_a_key_makes_a_repeated_write_one_write(crm: TestClient):
    headers = {"idempotency-key": '"k-1"'}
    body = {"lead": LEAD}
    first = crm.put("/v1/leads/K1", json=body, headers=headers)
    again = crm.put("/v1/leads/K1", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert crm.get("/v1/leads/K1").json()["version"] == 1
    other = crm.put("/v1/leads/K1", json={"lead": {}}, headers=headers)
    assert other.status_code == 422
    assert "another body" in other.json()["detail"]
    bad = crm.put("/v1/leads/K1", json=body, headers={"idempotency-key": "x" * 201})
    assert bad.status_code == 422


def test_a_removed_lead_leaves_nothing(crm: TestClient):
    put(crm, "D1")
    happened(crm, visit("D1"))
    assert crm.delete("/v1/leads/D1").status_code == 204
    assert crm.delete("/v1/leads/D1").status_code == 404
    for path in ("", "/scores", "/explanation", "/timeline"):
        assert crm.get(f"/v1/leads/D1{path}").status_code == 404
    assert put(crm, "D1")["score"]["agreed_score"] == put(crm, "D2")["score"]["agreed_score"]


HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "'; DROP TABLE leads; --",
    "\u202e\u0007\u001b[31m",
    "\N{PILE OF POO}" * 50,
    "{{7*7}}${7*7}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_and_returned_inert(crm: TestClient, text: str):
    told = put(crm, "H1", LEAD | {"industry": text, "job_title": text, "wants": text})
    assert told["fields"]["industry"] == text
    assert crm.get("/v1/leads/H1").json()["fields"]["wants"] == text
    assert crm.get("/v1/leads/H1").headers["content-type"] == "application/json"
    told = happened(crm, visit("H1", kind=text, channel=text))
    assert told["results"][0]["status"] == "stored"
    assert crm.get("/v1/leads?limit=200").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/leads/H2", {"lead": {"industry": "a\x00b"}}, 422),
        ("/v1/leads/H2", {"lead": {"industry": "x" * 10_001}}, 422),
        ("/v1/leads/H2", {"lead": {"lead_id": "other"}}, 422),
        ("/v1/leads/H2", {"lead": LEAD, "owner": ""}, 422),
        ("/v1/leads/H2", {"lead": 3}, 422),
        ("/v1/leads/H2", [], 422),
        ("/v1/leads/" + "x" * 201, {"lead": {}}, 422),
        ("/v1/leads/a%00b", {"lead": {}}, 422),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(
    crm: TestClient, path: str, body: object, status: int
):
    answer = crm.put(path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert crm.get("/v1/leads/H2").status_code == 404


def test_a_past_score_is_made_again_bit_by_bit(trained: Workspace):
    worker = make_worker(trained)
    with make_client(worker) as crm:
        put(crm, "R1", LEAD | {"account_id": "r"})
        put(crm, "R2", LEAD | {"account_id": "r", "employees": 30})
        happened(crm, visit("R1", 20), visit("R2", 25), visit("R1", 29))
        put(crm, "R1", LEAD | {"account_id": "r", "employees": 2000})
        scores = [
            s["score_id"]
            for name in ("R1", "R2")
            for s in crm.get(f"/v1/leads/{name}/scores").json()["scores"]
        ]
    assert len(scores) >= 6
    options = ["-w", str(trained.folder), "--database-url", worker.settings.database_url]
    for score in scores:
        found = CliRunner().invoke(command_line, ["reproduce", score, *options])
        assert found.exit_code == 0, found.output
        assert "the same in every bit" in found.output
