"""People of both teams around one table: a service with a store that holds an edition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import yaml
from starlette.testclient import TestClient

from features.rulebook.document import Rulebook
from models.workspace import Workspace
from serving.access.people import change_person
from serving.access.secrets import form_token
from serving.guarding import FORM_HEADER, cookie_name
from serving.pact.seeding import begin
from serving.state import Worker
from tests.support.access import PASSWORD, Clock, add_person, type_password
from tests.support.service import key_header, make_app, make_worker

ROLES = ("marketing", "sales", "management", "data_science", "admin")
PEOPLE = {role: role for role in ROLES} | {"marketing2": "marketing"}


class Table:
    """A service, a browser for each person, and a key of the CRM."""

    def __init__(self, workspace: Workspace, worker: Worker, clock: Clock, client: TestClient):
        self.workspace, self.worker, self.clock, self.client = workspace, worker, clock, client
        self.people = {
            who: add_person(worker.database, f"{who}@house.example", role, now=clock())
            for who, role in PEOPLE.items()
        }
        self._headers = {who: self._sign_in(who) for who in PEOPLE}
        self.desk = client.app.state.desk  # type: ignore[attr-defined]
        self._reader = key_header(worker.database, "management")
        self.crm = key_header(worker.database, "crm")
        self._admin = key_header(worker.database, "admin")
        begin(worker.database, workspace, clock())

    def _sign_in(self, who: str) -> dict[str, str]:
        browser = TestClient(self.client.app, follow_redirects=False)
        answer = type_password(browser, f"{who}@house.example", PASSWORD)
        assert answer.status_code == 303, answer.text
        gate = self.client.app.state.gate  # type: ignore[attr-defined]
        name = cookie_name(gate, "session")
        secret = browser.cookies[name]
        return {"cookie": f"{name}={secret}", FORM_HEADER: form_token(secret)}

    def ask(self, path: str) -> Any:
        """What anybody may read, by a key, which no clock ends."""
        answer = self.client.get(path, headers=self._reader)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def try_post(self, who: str, path: str, body: Any = None) -> Any:
        """What a person does; a refusal is an answer too."""
        return self.client.post(path, json=body, headers=self._headers[who])

    def try_put(self, who: str, path: str, body: Any) -> Any:
        """The same for what is put."""
        return self.client.put(path, json=body, headers=self._headers[who])

    def post(self, who: str, path: str, body: Any = None) -> Any:
        """What a person does, and is let."""
        answer = self.try_post(who, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def page(self, path: str) -> str:
        """A page as somebody who may propose sees it."""
        answer = self.client.get(path, headers=self._headers["marketing"])
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def open(self, who: str, path: str) -> Any:
        """A page as a person's browser gets it; a refusal is an answer too."""
        return self.client.get(path, headers=self._headers[who] | {"accept": "text/html"})

    def submit(self, who: str, path: str, form: dict[str, str]) -> Any:
        """What a person sends with a page's form; a refusal is an answer too."""
        headers = self._headers[who] | {"accept": "text/html"}
        return self.client.post(path, data=form, headers=headers, follow_redirects=False)

    def put_lead(self, lead_id: str, lead: Any = None) -> Any:
        """The CRM writes a lead."""
        answer = self.client.put(
            f"/v1/leads/{lead_id}", json={"lead": lead or {"employees": 30}}, headers=self.crm
        )
        assert answer.is_success, answer.text
        return answer.json()

    def sign_in_again(self) -> None:
        """After a while: sessions end by themselves."""
        self._headers = {who: self._sign_in(who) for who in PEOPLE}

    def post_get(self, path: str) -> Any:
        """What somebody who may propose reads."""
        answer = self.client.get(path, headers=self._headers["marketing"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    def audit_is_whole(self) -> Any:
        """What a check of the audit log says."""
        return self.client.get("/v1/audit/verification", headers=self._admin).json()

    def audit(self) -> list[dict[str, Any]]:
        """The audit log, newest first."""
        return list(self.client.get("/v1/audit?limit=200", headers=self._admin).json()["entries"])

    def text(self, **changes: Any) -> str:
        """The edition agreed last, with other points or another threshold."""
        latest = self.ask("/v1/editions")["editions"][0]["name"]
        told = yaml.safe_load(self.ask(f"/v1/editions/{latest}")["text"])
        for name, value in changes.items():
            if name in Rulebook.model_fields:
                told[name] = value
                continue
            [criterion] = [c for c in told["criteria"] if c["id"] == name]
            criterion["points"] = value
        return yaml.safe_dump(told, sort_keys=False)

    def _body(self, text: str | None, told: dict[str, Any]) -> dict[str, Any]:
        names = ("effective_from", "wishes")
        more = {name: told.pop(name) for name in names if name in told}
        written = self.text(**told) if text is None else text
        return {"title": "A change", "rationale": "For a reason.", "rulebook": written} | more

    def try_draft(self, text: str) -> Any:
        """Marketing drafts a text."""
        return self.try_post("marketing", "/v1/proposals", self._body(text, {}))

    def draft(self, text: str | None = None, **told: Any) -> str:
        """Marketing drafts other points (by criterion's id) or a whole text; the id."""
        return str(self.post("marketing", "/v1/proposals", self._body(text, told))["id"])

    def edit(self, proposal_id: str, **told: Any) -> None:
        """Sales edits a proposal."""
        answer = self.try_put("sales", f"/v1/proposals/{proposal_id}", self._body(None, told))
        assert answer.is_success, answer.text

    def proposal(self, proposal_id: str) -> Any:
        """A proposal as told."""
        return self.ask(f"/v1/proposals/{proposal_id}")

    def propose(self, proposal_id: str) -> Any:
        """Marketing lays it before both."""
        return self.post("marketing", f"/v1/proposals/{proposal_id}/proposal")

    def try_to_sign(
        self,
        role: str,
        proposal_id: str,
        who: str | None = None,
        sha256: str | None = None,
        **more: Any,
    ) -> Any:
        """Somebody signs what they read."""
        read = sha256 or self.proposal(proposal_id)["sha256"]
        path = f"/v1/proposals/{proposal_id}/signatures"
        return self.try_post(who or role, path, {"sha256": read} | more)

    def sign(self, role: str, proposal_id: str) -> Any:
        """Somebody signs, and may."""
        answer = self.try_to_sign(role, proposal_id)
        assert answer.is_success, answer.text
        return answer.json()

    def agree(self, proposal_id: str) -> Any:
        """Both teams sign."""
        self.sign("marketing", proposal_id)
        return self.sign("sales", proposal_id)

    def change_role(self, who: str, role: str) -> None:
        """A person goes to another team."""
        with self.worker.database.transaction() as connection:
            change_person(connection, "test", self.people[who], role, None, self.clock())


@contextmanager
def sit_down(workspace: Workspace, **changes: Any) -> Iterator[Table]:
    """A table with its service running; `changes` are settings."""
    clock = Clock()
    worker = replace(make_worker(workspace, **changes), clock=clock)
    with TestClient(make_app(worker), follow_redirects=False) as client:
        yield Table(workspace, worker, clock, client)


def points_of(text: str) -> dict[str, float]:
    """The points of the two criteria that tests change."""
    told = {c["id"]: c["points"] for c in yaml.safe_load(text)["criteria"]}
    return {name: told[name] for name in ("webinar", "bought_list")}
