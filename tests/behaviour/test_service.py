"""The scoring API as a CRM meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.storage.database import Database
from serving.storage.migrate import migrate
from tests.support.service import key_header, make_client, make_worker

LEAD = {
    "lead_id": "L-1",
    "email": "ines@calder-voss.example",
    "job_title": "Head of Operations",
    "employees": 640,
    "industry": "logistics",
    "source": "webinar",
    "budget_date_given": False,
    "phone_given": True,
}
VISIT = {"occurred_at": "2026-08-30T09:00:00Z", "channel": "web", "kind": "pricing_page"}


def score(client: TestClient, body: object, status: int = 200) -> dict:
    answer = client.post("/v1/score", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_lead_gets_a_score_and_reasons_that_add_up_to_it(client: TestClient):
    told = score(client, {"lead": LEAD, "activities": [VISIT]})
    assert told["lead_id"] == "L-1"
    points = [r["points"] for r in told["reasons"] if r["kind"] != "limit"]
    assert sum(points) == pytest.approx(told["score_exact"], abs=1e-6)
    assert all(r["points"] == r["agreed"] + r["learned"] for r in told["reasons"])
    assert told["score"] == int(min(max(told["score_exact"], 0), 100) + 0.5)
    assert told["interval"]["low"] < told["likelihood"] < told["interval"]["high"]
    assert told["score_interval"]["low"] <= told["score"] <= told["score_interval"]["high"]
    assert told["as_of"].startswith("2026-09-01T12:00:00")
    assert told["simulated"] is True
    assert told["warnings"] == []
    assert set(told["versions"]) >= {"model", "rulebook", "rulebook_sha256", "fields_sha256"}
    agreed = sum(r["agreed"] for r in told["reasons"])
    assert agreed == pytest.approx(told["agreed_score"], abs=0.5)


def test_a_disqualified_lead_keeps_its_score_and_says_why_it_is_not_handed_over(
    client: TestClient,
):
    plain = score(client, {"lead": LEAD})
    assert plain["disqualified"] is None
    assert plain["grid"][0] in "ABCD"
    assert plain["grid"][1] in "1234"
    told = score(client, {"lead": LEAD | {"opted_out": True}})
    assert told["disqualified"] == {
        "id": "no_email",
        "says": "Opted out of e-mail",
        "owner": "joint",
        "route": "do_not_contact",
    }
    assert told["handed_over"] is False
    assert told["agreed_score"] == plain["agreed_score"] - 15
    page = client.post("/", data={"job_title": "Student"}).text
    assert "never handed over: Student (nurture)" in page
    assert client.get("/v1/model").json()["disqualifiers"][0]["rule"] == (
        "job title seniority is student"
    )


def test_a_list_is_answered_in_order_and_a_bad_lead_loses_no_other(client: TestClient):
    leads = [{"lead": LEAD}, {"lead": {"lead_id": "bad", "employees": "many"}}, {"lead": {}}, 7]
    told = score(client, {"leads": leads})
    assert (told["scored"], told["refused"]) == (2, 2)
    assert told["results"][0]["lead_id"] == "L-1"
    assert told["results"][1]["lead_id"] == "bad"
    assert told["results"][1]["errors"][0]["pointer"] == "/leads/1/lead/employees"
    assert "score" in told["results"][2]
    assert told["results"][3]["errors"][0]["pointer"] == "/leads/3"


def test_a_lead_in_a_list_scores_as_if_it_had_come_alone(client: TestClient):
    busy = {"lead": LEAD | {"account_id": "A"}, "activities": [VISIT] * 6}
    quiet = {"lead": LEAD | {"lead_id": "L-2", "account_id": "A"}}
    twin = {"lead": LEAD | {"account_id": "A"}}
    together = score(client, {"leads": [busy, quiet, twin]})["results"]
    for one, asked in zip(together, (busy, quiet, twin), strict=True):
        alone = score(client, asked)
        assert {r["key"]: r["sentence"] for r in one["reasons"]} == {
            r["key"]: r["sentence"] for r in alone["reasons"]
        }
        for key in ("score_exact", "likelihood"):
            assert one[key] == pytest.approx(alone[key], abs=1e-9)
        assert one["agreed_score"] == alone["agreed_score"]


def test_colleagues_activities_count_as_colleagues(client: TestClient):
    lead = LEAD | {"account_id": "A"}
    did = [VISIT | {"lead_id": "L-9"}] * 5
    told = score(client, {"lead": lead, "activities": did})
    alone = score(client, {"lead": lead})
    by_key = {r["key"]: r["sentence"] for r in told["reasons"]}
    assert told["agreed_score"] == alone["agreed_score"]
    assert "colleague" in json.dumps(by_key).lower()
    assert told["score_exact"] != alone["score_exact"]


@pytest.mark.parametrize(
    "did",
    [
        VISIT | {"occurred_at": "2026-09-02T00:00:00Z"},
        VISIT | {"recorded_at": "2026-09-01T12:00:01Z"},
    ],
)
def test_what_had_not_occurred_or_was_not_recorded_by_then_changes_nothing(
    client: TestClient, did: dict
):
    assert score(client, {"lead": LEAD, "activities": [did]}) == score(client, {"lead": LEAD})


def test_the_instant_of_scoring_can_be_named(client: TestClient):
    then = score(client, {"lead": LEAD, "activities": [VISIT], "as_of": "2026-08-31T00:00:00Z"})
    later = score(client, {"lead": LEAD, "activities": [VISIT], "as_of": "2026-11-30T00:00:00Z"})
    assert then["as_of"].startswith("2026-08-31T00:00:00")
    assert then["agreed_score"] > later["agreed_score"]


def test_unknown_keys_are_ignored_and_told(client: TestClient):
    told = score(client, {"lead": LEAD | {"shoe_size": 43}, "callback": "x"})
    assert any("shoe_size" in w for w in told["warnings"])
    assert any("callback" in w for w in told["warnings"])
    assert told["score_exact"] == score(client, {"lead": LEAD})["score_exact"]


@pytest.mark.parametrize(
    ("body", "pointer", "part"),
    [
        ({"lead": {"employees": "640"}}, "/lead/employees", "number"),
        ({"lead": {"employees": True}}, "/lead/employees", "number"),
        ({"lead": {"employees": -3}}, "/lead/employees", "bounds"),
        ({"lead": {"employees": 10**400}}, "/lead/employees", "finite"),
        ({"lead": {"phone_given": 1}}, "/lead/phone_given", "True or false"),
        ({"lead": {"industry": 5}}, "/lead/industry", "text"),
        ({"lead": {"industry": ["a"]}}, "/lead/industry", "text"),
        ({"lead": {"email": "x" * 10_001}}, "/lead/email", "10,001"),
        ({"lead": []}, "/lead", "object"),
        ({}, "/lead", "object"),
        ({"lead": {}, "activities": {}}, "/activities", "list"),
        ({"lead": {}, "activities": [3]}, "/activities/0", "object"),
        ({"lead": {}, "activities": [{}]}, "/activities/0/occurred_at", "date"),
        (
            {"lead": {}, "activities": [VISIT, VISIT | {"value": 10**400}]},
            "/activities/1/value",
            "number",
        ),
        ({"lead": {}, "activities": [VISIT | {"colour": 1}]}, "/activities/0/'colour'", "key"),
        ({"lead": {}, "as_of": "yesterday"}, "/as_of", "date"),
        ({"lead": {}, "as_of": 5}, "/as_of", "date"),
        ({"lead": {}, "leads": []}, "/lead", "not both"),
        ({"leads": []}, "/leads", "list"),
        ({"leads": {}}, "/leads", "list"),
        ({"leads": [{"lead": {}}] * 1001}, "/leads", "list"),
        ([], "", "object"),
    ],
)
def test_a_wrong_call_is_told_what_where_and_what_is_allowed(
    client: TestClient, body: object, pointer: str, part: str
):
    answer = client.post("/v1/score", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["instance"].endswith(answer.headers["x-request-id"])
    first = told["errors"][0]
    assert first["pointer"] == pointer
    assert part in first["detail"]
    assert first["allowed"]
    assert len(first["got"]) <= 60


@pytest.mark.parametrize(
    ("content", "media", "status", "kind"),
    [
        (b"{}", "text/plain", 415, "not-json-type"),
        (b"", "application/json", 400, "not-json"),
        (b'{"lead": {"employees": NaN}}', "application/json", 400, "not-json"),
        (b'{"lead": {"email": "\\ud800"}}', "application/json", 400, "not-json"),
        (b"[" * 100_000, "application/json", 400, "not-json"),
        (b"\xff\xfe", "application/json", 400, "not-json"),
        (b" " * (9 * 1024 * 1024), "application/json", 413, "body-too-large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    client: TestClient, content: bytes, media: str, status: int, kind: str
):
    answer = client.post("/v1/score", content=content, headers={"content-type": media})
    assert answer.status_code == status
    assert answer.json()["type"].endswith(kind)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_sent_in_chunks_is_bounded_too(client: TestClient):
    def chunks():
        for _ in range(12):
            yield b" " * 1024 * 1024

    headers = {"content-type": "application/json"}
    answer = client.post("/v1/score", content=chunks(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/score", 405), ("DELETE", "/v1/model", 405)],
)
def test_wrong_addresses_and_methods_are_problems_too(
    client: TestClient, method: str, path: str, status: int
):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_service_says_that_it_lives_is_ready_and_which_model_answers(
    client: TestClient, trained: Workspace
):
    model = trained.champion().name
    assert client.get("/healthz").json() == {"status": "ok", "model": model}
    assert client.get("/readyz").json() == {"status": "ready", "model": model}
    told = client.get("/v1/model").json()
    assert told["versions"]["model"] == model
    assert told["simulated"] is True
    assert {f["name"] for f in told["fields"]} >= {"employees", "industry"}
    assert "proposal_status" not in {f["name"] for f in told["fields"]}
    assert told["hand_over_from"] == 61


def test_figures_count_what_happened(trained: Workspace):
    worker = make_worker(trained)
    keeper = key_header(worker.database, "management")
    with make_client(worker) as client:
        check_figures(client, keeper)


def check_figures(client: TestClient, keeper: dict[str, str]) -> None:
    def count(outcome: str) -> float:
        lines = client.get("/metrics", headers=keeper).text.splitlines()
        start = f'leadpact_leads_scored_total{{outcome="{outcome}"}} '
        return sum(float(x.removeprefix(start)) for x in lines if x.startswith(start))

    scored, refused = count("scored"), count("refused")
    score(client, {"leads": [{"lead": LEAD}, {"lead": LEAD}, {"lead": {"employees": "x"}}]})
    assert count("scored") == scored + 2
    assert count("refused") == refused + 1
    text = client.get("/metrics", headers=keeper).text
    assert "leadpact_model_info{" in text
    assert "L-1" not in text


def test_a_callers_request_id_is_kept_and_a_hostile_one_replaced(client: TestClient):
    kept = client.get("/healthz", headers={"x-request-id": "crm-42"})
    assert kept.headers["x-request-id"] == "crm-42"
    hostile = client.get("/healthz", headers={"x-request-id": "a b<script>"})
    assert hostile.headers["x-request-id"].isalnum()


def test_every_answer_carries_the_headers_that_keep_a_browser_safe(client: TestClient):
    for path in ("/", "/v1/model", "/nothing", "/static/leadpact.css"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


def test_the_documentation_loads_nothing_from_elsewhere(client: TestClient):
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_the_description_speaks_of_the_workspaces_own_fields(client: TestClient):
    told = client.get("/openapi.json").json()
    lead = told["components"]["schemas"]["Lead"]
    assert lead["properties"]["employees"]["minimum"] == 1
    assert lead["example"]["industry"] == "logistics"
    assert score(client, {"lead": lead["example"]})["lead_id"] == "L-000042"
    names = [o["operationId"] for p in told["paths"].values() for o in p.values()]
    assert "scores_score_leads" in names
    assert len(names) == len(set(names))
    examples = told["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]
    for example in examples["examples"].values():
        score(client, example["value"])


def test_a_form_that_carries_a_file_is_refused_and_no_defect(client: TestClient):
    answer = client.post("/", files={"employees": ("x.csv", b"1")})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("input-refused")


def test_a_defect_is_told_as_one_and_gives_nothing_away(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    worker = make_worker(trained)
    with make_client(worker) as broken:
        monkeypatch.setattr(type(worker.scorer), "score_snapshot", lambda *_: 1 / 0, raising=True)
        answer = broken.post("/v1/score", json={"lead": LEAD})
        page = broken.post("/", data={"employees": "640"}, headers={"accept": "text/html"})
    assert (answer.status_code, page.status_code) == (500, 500)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["x-request-id"] in page.text
    assert "ZeroDivision" not in page.text
    assert answer.json()["type"].endswith("internal-error")
    assert "ZeroDivision" not in answer.text
    assert "ZeroDivision" in capsys.readouterr().out


def test_a_worker_carries_none_of_trainings_weight(trained: Workspace, tmp_path: Path):
    code = (
        "import sys; from serving.bootstrap import app_from_environment as make; make(); "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & set("
        "'pandas scipy sklearn mlflow lightgbm matplotlib training'.split())))"
    )
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(Database(url))
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={"LEADPACT_WORKSPACE": str(trained.folder), "LEADPACT_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"
