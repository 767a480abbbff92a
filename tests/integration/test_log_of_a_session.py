"""A whole session with a real service, failures and all: its log tells every request, no secret."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import structlog
from starlette.testclient import TestClient

from models.workspace import Workspace
from tests.support.access import PASSWORD, token_in, type_password
from tests.support.cli import run
from tests.support.logs import lines, log_kept
from tests.support.server import key_header, started
from tests.support.service import make_app, make_worker

WRONG = "Wrong-Horse-Battery-9"
PEOPLE = ("ada.marsh@example.com", "bo.lindqvist@example.com", "ines.duarte@example.com")


@dataclass
class Session:
    """What was said in a session that nobody must find in the log."""

    folder: Path
    address: str
    secrets: list[str] = field(default_factory=lambda: [PASSWORD, WRONG, *PEOPLE])
    asked: Counter[str] = field(default_factory=Counter)

    def browser(self, **options: Any) -> httpx2.Client:
        """A client whose requests are counted and whose cookies must not be logged."""

        def note(answer: httpx2.Response) -> None:
            self.asked[answer.headers["x-request-id"]] += 1
            self.secrets += list(answer.cookies.values())

        hooks = {"response": [note]}
        return httpx2.Client(base_url=self.address, event_hooks=hooks, timeout=30, **options)


def become_admin(session: Session, browser: httpx2.Client) -> None:
    told = run("access", "first-link", "-w", session.folder).out
    found = re.search(r"/link/(\S{43})", told)
    assert found is not None
    session.secrets.append(found[1])
    form = token_in(browser.get(f"/link/{found[1]}").text)
    session.secrets.append(form)
    typed = {"email": PEOPLE[0], "name": "Ada", "password": PASSWORD, "again": PASSWORD}
    assert browser.post(f"/link/{found[1]}", data=typed | {"form_token": form}).status_code == 303
    assert browser.get(f"/link/{found[1]}").status_code == 404


def manage(session: Session, admin: httpx2.Client) -> None:
    token = {"x-form-token": token_in(admin.get("/account").text)}
    session.secrets.append(token["x-form-token"])
    wanted = {"email": PEOPLE[1], "name": "Bo", "role": "sales"}
    made = admin.post("/v1/people", json=wanted, headers=token)
    assert made.status_code == 201
    session.secrets.append(made.json()["link"].rsplit("/", 1)[-1])
    key = admin.post("/v1/keys", json={"name": "CRM", "role": "crm"}, headers=token).json()
    again = admin.post(f"/v1/keys/{key['id']}/rotation", headers=token).json()
    session.secrets += [key["key"], again["key"]]
    assert admin.get("/v1/people", headers={"authorization": f"Bearer {key['key']}"}).status_code


def fail(session: Session, anybody: httpx2.Client, key: dict[str, str]) -> None:
    """Every way to be refused."""
    assert type_password(anybody, PEOPLE[0], WRONG).status_code >= 400
    unknown = f"lpk_{'0' * 16}_{'x' * 43}"
    session.secrets.append(unknown)
    bearer = {"authorization": f"Bearer {unknown}"}
    assert anybody.get("/v1/leads", headers=bearer).status_code == 401
    assert anybody.get(f"/nothing/{PEOPLE[2]}?password={WRONG}").status_code == 404
    path = "/v1/leads/L1"
    broken = f'{{"lead": {{"email": "{PEOPLE[2]}"'
    json_type = {"content-type": "application/json"}
    assert anybody.put(path, content=broken, headers=key | json_type).status_code == 400
    wrong = {"lead": {"email": PEOPLE[2], "employees": PEOPLE[1]}}
    assert anybody.put(path, json=wrong, headers=key).status_code == 422
    assert anybody.request("BREW", path, headers=key).status_code == 405
    assert anybody.get(f"/v1/leads/{PEOPLE[2]}", headers=key).status_code in (404, 422)


def whole(session: Session) -> None:
    """From the first link to the last refusal."""
    with session.browser() as admin, session.browser() as anybody:
        become_admin(session, admin)
        manage(session, admin)
        key = key_header(session.folder)
        session.secrets.append(key["authorization"].removeprefix("Bearer "))
        lead = {"lead": {"email": PEOPLE[2], "employees": 640}}
        for _ in range(2):
            headers = key | {"idempotency-key": "once"}
            assert anybody.put("/v1/leads/L1", json=lead, headers=headers).status_code == 201
        fail(session, anybody, key)


def test_the_log_of_a_whole_session_tells_every_request_and_no_secret(
    trained: Workspace, tmp_path: Path
):
    folder, log = tmp_path / "halden", tmp_path / "log"
    shutil.copytree(trained.folder, folder, ignore=shutil.ignore_patterns("store.db*"))
    with started(folder, log=log, log_level="debug") as (_, address):
        said = Session(folder, address)
        whole(said)
    text = log.read_text(encoding="utf-8")
    for secret in said.secrets:
        assert secret not in text, secret
        assert secret.partition("@")[0] not in text, secret
    every = [json.loads(line) for line in text.splitlines()]
    told = [line for line in every if line["event"] == "request"]
    # The service was asked whether it is ready before the session began.
    assert said.asked <= Counter(line["request_id"] for line in told)
    assert sum(said.asked.values()) > 15
    [first, again] = [x for x in told if (x["method"], x["status"]) == ("PUT", 201)]
    assert first["route"] == "/v1/leads/{lead_id}"
    assert re.fullmatch(r"key [0-9a-f]{16}", first["caller"])
    assert first["request_id"] != again["request_id"]
    assert {x["status"] for x in told} >= {200, 201, 303, 400, 401, 404, 405, 422}
    assert {x["method"] for x in told} >= {"GET", "PUT", "POST", "other"}


def test_a_defect_is_told_under_the_requests_id_without_what_it_quotes(trained: Workspace):
    with log_kept() as written:
        app = make_app(make_worker(trained))

        @app.get("/broken")
        def broken() -> None:
            structlog.get_logger("a library").warning("half way", whose=PEOPLE[2])
            raise RuntimeError(f"no password {WRONG} of {PEOPLE[2]} with lpk_{'0' * 16}_{'x' * 43}")

        with TestClient(app) as client:
            answer = client.get("/broken", headers={"x-request-id": "r-7"})
    assert answer.status_code == 500
    assert answer.json()["instance"].endswith("r-7")
    for part in (WRONG, PEOPLE[2], "x" * 43):
        assert part not in answer.text
    half_way, failed, request = (x for x in lines(written) if x.get("request_id") == "r-7")
    assert half_way["whose"] == "…@example.com"
    assert (failed["event"], failed["route"], request["status"]) == ("failed", "/broken", 500)
    assert 'in broken\n    raise RuntimeError(f"no password' in failed["exception"]
    assert PEOPLE[2] not in written.getvalue()
    assert "x" * 43 not in written.getvalue()
