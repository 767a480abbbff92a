"""Questions about one lead: what if, and what would lift it; answered, and nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.access.keys import make_key
from serving.state import Worker
from serving.storage.tables import activities, lead_versions, leads, scores
from tests.support.service import NOW, make_client, make_worker

LEAD = {
    "email": "ines.duarte@calder-voss.example",
    "job_title": "Head of Operations",
    "employees": 640,
    "industry": "logistics",
    "source": "webinar",
}
VISITS = [
    {"occurred_at": f"2026-08-{day:02d}T09:00:00Z", "channel": "web", "kind": "pricing_page"}
    for day in (3, 20, 28)
]
WEBINAR = {"channel": "webinar", "kind": "webinar_attended"}
STUDENT = {"email": "someone@gmail.com", "job_title": "Student"}
TABLES = (leads, lead_versions, activities, scores)


@pytest.fixture(scope="module")
def worker(trained: Workspace) -> Worker:
    return make_worker(trained)


@pytest.fixture(scope="module")
def crm(worker: Worker) -> Iterator[TestClient]:
    """A service with an empty store of its own."""
    with make_client(worker) as found:
        yield found


def ask(crm: TestClient, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = crm.post(f"/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def scored(crm: TestClient, lead: dict[str, Any], did: list[dict[str, Any]]) -> dict[str, Any]:
    return ask(crm, "score", lead=lead, activities=did)


def adds_up(told: dict[str, Any]) -> None:
    """Assert that the difference is after less before, and that what moved sums to it."""
    before, after, difference = told["before"], told["after"], told["difference"]
    points = after["score_exact"] - before["score_exact"]
    assert difference["points"] == pytest.approx(points, abs=1e-9)
    assert sum(m["points"] for m in told["moved"]) == pytest.approx(points, abs=1e-6)
    for name in ("score", "agreed_score", "likelihood"):
        assert difference[name] == pytest.approx(after[name] - before[name])
    for m in told["moved"]:
        assert m["points"] == pytest.approx(m["after"] - m["before"], abs=1e-9)
    for one in (before, after):
        lines = sum(r["points"] for r in one["reasons"] if r["kind"] != "limit")
        assert lines == pytest.approx(one["score_exact"], abs=1e-6)


def test_a_changed_field_and_an_added_activity_score_as_if_they_were_so(crm: TestClient):
    changes = {"employees": 5, "source": None}
    told = ask(
        crm,
        "what-if",
        lead=LEAD,
        activities=VISITS,
        changes=changes,
        add_activities=[WEBINAR, {"occurred_at": "2026-08-30T10:00:00Z", "kind": "demo_page"}],
    )
    adds_up(told)
    assert told["before"]["score_exact"] == pytest.approx(
        scored(crm, LEAD, VISITS)["score_exact"], abs=1e-9
    )
    added = [WEBINAR | {"occurred_at": f"{NOW}Z"}]
    added += [{"occurred_at": "2026-08-30T10:00:00Z", "kind": "demo_page"}]
    so = scored(crm, LEAD | changes, [*VISITS, *added])
    assert told["after"]["score_exact"] == pytest.approx(so["score_exact"], abs=1e-9)
    assert [r["sentence"] for r in told["after"]["reasons"]] == [
        r["sentence"] for r in so["reasons"]
    ]
    webinar = next(m for m in told["moved"] if m["key"] == "criterion:webinar")
    assert (webinar["before"], webinar["agreed"]) == (0.0, 10.0)
    assert told["rulebook"] is None


def test_a_changed_criterion_moves_what_was_agreed_and_leaves_what_was_learned(crm: TestClient):
    did = [*VISITS, WEBINAR | {"occurred_at": "2026-09-01T12:00:00Z"}]
    criteria = {"webinar": {"points": 14}, "mid_size": {"points": 0}, "student": {"points": -90}}
    told = ask(crm, "what-if", lead=LEAD, activities=did, rulebook={"criteria": criteria})
    adds_up(told)
    assert {m["key"]: m["points"] for m in told["moved"]} == pytest.approx(
        {"criterion:webinar": 4.0, "criterion:mid_size": -12.0}
    )
    assert all(m["learned"] == 0.0 for m in told["moved"])
    assert told["difference"]["likelihood"] < 0
    supposed = told["rulebook"]
    assert supposed["edition"] == told["before"]["versions"]["rulebook"]
    assert [(c["id"], c["before"], c["after"]) for c in supposed["criteria"]] == [
        ("mid_size", 12.0, 0.0),
        ("student", -20.0, -90.0),
        ("webinar", 10.0, 14.0),
    ]
    assert told["after"]["versions"]["rulebook"] == f"{supposed['edition']}, supposed"
    assert told["after"]["versions"]["rulebook_sha256"] == supposed["sha256"]
    assert supposed["sha256"] != told["before"]["versions"]["rulebook_sha256"]


def test_a_stored_lead_is_looked_at_as_it_is_and_nothing_is_stored(crm: TestClient, worker: Worker):
    account = {"account_id": "ACC"}
    assert crm.put("/v1/leads/S1", json={"lead": LEAD | account}).status_code == 201
    assert crm.put("/v1/leads/S2", json={"lead": STUDENT | account}).status_code == 201
    events = [v | {"lead_id": lead} for v in VISITS for lead in ("S1", "S2")]
    assert crm.post("/v1/activities", json={"activities": events}).status_code == 200
    before, stored = counted(worker), crm.get("/v1/leads/S1").json()["score"]
    told = ask(crm, "what-if", lead_id="S1", changes={"opted_out": True}, add_activities=[WEBINAR])
    adds_up(told)
    assert told["before"]["score_exact"] == pytest.approx(stored["score_exact"], abs=1e-9)
    assert told["before"]["lead_id"] == "S1"
    assert any(m["key"] == "criterion:opted_out" and m["agreed"] == -15 for m in told["moved"])
    lifted = ask(crm, "counterfactual", lead_id="S1", goal={"score": 95})
    assert lifted["before"]["score_exact"] == pytest.approx(stored["score_exact"], abs=1e-9)
    colleague = ask(crm, "what-if", lead_id="S1", add_activities=[WEBINAR | {"lead_id": "S2"}])
    assert {m["kind"] for m in colleague["moved"]} <= {"activity", "field", "criterion"}
    assert not any(m["key"] == "criterion:webinar" for m in colleague["moved"])
    assert any(m["key"] == "activity:colleagues" for m in colleague["moved"])
    assert counted(worker) == before
    assert crm.get("/v1/leads/S1").json()["score"] == stored


def counted(worker: Worker) -> list[int]:
    with worker.database.reading() as connection:
        return [
            connection.execute(select(func.count()).select_from(t)).scalar_one() for t in TABLES
        ]


@pytest.mark.parametrize("lead", [LEAD | {"employees": 90}, STUDENT, {}])
@pytest.mark.parametrize("goal", [None, {"grade": "B"}, {"score": 57.5}, {"handed_over": True}])
def test_what_is_proposed_gives_the_promised_score_when_it_is_done(
    crm: TestClient, lead: dict[str, Any], goal: Any
):
    told = ask(crm, "counterfactual", lead=lead, activities=VISITS, goal=goal, alternatives=10)
    least = told["goal"]["score"]
    assert told["before"]["score"] < least
    assert not told["reached"]
    assert bool(told["alternatives"]) != (told["best"] is not None)
    sizes = []
    for one in [*told["alternatives"], *([told["best"]] if told["best"] else [])]:
        adds_up(one | {"before": told["before"]})
        did = [*VISITS, *one["add_activities"]]
        as_of = told["before"]["as_of"]
        body = {"lead": lead | one["changes"], "activities": did, "as_of": as_of}
        done = ask(crm, "score", **body)
        assert done["score"] == one["after"]["score"]
        assert done["score_exact"] == pytest.approx(one["after"]["score_exact"], abs=1e-9)
        assert (done["score"] >= least) == (one is not told["best"])
        supposed = {k: one[k] for k in ("changes", "add_activities")}
        again = ask(crm, "what-if", lead=lead, activities=VISITS, **supposed)
        assert again["difference"]["points"] == pytest.approx(one["difference"]["points"])
        sizes.append(len(one["sentences"]))
        assert sizes[-1] == len(one["changes"]) + len(one["add_activities"])
    assert sizes == sorted(sizes)


def test_a_goal_that_nothing_reaches_is_told_so_with_the_best_there_is(crm: TestClient):
    told = ask(crm, "counterfactual", lead=STUDENT, goal={"grade": "A"})
    assert told["alternatives"] == []
    best = told["best"]["after"]["score_exact"]
    assert told["says"] == (
        f"No change of what is actionable reaches grade A, from 80; the best reaches {best:.1f}."
    )
    assert told["searched"]["every_set_of_up_to"] == 3
    one = ask(crm, "counterfactual", lead=STUDENT, goal={"grade": "A"}, most_changes=1)
    assert one["best"]["after"]["score_exact"] < best
    assert len(one["best"]["sentences"]) == 1


def test_a_goal_that_is_reached_needs_nothing(crm: TestClient):
    told = ask(crm, "counterfactual", lead=LEAD, goal={"score": 1})
    assert (told["reached"], told["alternatives"], told["best"]) == (True, [], None)
    assert "has reached a score of 1" in told["says"]
    top = LEAD | {"source": "partner referral", "budget_date_given": True}
    did = [WEBINAR | {"occurred_at": "2026-08-30T10:00:00Z"}, *VISITS]
    did += [{"occurred_at": "2026-08-31T10:00:00Z", "channel": "email", "kind": "email_reply"}]
    highest = ask(crm, "counterfactual", lead=top, activities=did)
    assert highest["before"]["grade"] == "A"
    assert (highest["goal"], highest["alternatives"]) == (None, [])
    assert highest["says"] == "The lead has the highest grade, A."


@pytest.mark.parametrize(
    ("path", "body", "pointer", "allowed"),
    [
        ("what-if", {"changes": {"employes": 5}}, "/changes/employes", "employees, industry"),
        ("what-if", {"changes": {"lead_id": "x"}}, "/changes/lead_id", "employees, industry"),
        ("what-if", {"changes": {"proposal_status": "x"}}, "/changes/proposal_status", "email"),
        ("what-if", {"changes": {"industry": "logistik"}}, "/changes/industry", "logistics"),
        ("what-if", {"changes": {"employees": "5"}}, "/changes/employees", "from 1 to 3,000,000"),
        ("what-if", {"changes": []}, "/changes", "such as"),
        ("what-if", {"change": {}}, "/change", "changes, add_activities, rulebook"),
        ("what-if", {"add_activities": [{"at": 1}]}, "/add_activities/0/'at'", "occurred_at"),
        ("what-if", {"add_activities": ["x"]}, "/add_activities/0", "an activity"),
        ("what-if", {"add_activities": [{}] * 101}, "/add_activities", "100 activities at most"),
        ("what-if", {"rulebook": {"edition": "x"}}, "/rulebook", "criteria"),
        ("what-if", {"rulebook": {"criteria": 5}}, "/rulebook/criteria", "such as"),
        (
            "what-if",
            {"rulebook": {"criteria": {"webinars": {"points": 1}}}},
            "/rulebook/criteria/webinars",
            "webinar, demo_page",
        ),
        (
            "what-if",
            {"rulebook": {"criteria": {"webinar": {"cap": 1}}}},
            "/rulebook/criteria/webinar",
            "points",
        ),
        (
            "what-if",
            {"rulebook": {"criteria": {"webinar": {"points": 10**400}}}},
            "/rulebook/criteria/webinar/points",
            "from -1000 to 1000",
        ),
        ("what-if", {"as_of": "yesterday"}, "/as_of", "ISO 8601"),
        ("what-if", {"lead_id": "S1"}, "/lead", "either lead_id"),
        ("what-if", {"lead": None, "lead_id": "a b"}, "/lead_id", "letters"),
        ("what-if", {"lead": None}, "/lead", "such as"),
        ("counterfactual", {"lead": {"employees": -3}}, "/lead/employees", "from 1"),
        ("counterfactual", {"goal": {"grade": "E"}}, "/goal/grade", "A, B, C, D"),
        ("counterfactual", {"goal": {"score": 101}}, "/goal/score", "from 0 to 100"),
        ("counterfactual", {"goal": {"handed_over": False}}, "/goal/handed_over", "grade"),
        ("counterfactual", {"goal": {}}, "/goal", "handed_over"),
        ("counterfactual", {"most_changes": 4}, "/most_changes", "from 1 to 3"),
        ("counterfactual", {"alternatives": True}, "/alternatives", "from 1 to 10"),
    ],
)
def test_a_wrong_question_is_told_what_is_allowed(
    crm: TestClient, path: str, body: dict[str, Any], pointer: str, allowed: str
):
    told = ask(crm, path, 422, **({"lead": LEAD} | body))
    [wrong] = told["errors"]
    assert wrong["pointer"] == pointer
    assert allowed in wrong["allowed"]


def test_everything_wrong_is_told_at_once(crm: TestClient):
    told = ask(
        crm,
        "what-if",
        422,
        lead={"employees": "many"},
        changes={"industry": 5},
        add_activities=[{"occurred_at": "never"}],
        rulebook={"criteria": {"none": {}}},
        also=1,
    )
    assert {e["pointer"] for e in told["errors"]} == {
        "/lead/employees",
        "/changes/industry",
        "/add_activities/0/occurred_at",
        "/rulebook/criteria/none",
        "/also",
    }


def test_an_added_activity_that_is_still_to_come_is_said_not_to_count(crm: TestClient):
    later = WEBINAR | {"occurred_at": "2026-09-02T00:00:00Z"}
    told = ask(crm, "what-if", lead=LEAD, add_activities=[WEBINAR, later])
    assert told["warnings"] == [
        "add_activities/1: occurs or is recorded after 2026-09-01T12:00:00.000000Z, so it does "
        "not count."
    ]


def test_a_lead_that_is_not_there_is_not_found(crm: TestClient):
    for path in ("what-if", "counterfactual"):
        assert "PUT it first" in ask(crm, path, 404, lead_id="nobody")["detail"]


def test_a_stored_lead_is_told_only_to_who_may_read_leads(crm: TestClient, worker: Worker):
    assert crm.put("/v1/leads/R1", json={"lead": LEAD}).status_code in (200, 201)
    with worker.database.transaction() as connection:
        made = make_key(connection, "test", "narrow", "crm", ["score.ask"], None, NOW)
    key = {"authorization": f"Bearer {made.text}"}
    for path in ("what-if", "counterfactual"):
        assert crm.post(f"/v1/{path}", json={"lead": LEAD}, headers=key).status_code == 200
        for name in ("R1", "nobody"):
            refused = crm.post(f"/v1/{path}", json={"lead_id": name}, headers=key)
            assert refused.status_code == 403
            assert "leads.read" in refused.json()["detail"]


def test_the_description_names_fields_levels_criteria_and_grades(crm: TestClient):
    told = crm.get("/openapi.json").json()
    schemas = told["components"]["schemas"]
    changes = schemas["Changes"]["properties"]
    assert "logistics" in changes["industry"]["enum"]
    assert "lead_id" not in changes
    criteria = schemas["SupposedRulebook"]["properties"]["criteria"]["properties"]
    assert criteria["webinar"]["description"] == "Attended a webinar: 10"
    assert schemas["Goal"]["anyOf"][0]["properties"]["grade"]["enum"] == ["A", "B", "C", "D"]
    for path in ("/v1/what-if", "/v1/counterfactual"):
        post = told["paths"][path]["post"]
        assert post["operationId"] == f"scores_{path[4:].replace('-', '_')}"
        for example in post["requestBody"]["content"]["application/json"]["examples"].values():
            body = example["value"]
            status = crm.post(path, json=body).status_code
            assert status == (404 if "lead_id" in body else 200)
