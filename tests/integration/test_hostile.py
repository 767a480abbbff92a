"""Hostile values at every entry, on both databases: refused by name, or kept and inert."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from features.cells import make_inert
from models.workspace import Workspace
from serving.addresses import without_addresses
from serving.storage.database import Database
from tests.support.access import PASSWORD, add_person, token_in, type_password
from tests.support.cli import run
from tests.support.databases import url_of
from tests.support.hostile import BROKEN, ODD, TEXTS, as_json
from tests.support.service import key_header, make_client, make_worker

PROBLEM = "application/problem+json"
AT = "2026-08-30T09:00:00Z"
MARK = "%VALUE%"
"""Stands in a body where the hostile value goes, quotes and all."""


def body(value: Any) -> bytes:
    """A body with a hole in it."""
    return json.dumps(value).encode()


LEAD_FIELDS = (
    "industry",
    "job_title",
    "wants",
    "email",
    "employees",
    "phone_given",
    "created_at",
    "account_id",
    "lead_id",
    "no such field",
)
ACTIVITY = {"lead_id": "H1", "occurred_at": AT, "channel": "web", "kind": "visit"}
OUTCOME = {"lead_id": "H1", "at": "2026-08-30", "stage": "won"}
ENTRIES: dict[str, tuple[str, str, bytes]] = {
    **{
        f"PUT {field}": ("PUT", "/v1/leads/H1", body({"lead": {field: MARK}}))
        for field in LEAD_FIELDS
    },
    **{
        f"PATCH {field}": ("PATCH", "/v1/leads/H1", body({"lead": {field: MARK}}))
        for field in ("industry", "email", "employees", "account_id")
    },
    **{
        f"PUT {key}": ("PUT", "/v1/leads/H1", body({"lead": {}} | {key: MARK}))
        for key in ("lead", "owner", "consent_given_at")
    },
    "PUT whole body": ("PUT", "/v1/leads/H1", body(MARK)),
    "PUT consent": ("PUT", "/v1/leads/H1/consent", body({"scoring": MARK, "training": True})),
    **{
        f"score {field}": ("POST", "/v1/score", body({"lead": {field: MARK}}))
        for field in LEAD_FIELDS
    },
    **{
        f"score {key}": ("POST", "/v1/score", body({"lead": {}} | {key: MARK}))
        for key in ("lead", "activities", "as_of", "leads")
    },
    **{
        f"score activity {key}": (
            "POST",
            "/v1/score",
            body({"lead": {}, "activities": [{"occurred_at": AT} | {key: MARK}]}),
        )
        for key in (*ACTIVITY, "account_id", "recorded_at", "team", "value", "nonsense")
    },
    **{
        f"activity {key}": ("POST", "/v1/activities", body(ACTIVITY | {key: MARK}))
        for key in (*ACTIVITY, "account_id", "event_id", "recorded_at", "team", "value", "nonsense")
    },
    "activities": ("POST", "/v1/activities", body({"activities": MARK})),
    "one of two activities": ("POST", "/v1/activities", body({"activities": [ACTIVITY, MARK]})),
    **{
        f"outcome {key}": ("POST", "/v1/outcomes", body(OUTCOME | {key: MARK}))
        for key in (*OUTCOME, "event_id", "amount", "reason", "nonsense")
    },
    "outcomes": ("POST", "/v1/outcomes", body({"outcomes": MARK})),
    **{
        f"privacy {what}": ("POST", f"/v1/privacy/{what}", body({"email": MARK}))
        for what in ("export", "erase")
    },
    **{
        f"feedback {key}": (
            "POST",
            "/v1/leads/H1/feedback",
            body({"kind": "reported", "reason": "other"} | {key: MARK}),
        )
        for key in ("kind", "reason", "line", "note")
    },
    "what-if lead": ("POST", "/v1/what-if", body({"lead": {"industry": MARK}})),
    "what-if id": ("POST", "/v1/what-if", body({"lead_id": MARK})),
    "what-if change": (
        "POST",
        "/v1/what-if",
        body({"lead_id": "H1", "changes": {"industry": MARK}}),
    ),
    "what-if rule": (
        "POST",
        "/v1/what-if",
        body({"lead": {}, "rulebook": {"criteria": {"mid_size": {"points": MARK}}}}),
    ),
    "counterfactual goal": ("POST", "/v1/counterfactual", body({"lead": {}, "goal": MARK})),
    "key name": ("POST", "/v1/keys", body({"name": MARK, "role": "crm"})),
    "person's address": (
        "POST",
        "/v1/people",
        body({"email": MARK, "name": "A", "role": "sales"}),
    ),
}
"""Name -> method, address, body with a hole."""
STATELESS = ("/v1/score", "/v1/what-if", "/v1/counterfactual")
ADMIN = ("/v1/privacy", "/v1/keys", "/v1/people")


Doors = tuple[TestClient, dict[str, dict[str, str]]]


def role_for(address: str) -> str:
    """Who may write to an address."""
    if address.startswith(ADMIN):
        return "admin"
    return "sales" if address.endswith("/feedback") else "crm"


@pytest.fixture
def doors(database: Database, trained: Workspace) -> Iterator[Doors]:
    """A service on either database, and the header of a key of each role that is needed."""
    worker = make_worker(trained, database_url=url_of(database))
    with make_client(worker) as client:
        yield client, {r: key_header(worker.database, r) for r in ("crm", "sales", "admin")}


def refused_well(answer: Any) -> bool:
    """Whether an answer is a refusal that says what is wrong; a defect is neither."""
    assert answer.status_code < 500, answer.text[:500]
    if answer.status_code < 400:
        return False
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["detail"]
    assert told["status"] == answer.status_code
    assert len(answer.content) < 10_000
    return True


def send(doors: Doors, entries: dict[str, Any], values: dict[str, bytes]) -> None:
    """Every value at every entry; what was stored can be read afterwards."""
    client, keys = doors
    assert client.put("/v1/leads/H1", json={"lead": {}}).status_code == 201
    if "postgresql" in str(client.app.state.desk.now.database.url):
        # What keeps nothing is the same on both.
        entries = {k: v for k, v in entries.items() if not v[1].startswith(STATELESS)}
    for entry, (method, address, hole) in entries.items():
        for name, value in values.items():
            content = hole.replace(body(MARK), value)
            headers = {"content-type": "application/json"}
            headers |= keys[role_for(address)]
            answer = client.request(method, address, content=content, headers=headers)
            try:
                refused_well(answer)
            except AssertionError as error:
                raise AssertionError(f"{name} at {entry}") from error
    for address in ("", "/scores", "/explanation", "/timeline"):
        assert client.get(f"/v1/leads/H1{address}").status_code == 200
    assert client.get("/v1/leads?limit=200").json()["leads"]


def test_no_text_breaks_an_entry_and_every_refusal_says_why(
    doors: Doors,
):
    send(doors, ENTRIES, as_json(TEXTS))


def test_no_value_of_another_kind_breaks_an_entry(doors: Doors):
    send(doors, ENTRIES, ODD)


def test_what_is_no_json_is_refused_wherever_it_is_sent(doors: Doors):
    routes = {(method, address): entry for entry, (method, address, _) in ENTRIES.items()}
    send(doors, {entry: ENTRIES[entry] for entry in routes.values()}, BROKEN)


@pytest.mark.parametrize("field", ["industry", "job_title", "wants"])
def test_a_text_comes_back_as_it_was_sent_or_is_refused(doors: Doors, field: str):
    client, _ = doors
    kept = 0
    for name, text in TEXTS.items():
        for method in ("PUT", "PATCH"):
            content = json.dumps({"lead": {field: text}, "owner": "o"})
            headers = {"content-type": "application/json"}
            answer = client.request(method, "/v1/leads/R1", content=content, headers=headers)
            if refused_well(answer):
                continue
            kept += 1
            expected = without_addresses(text)
            assert answer.json()["fields"][field] == expected, name
            assert client.get("/v1/leads/R1").json()["fields"][field] == expected, name
    assert kept == 2 * len(TEXTS)


def test_labels_and_ids_of_events_come_back_as_they_were_sent_or_are_refused(
    doors: Doors,
):
    client, _ = doors
    client.put("/v1/leads/E1", json={"lead": {}})
    kept = 0
    for name, text in TEXTS.items():
        sent = ACTIVITY | {"lead_id": "E1", "kind": text, "event_id": f"{name} {text}"[:200]}
        if refused_well(client.post("/v1/activities", json=sent)):
            continue
        kept += 1
        told = {e["event_id"]: e for e in client.get("/v1/leads/E1/timeline").json()["events"]}
        stored = told[sent["event_id"]]["kind"]
        assert stored == (text.strip() or "other"), name
    assert kept > len(TEXTS) - 4


def test_hostile_ids_headers_and_questions_are_refused_or_found_empty(
    doors: Doors,
):
    client, _ = doors
    for text in TEXTS.values():
        short = text[:300]
        for answer in (
            client.put(f"/v1/leads/{quote(short, safe='')}", json={"lead": {}}),
            client.get(f"/v1/leads/{quote(short, safe='')}"),
            client.get(f"/v1/accounts/{quote(short, safe='')}"),
            *(
                client.get("/v1/leads", params={key: short})
                for key in ("owner", "stage", "grade", "account_id", "cursor", "changed_since")
            ),
        ):
            refused_well(answer)
        seen = short.encode("utf-8", "replace")[:150].replace(b"\r", b"").replace(b"\n", b"")
        for header in ("idempotency-key", "if-match", "x-request-id", "authorization"):
            sent = [(header.encode(), seen), (b"content-type", b"application/json")]
            refused_well(client.put("/v1/leads/Q1", content=b'{"lead": {}}', headers=sent))


def test_pages_show_hostile_texts_as_text_and_files_do_not_run_them(
    database: Database, trained: Workspace
):
    worker = make_worker(trained, database_url=url_of(database))
    add_person(worker.database, "ada@house.example", "sales")
    with make_client(worker, role=None) as browser:
        crm = key_header(worker.database)
        for k, text in enumerate(TEXTS.values()):
            lead = {"industry": text, "job_title": text, "wants": text, "source": text}
            sent = {"lead": lead, "owner": text[:150].strip() or "o"}
            put = browser.put(f"/v1/leads/P{k}", json=sent, headers=crm)
            assert put.status_code == 201, put.text
            did = ACTIVITY | {"lead_id": f"P{k}", "kind": text[:150], "channel": text[:150]}
            assert browser.post("/v1/activities", json=did, headers=crm).status_code == 200
        assert type_password(browser, "ada@house.example", PASSWORD).status_code in (200, 303)
        home = browser.get("/")
        for k, (name, text) in enumerate(TEXTS.items()):
            page = browser.get(f"/leads/P{k}")
            assert page.status_code == 200
            _inert(page.text)
            assert name != "template" or "{{7*7}}" in page.text
            typed = {"industry": text, "wants": text, "employees": text, "kind-0": text}
            form = typed | {"days-ago-0": text[:30], "form_token": token_in(home.text)}
            shown = browser.post("/", data=form)
            assert shown.status_code in (200, 422)
            _inert(shown.text)
            for question in ({"q": text[:150]}, {"owner": text[:150]}):
                found = browser.get("/leads", params=question)
                assert found.status_code in (200, 422)
                _inert(found.text)
        listed = browser.get("/leads.csv")
        assert listed.status_code == 200
        cells = [c for row in csv.reader(io.StringIO(listed.text, newline="")) for c in row]
        assert cells
        assert [c for c in cells if make_inert(c) != c] == []


def _inert(page: str) -> None:
    """No element of a hostile text has become an element of the page."""
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>b</b>" not in page


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_a_file_of_hostile_cells_is_scored_or_set_aside_and_what_is_written_is_inert(
    trained: Workspace, tmp_path: Path, ending: str
):
    rows = [
        {"lead_id": f"{text[:100]}{k}", "industry": text, "job_title": text, "employees": text}
        for k, text in enumerate(TEXTS.values())
    ]
    source, out = tmp_path / f"leads.{ending}", tmp_path / "scores.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        if ending == "csv":
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    done = run("score", source, "--out", out, "-w", trained.folder, "--json")
    assert done.code == 1, done.err
    assert done.json["scored"] + done.json["set_aside"] == len(rows)
    assert done.json["set_aside"] > 0
    for path in (out, Path(done.json["quarantine"])):
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert [c for c in cells if make_inert(c) != c] == []


@pytest.mark.parametrize("name", [*ODD, *(n for n in BROKEN if "megabytes" not in n)])
def test_a_file_with_a_broken_value_is_refused_or_its_row_set_aside(
    trained: Workspace, tmp_path: Path, name: str
):
    source, out = tmp_path / "leads.ndjson", tmp_path / "scores.csv"
    good = b'{"lead_id": "a", "industry": "retail"}\n'
    source.write_bytes(good + b'{"lead_id": "b", "industry": ' + (ODD | BROKEN)[name] + b"}\n")
    done = run("score", source, "--out", out, "-w", trained.folder)
    assert done.code in (0, 1, 3), done.err
    if done.code == 3:
        assert "leads.ndjson" in done.err
        assert not out.exists()
