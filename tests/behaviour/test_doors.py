"""People and keys looked after on a page, by an admin and by nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from tests.support.access import PASSWORD, add_person, token_in, type_password
from tests.support.service import NOW, make_app, make_worker

ADMIN, REP = "ada@halden.example", "tom@halden.example"


@pytest.fixture
def house(trained: Workspace) -> Iterator[dict[str, TestClient]]:
    """An admin and a rep who have signed in, and a stranger, at one service."""
    worker = make_worker(trained)
    add_person(worker.database, ADMIN, "admin", "Ada", NOW)
    add_person(worker.database, REP, "sales", "Tom", NOW)
    app = make_app(worker)
    with TestClient(app, follow_redirects=False) as stranger:
        found = {"stranger": stranger}
        for name, email in (("admin", ADMIN), ("rep", REP)):
            found[name] = TestClient(app, follow_redirects=False)
            assert type_password(found[name], email, PASSWORD).status_code == 303
        yield found


def send(browser: TestClient, path: str, **typed: str):
    token = token_in(browser.get("/access").text)
    return browser.post(path, data={"form_token": token, **typed})


def secret_in(html: str) -> str:
    found = re.search(r'<code class="secret">([^<]+)</code>', html)
    assert found is not None
    return found[1]


def id_in(html: str, kind: str, name: str) -> str:
    found = re.search(rf'<th scope="row">{name}.*?/access/{kind}/([0-9a-f]{{16}})"', html, re.S)
    assert found is not None
    return found[1]


def test_a_person_is_added_and_their_link_is_told_once_and_works(house: dict[str, TestClient]):
    admin = house["admin"]
    told = send(admin, "/access/people", name="Rita", email="rita@halden.example", role="marketing")
    assert told.status_code == 200
    link = secret_in(told.text)
    path = "/link/" + link.rpartition("/link/")[2]
    assert house["stranger"].get(path).status_code == 200
    page = admin.get("/access").text
    assert "rita@halden.example" in page
    assert path not in page


def test_what_cannot_be_is_told_at_its_control_and_what_was_typed_stays(
    house: dict[str, TestClient],
):
    admin = house["admin"]
    told = send(admin, "/access/people", name="Rita", email="no address", role="marketing")
    assert told.status_code == 422
    assert 'value="no address"' in told.text
    assert re.search(r'id="person-email"[^>]*aria-describedby="e-person-email"', told.text)
    assert "This is no e-mail address." in told.text
    taken = send(admin, "/access/people", name="Tom", email=REP, role="sales")
    assert (taken.status_code, "has this e-mail address already" in taken.text) == (422, True)
    days = send(admin, "/access/keys", name="CRM", role="crm", days="soon")
    assert (days.status_code, 'id="e-key-days"' in days.text) == (422, True)
    mine = id_in(admin.get("/access").text, "people", "Ada")
    last = send(admin, f"/access/people/{mine}", act="disable")
    assert (last.status_code, "Nobody would be admin any more" in last.text) == (422, True)


def test_a_person_gets_another_role_and_whoever_is_disabled_is_out(house: dict[str, TestClient]):
    admin, rep = house["admin"], house["rep"]
    toms = f"/access/people/{id_in(admin.get('/access').text, 'people', 'Tom')}"
    assert send(admin, toms, act="role", role="management").status_code == 303
    assert rep.get("/v1/me").json()["role"] == "management"
    assert send(admin, toms, act="disable").status_code == 303
    assert rep.get("/v1/me").status_code == 401
    assert send(admin, toms, act="link").status_code == 409
    assert send(admin, toms, act="enable").status_code == 303
    assert "/link/" in secret_in(send(admin, toms, act="link").text)
    assert send(admin, toms, act="promote").status_code == 422


def test_a_key_is_made_renewed_and_ended(house: dict[str, TestClient]):
    admin, machine = house["admin"], house["stranger"]

    def status(key: str) -> int:
        return machine.get("/v1/leads", headers={"authorization": f"Bearer {key}"}).status_code

    made = send(admin, "/access/keys", name="CRM, production", role="crm", days="30")
    first = secret_in(made.text)
    page = admin.get("/access").text
    assert (status(first), first in page) == (200, False)
    path = f"/access/keys/{id_in(page, 'keys', 'CRM, production')}"
    second = secret_in(send(admin, path, act="rotate").text)
    assert second != first
    assert (status(first), status(second)) == (200, 200)
    assert send(admin, path, act="revoke").status_code == 303
    assert (status(first), status(second)) == (401, 401)
    assert "may sign in: 2. Keys of systems that are good: 0." in admin.get("/health").text


def test_nobody_else_comes_in(house: dict[str, TestClient]):
    assert house["rep"].get("/access").status_code == 403
    assert house["stranger"].get("/access").status_code in (303, 401)
    token = token_in(house["rep"].get("/account").text)
    typed = {"form_token": token, "name": "Me", "email": "me@halden.example", "role": "admin"}
    assert house["rep"].post("/access/people", data=typed).status_code == 403
    typed.pop("form_token")
    assert house["admin"].post("/access/people", data=typed).status_code == 403
