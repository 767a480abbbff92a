"""Access as its users meet it: keys, the first admin, people, sessions, limits."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI
from markupsafe import escape
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from serving.access.people import first_start_link
from serving.access.permissions import (
    PERMISSIONS,
    ROLES,
    as_markdown,
    permissions_of,
    permissions_of_key,
)
from serving.access.secrets import form_token
from serving.access.sessions import sweep
from serving.guarding import UndeclaredRoute, allow, route_permissions
from serving.storage.access_tables import api_keys, audit, links, people, sessions, sign_in_tries
from serving.storage.audit import verify
from serving.storage.database import Database
from tests.support.access import PASSWORD, START, House, token_in, type_password

ROOT = Path(__file__).parents[2]
HOUR = 3600


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.fixture
def admin(house: House) -> TestClient:
    """A machine that may look after access."""
    return house.client(house.key("admin").text)


def actions(house: House) -> list[str]:
    with house.database.reading() as connection:
        return list(connection.execute(select(audit.c.action).order_by(audit.c.seq)).scalars())


def everything_stored(house: House) -> str:
    with house.database.reading() as connection:
        tables = (api_keys, audit, links, people, sessions)
        return repr([connection.execute(select(t)).all() for t in tables])


# The table ---------------------------------------------------------------------------------------


def test_every_role_meets_every_permission_as_the_table_says(tmp_path: Path):
    house = House(Database(f"sqlite:///{tmp_path / 'store.db'}"), requests_per_minute=10_000)
    for role in ROLES:
        house.person(f"{role}@example.com", role)
        browser = house.signed_in(f"{role}@example.com")
        machine = house.client(house.key(role).text)
        for name, told in PERMISSIONS.items():
            may = role in told.roles
            assert browser.get(f"/t/{name}").status_code == (200 if may else 403), (role, name)
            may = may and not told.people_only
            assert machine.get(f"/t/{name}").status_code == (200 if may else 403), (role, name)
            assert house.client().get(f"/t/{name}").status_code == 401
    house.database.close()


def test_the_document_is_the_table():
    assert (ROOT / "docs" / "permissions.md").read_text() == as_markdown()
    for role in ROLES:
        assert permissions_of(role) == {n for n, p in PERMISSIONS.items() if role in p.roles}
    assert permissions_of("nobody") == frozenset()
    assert "rulebook.sign" not in permissions_of_key("sales")


def test_no_role_both_looks_after_keys_and_signs():
    for role in ROLES:
        assert not {"keys.manage", "rulebook.sign"} <= permissions_of(role)
    assert {r for r in ROLES if "rulebook.sign" in permissions_of(r)} == {"marketing", "sales"}


def test_every_route_declares_one_permission_or_stands_on_the_public_list(house: House):
    found = route_permissions(house.app)
    assert found["GET", "/v1/keys"] == "keys.manage"
    assert found["PATCH", "/v1/people/{person_id}"] == "people.manage"
    assert found["POST", "/sign-out"] == "own.account"
    assert found["POST", "/sign-in"] is None


@pytest.mark.parametrize("guards", [[], ["leads.read", "leads.write"]])
def test_a_route_with_no_permission_or_several_is_found(house: House, guards: list[str]):
    @house.app.get("/open", dependencies=[Depends(allow(name)) for name in guards])
    def unguarded() -> None:
        """Nobody said who may."""

    with pytest.raises(UndeclaredRoute, match="/open"):
        route_permissions(house.app)


def test_a_public_route_that_declares_a_permission_is_found():
    app = FastAPI(redoc_url=None)

    @app.get("/healthz", dependencies=[Depends(allow("leads.read"))])
    def confused() -> None:
        """Public and not."""

    with pytest.raises(UndeclaredRoute, match="/healthz"):
        route_permissions(app)


def test_a_permission_that_does_not_exist_stops_the_program_from_starting():
    with pytest.raises(KeyError, match=r"leads\.reed"):
        allow("leads.reed")


# Keys --------------------------------------------------------------------------------------------


def test_a_key_is_told_once_and_only_its_hash_is_kept(house: House, admin: TestClient):
    made = admin.post("/v1/keys", json={"name": "CRM", "role": "crm"})
    assert made.status_code == 201
    key = made.json()["key"]
    assert re.fullmatch(r"lpk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", key)
    secret = key.split("_", 2)[2]
    assert secret not in everything_stored(house)
    assert secret not in admin.get("/v1/keys").text
    assert secret not in admin.get("/v1/audit").text
    machine = house.client(key)
    assert machine.get("/t/leads.write").json() == f"key {made.json()['id']}"
    assert machine.get("/v1/me").json()["role"] == "crm"
    assert machine.get("/v1/keys").status_code == 403


def test_a_key_can_be_narrowed_and_never_widened(house: House, admin: TestClient):
    wanted = {"name": "reader", "role": "crm", "scopes": ["leads.read"]}
    machine = house.client(admin.post("/v1/keys", json=wanted).json()["key"])
    assert machine.get("/t/leads.read").status_code == 200
    assert machine.get("/t/leads.write").status_code == 403
    for scopes in (["keys.manage"], ["rulebook.sign"], ["nonsense"], []):
        answer = admin.post("/v1/keys", json=wanted | {"role": "sales", "scopes": scopes})
        assert answer.status_code == 422, scopes
        assert answer.json()["errors"][0]["pointer"] == "/scopes"


def test_a_key_works_until_it_expires(house: House, admin: TestClient):
    wanted = {"name": "short", "role": "crm", "expires_at": "2026-09-01T13:00:00Z"}
    machine = house.client(admin.post("/v1/keys", json=wanted).json()["key"])
    house.clock.wait(HOUR - 1)
    assert machine.get("/t/leads.read").status_code == 200
    house.clock.wait(1)
    assert machine.get("/t/leads.read").status_code == 401
    assert admin.post("/v1/keys", json=wanted).status_code == 422


def test_a_rotated_keys_old_secret_works_for_the_overlap(house: House, admin: TestClient):
    old = house.key()
    new = admin.post(f"/v1/keys/{old.id}/rotation").json()["key"]
    for key in (old.text, new):
        assert house.client(key).get("/t/leads.read").status_code == 200
    house.clock.wait(24 * HOUR)
    assert house.client(old.text).get("/t/leads.read").status_code == 401
    assert house.client(new).get("/t/leads.read").status_code == 200


def test_a_revoked_key_is_dead_at_once_with_its_old_secret(house: House, admin: TestClient):
    old = house.key()
    new = admin.post(f"/v1/keys/{old.id}/rotation").json()["key"]
    assert admin.delete(f"/v1/keys/{old.id}").status_code == 204
    assert admin.delete(f"/v1/keys/{old.id}").status_code == 204
    for key in (old.text, new):
        assert house.client(key).get("/t/leads.read").status_code == 401
    assert admin.post(f"/v1/keys/{old.id}/rotation").status_code == 409
    assert actions(house).count("key revoked") == 1
    for path in ("/v1/keys/0000000000000000",):
        assert admin.delete(path).status_code == 404
        assert admin.post(f"{path}/rotation").status_code == 404


def test_last_use_is_known_to_the_hour_without_a_write_a_request(house: House, admin: TestClient):
    key = house.key()

    def last_use() -> str:
        return next(k for k in admin.get("/v1/keys").json()["keys"] if k["id"] == key.id)[
            "last_used_at"
        ]

    assert last_use() is None
    machine = house.client(key.text)
    machine.get("/t/leads.read")
    first = last_use()
    house.clock.wait(HOUR - 1)
    machine.get("/t/leads.read")
    assert last_use() == first
    house.clock.wait(1)
    machine.get("/t/leads.read")
    assert last_use() > first


@pytest.mark.parametrize(
    "header",
    [
        "Bearer ",
        "Bearer lpk_",
        "Bearer lpk_0000000000000000_" + "x" * 43,
        "Basic YTpi",
        "Bearer lpk_%00_\u00e9",
        "lpk_0000000000000000",
    ],
)
def test_what_is_no_key_is_refused_alike(house: House, header: str):
    answer = house.client().get("/t/leads.read", headers={"authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_of_another_is_not_opened_by_ones_own_secret(house: House):
    one, other = house.key("crm"), house.key("admin")
    mixed = f"lpk_{other.id}_{one.text.split('_', 2)[2]}"
    assert house.client(mixed).get("/t/leads.read").status_code == 401


BAD_KEYS = [
    {},
    [],
    {"name": "x", "role": "god"},
    {"name": "", "role": "crm"},
    {"name": "a\x00b", "role": "crm"},
    {"name": "x" * 121, "role": "crm"},
    {"name": "x", "role": "crm", "secret": "mine"},
    {"name": 3, "role": "crm"},
    {"name": "x", "role": "crm", "expires_at": "2027-01-01T00:00:00"},
    {"name": "x", "role": "crm", "expires_at": "soon"},
    {"name": "x", "role": "crm", "expires_at": "9999-12-31T23:59:59Z", "scopes": [1]},
]


@pytest.mark.parametrize("wanted", BAD_KEYS, ids=str)
def test_a_key_that_cannot_be_is_refused_by_name(admin: TestClient, wanted: object):
    answer = admin.post("/v1/keys", json=wanted)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert len(admin.get("/v1/keys").json()["keys"]) == 1


# The first start ---------------------------------------------------------------------------------


def first(house: House) -> str:
    link = first_start_link(house.database, house.clock())
    assert link is not None
    return link.path


def become_admin(browser: TestClient, path: str, **changes: str) -> object:
    return fill_in(browser, path, form_of(browser, path), **changes)


def form_of(browser: TestClient, path: str) -> str:
    page = browser.get(path)
    assert page.status_code == 200, page.text
    return token_in(page.text)


def fill_in(browser: TestClient, path: str, token: str, **changes: str) -> object:
    typed = {
        "email": "Ada@Example.com",
        "name": "Ada Marsh",
        "password": PASSWORD,
        "again": PASSWORD,
        "form_token": token,
    }
    return browser.post(path, data=typed | changes)


def test_the_first_link_makes_the_first_admin_once(house: House):
    path, browser = first(house), house.client()
    assert path.rsplit("/", 1)[1] not in everything_stored(house)
    done = become_admin(browser, path)
    assert done.status_code == 303
    told = browser.get("/v1/me").json()
    assert (told["role"], told["name"]) == ("admin", "Ada Marsh")
    assert browser.get(path).status_code == 404
    assert house.client().post(path, data={}).status_code == 404
    assert first_start_link(house.database, house.clock()) is None
    assert house.signed_in("ada@example.com").get("/account").status_code == 200
    assert PASSWORD not in everything_stored(house)


def test_the_first_link_dies_after_a_day_and_when_another_is_made(house: House):
    old = first(house)
    new = first(house)
    assert house.client().get(old).status_code == 404
    house.clock.wait(24 * HOUR - 1)
    assert house.client().get(new).status_code == 200
    house.clock.wait(1)
    assert house.client().get(new).status_code == 404


def test_two_who_open_the_first_link_make_one_admin(house: House):
    path = first(house)
    browsers = [house.client() for _ in range(4)]
    tokens = [form_of(browser, path) for browser in browsers]

    def use(k: int) -> int:
        return fill_in(browsers[k], path, tokens[k], email=f"p{k}@example.com").status_code

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(use, range(4)))
    assert told == [303, 404, 404, 404]
    with house.database.reading() as connection:
        assert len(connection.execute(select(people)).all()) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"password": "short", "again": "short"}, "5 characters"),
        ({"again": "another sentence"}, "not the same"),
        ({"password": "passwordpassword12345", "again": "passwordpassword12345"}, "guessed first"),
        ({"password": "ada@example.com!", "again": "ada@example.com!"}, "guessed first"),
        ({"email": "nonsense"}, "no e-mail address"),
        ({"name": " "}, "A name was expected"),
        ({"form_token": "0" * 64}, "page of this service"),
    ],
)
def test_a_first_admin_that_cannot_be_uses_nothing_up(house: House, changes: dict, says: str):
    path, browser = first(house), house.client()
    answer = become_admin(browser, path, **changes)
    assert answer.status_code == 422
    assert says in answer.text
    assert changes.get("password", PASSWORD) not in answer.text
    assert become_admin(browser, path).status_code == 303


def test_nobody_has_a_default_password(house: House):
    with house.database.reading() as connection:
        assert connection.execute(select(people)).all() == []
    for password in ("", "admin", "leadpact", "password"):
        assert type_password(house.client(), "admin", password).status_code == 401


# People ------------------------------------------------------------------------------------------


def test_a_person_is_added_chooses_a_password_and_signs_in(house: House, admin: TestClient):
    told = {"email": "Bo@Example.com", "name": "Bo", "role": "sales"}
    made = admin.post("/v1/people", json=told)
    assert made.status_code == 201
    assert admin.post("/v1/people", json=told).status_code == 409
    assert type_password(house.client(), "bo@example.com", "").status_code == 401
    browser = house.client()
    assert become_admin(browser, made.json()["link"], email="else@example.com").status_code == 303
    me = browser.get("/v1/me").json()
    assert (me["id"], me["role"], me["name"]) == (made.json()["person_id"], "sales", "Bo")
    [listed] = admin.get("/v1/people").json()["people"]
    assert (listed["email"], listed["has_password"]) == ("bo@example.com", True)


def test_a_forgotten_password_is_replaced_and_ends_every_session(house: House, admin: TestClient):
    person = house.person("bo@example.com", "sales")
    browser = house.signed_in("bo@example.com")
    old = admin.post(f"/v1/people/{person}/link").json()["link"]
    link = admin.post(f"/v1/people/{person}/link").json()["link"]
    assert house.client().get(old).status_code == 404
    other = "seven quiet ferries at noon"
    assert become_admin(house.client(), link, password=other, again=other).status_code == 303
    assert browser.get("/v1/me").status_code == 401
    assert type_password(house.client(), "bo@example.com", PASSWORD).status_code == 401
    assert type_password(house.client(), "bo@example.com", other).status_code == 303


def test_a_disabled_person_is_out_at_once(house: House, admin: TestClient):
    person = house.person("bo@example.com", "sales")
    link = admin.post(f"/v1/people/{person}/link").json()["link"]
    browser = house.signed_in("bo@example.com")
    assert admin.patch(f"/v1/people/{person}", json={"disabled": True}).status_code == 204
    assert browser.get("/v1/me").status_code == 401
    assert house.client().get(link).status_code == 404
    assert type_password(house.client(), "bo@example.com", PASSWORD).status_code == 401
    assert admin.post(f"/v1/people/{person}/link").status_code == 409
    assert admin.patch(f"/v1/people/{person}", json={"disabled": False}).status_code == 204
    assert house.signed_in("bo@example.com").get("/v1/me").status_code == 200


def test_another_role_takes_effect_with_the_next_request(house: House, admin: TestClient):
    person = house.person("bo@example.com", "sales")
    browser = house.signed_in("bo@example.com")
    assert browser.get("/t/rulebook.scope").status_code == 403
    assert admin.patch(f"/v1/people/{person}", json={"role": "management"}).status_code == 204
    assert browser.get("/t/rulebook.scope").status_code == 200
    assert admin.patch(f"/v1/people/{person}", json={"role": "god"}).status_code == 422
    assert admin.patch("/v1/people/" + "0" * 16, json={"role": "sales"}).status_code == 404


@pytest.mark.parametrize("change", [{"role": "sales"}, {"disabled": True}])
def test_the_last_admin_stays(house: House, admin: TestClient, change: dict):
    last = house.person("ada@example.com", "admin")
    assert admin.patch(f"/v1/people/{last}", json=change).status_code == 409
    house.person("bo@example.com", "admin")
    assert admin.patch(f"/v1/people/{last}", json=change).status_code == 204


def test_two_admins_who_unmake_each_other_leave_one(house: House, admin: TestClient):
    both = [house.person(f"p{k}@example.com", "admin") for k in range(2)]

    def unmake(person: str) -> int:
        return admin.patch(f"/v1/people/{person}", json={"role": "sales"}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(unmake, both)) == [204, 409]


# Signing in --------------------------------------------------------------------------------------


def cookie(answer: object, name: str) -> str:
    return next(c for c in answer.headers.get_list("set-cookie") if c.startswith(name) and "=" in c)


def test_a_sign_in_gives_a_new_cookie_that_scripts_cannot_read(house: House):
    house.person("bo@example.com", "sales")
    browser = house.client()
    answer = type_password(browser, "BO@example.com ", PASSWORD, next="/account")
    told = cookie(answer, "leadpact_session")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(told.split("; "))
    assert answer.headers["location"] == "/account"
    first_secret = browser.cookies["leadpact_session"]
    assert first_secret not in everything_stored(house)
    type_password(browser, "bo@example.com", PASSWORD)
    assert browser.cookies["leadpact_session"] != first_secret
    stale = house.client()
    stale.cookies.set("leadpact_session", first_secret)
    assert stale.get("/v1/me").status_code == 401


def test_by_https_cookies_are_secure_and_bound_to_the_host(tmp_path: Path):
    house = House(Database(f"sqlite:///{tmp_path / 'store.db'}"), https=True)
    house.person("bo@example.com", "sales")
    browser = house.client()
    told = cookie(type_password(browser, "bo@example.com", PASSWORD), "__Host-leadpact_session")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(told.split("; "))
    assert browser.get("/v1/me").status_code == 200
    house.database.close()


def test_a_session_ends_when_idle_and_at_the_latest_after_its_hours(house: House):
    house.person("bo@example.com", "sales")
    browser = house.signed_in("bo@example.com")
    for _ in range(23):
        house.clock.wait(29 * 60)
        assert browser.get("/v1/me").status_code == 200
    house.clock.wait(30 * 60)
    assert browser.get("/v1/me").status_code == 401
    browser = house.signed_in("bo@example.com")
    for _ in range(25):
        house.clock.wait(28 * 60)
        browser.get("/v1/me")
    house.clock.wait(20 * 60)
    assert browser.get("/v1/me").status_code == 401


def test_a_sweep_removes_what_has_ended_and_nothing_else(house: House):
    house.person("bo@example.com", "sales")
    old = house.signed_in("bo@example.com")
    type_password(house.client(), "bo@example.com", "wrong")
    link = first(house)
    house.clock.wait(29 * 60)
    new = house.signed_in("bo@example.com")

    def stored() -> list[int]:
        with house.database.reading() as connection:
            every = (sessions, sign_in_tries, links)
            return [len(connection.execute(select(t)).all()) for t in every]

    def sweep_now() -> None:
        with house.database.transaction() as connection:
            sweep(connection, house.gate.settings, house.clock())

    before = stored()
    sweep_now()
    assert stored() == before
    house.clock.wait(60)
    sweep_now()
    assert stored() == [before[0] - 1, *before[1:]]
    assert (old.get("/v1/me").status_code, new.get("/v1/me").status_code) == (401, 200)
    assert house.client().get(link).status_code == 200
    house.clock.wait(3 * 24 * HOUR)
    sweep_now()
    assert stored() == [0, 0, 0]


def test_signing_out_ends_the_session_on_the_server(house: House):
    house.person("bo@example.com", "sales")
    browser = house.signed_in("bo@example.com")
    secret = browser.cookies["leadpact_session"]
    page = browser.get("/account")
    assert "Ada Marsh" in page.text
    answer = browser.post("/sign-out", data={"form_token": token_in(page.text)})
    assert answer.headers["location"] == "/sign-in"
    thief = house.client()
    thief.cookies.set("leadpact_session", secret)
    assert thief.get("/v1/me").status_code == 401


def test_a_page_sends_whoever_is_not_signed_in_to_sign_in_and_back(house: House):
    answer = house.client().get("/account")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/account"
    page = house.client().get("/sign-in?next=/account")
    assert 'value="/account"' in page.text


@pytest.mark.parametrize(
    "after", ["//evil.test", "https://evil.test", "/\\evil.test", "evil", "/a\r\nx: y", "/?a=//b"]
)
def test_nobody_is_sent_away_after_signing_in(house: House, after: str):
    house.person("bo@example.com", "sales")
    answer = type_password(house.client(), "bo@example.com", PASSWORD, next=after)
    assert answer.headers["location"] == "/"


def test_a_write_from_another_site_is_refused(house: House):
    house.person("bo@example.com", "sales")
    browser = house.signed_in("bo@example.com")
    assert browser.post("/t/feedback.write").status_code == 403
    assert browser.post("/sign-out", data={"form_token": "0" * 64}).status_code == 403
    own = form_token(browser.cookies["leadpact_session"])
    other = form_token(house.signed_in("bo@example.com").cookies["leadpact_session"])
    for token, status in ((other, 403), (own, 200)):
        answer = browser.post("/t/feedback.write", headers={"x-form-token": token})
        assert answer.status_code == status
        answer = browser.post("/t/feedback.write", data={"form_token": token})
        assert answer.status_code == status
    key = house.key("sales").text
    assert house.client(key).post("/t/feedback.write").status_code == 200


def test_a_sign_in_from_another_site_is_refused(house: House):
    house.person("bo@example.com", "sales")
    typed = {"email": "bo@example.com", "password": PASSWORD}
    assert house.client().post("/sign-in", data=typed).status_code == 403
    browser, other = house.client(), house.client()
    browser.get("/sign-in")
    token = token_in(other.get("/sign-in").text)
    assert browser.post("/sign-in", data=typed | {"form_token": token}).status_code == 403


def test_what_was_wrong_with_a_sign_in_is_not_told(house: House):
    house.person("bo@example.com", "sales")
    told = [
        type_password(house.client(), email, password)
        for email, password in (
            ("bo@example.com", "wrong password here"),
            ("nobody@example.com", PASSWORD),
            ("no\x00body", PASSWORD),
            ("bo@example.com", ""),
        )
    ]
    texts = {
        re.sub(r'value="[^"]*"', "", answer.text) for answer in told if answer.status_code == 401
    }
    assert len(told) == 4
    assert [a.status_code for a in told] == [401] * 4
    assert len(texts) == 1


def test_wrong_passwords_cost_time_and_the_right_one_waits_too(house: House):
    house.person("bo@example.com", "sales")
    for email in ("bo@example.com", "nobody@example.com"):
        told = [type_password(house.client(), email, "wrong").status_code for _ in range(6)]
        assert told == [401] * 5 + [429], email
    blocked = type_password(house.client(), "bo@example.com", PASSWORD)
    assert blocked.status_code == 429
    assert blocked.headers["retry-after"] == "30"
    house.clock.wait(30)
    assert type_password(house.client(), "bo@example.com", "wrong").status_code == 401
    house.clock.wait(59)
    assert type_password(house.client(), "bo@example.com", PASSWORD).status_code == 429
    house.clock.wait(1)
    assert type_password(house.client(), "bo@example.com", PASSWORD).status_code == 303
    assert type_password(house.client(), "bo@example.com", "wrong").status_code == 401


def test_one_address_cannot_try_many_accounts(house: House):
    told = [
        type_password(house.client(), f"p{k}@example.com", "wrong").status_code for k in range(31)
    ]
    assert told == [401] * 30 + [429]


def test_guesses_at_once_do_not_slip_through_together(house: House):
    house.person("bo@example.com", "sales")
    browsers = [house.client() for _ in range(12)]

    def guess(browser: TestClient) -> int:
        return type_password(browser, "bo@example.com", "wrong").status_code

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(guess, browsers))
    assert told.count(401) == 5
    assert told.count(429) == 7


# Limits, audit, hostile input --------------------------------------------------------------------


def test_a_caller_is_told_where_they_stand_and_stopped_at_the_limit(tmp_path: Path):
    house = House(Database(f"sqlite:///{tmp_path / 'store.db'}"), requests_per_minute=3)
    one, other = house.client(house.key().text), house.client(house.key().text)
    told = [one.get("/t/leads.read") for _ in range(4)]
    assert [a.status_code for a in told] == [200, 200, 200, 429]
    assert told[0].headers["ratelimit-policy"] == '"default";q=3;w=60'
    remaining = [re.fullmatch(r'"default";r=(\d);t=(\d+)', a.headers["ratelimit"]) for a in told]
    assert [m[1] for m in remaining] == ["2", "1", "0", "0"]
    assert told[3].headers["content-type"] == "application/problem+json"
    assert 1 <= int(told[3].headers["retry-after"]) <= 60
    assert "retry-after" not in told[0].headers
    assert other.get("/t/leads.read").status_code == 200
    house.database.close()


def test_failing_to_be_known_is_limited_too(tmp_path: Path):
    house = House(Database(f"sqlite:///{tmp_path / 'store.db'}"), requests_per_minute=3)
    stranger = house.client("lpk_no")
    assert [stranger.get("/t/leads.read").status_code for _ in range(4)] == [401] * 3 + [429]
    assert house.client(house.key().text).get("/t/leads.read").status_code == 200
    house.database.close()


def test_what_is_done_to_access_is_in_the_log_without_names_or_secrets(
    house: House, admin: TestClient
):
    told = {"email": "bo@example.com", "name": "Bo Lind", "role": "sales"}
    person = admin.post("/v1/people", json=told).json()["person_id"]
    become_admin(house.client(), admin.post(f"/v1/people/{person}/link").json()["link"])
    browser = house.signed_in("bo@example.com")
    type_password(house.client(), "bo@example.com", "wrong")
    type_password(house.client(), "nobody@example.com", "wrong")
    browser.post("/sign-out", data={"form_token": token_in(browser.get("/account").text)})
    assert actions(house) == [
        "key made",
        "person added",
        "link made",
        "password set",
        "signed in",
        "sign-in refused",
        "sign-in refused",
        "signed out",
    ]
    log = admin.get("/v1/audit?limit=3").json()
    more = admin.get(f"/v1/audit?before={log['next_before']}").json()
    assert [e["seq"] for e in log["entries"] + more["entries"]] == list(range(8, 0, -1))
    assert more["next_before"] is None
    told = admin.get("/v1/audit").text
    assert not any(word in told for word in ("bo@", "Bo Lind", "nobody@", PASSWORD))
    assert admin.get("/v1/audit/verification").json()["whole"] is True
    with house.database.transaction() as connection:
        connection.execute(insert(audit).values(TAMPERED))
        assert verify(connection).faults
    assert admin.get("/v1/audit/verification").json()["whole"] is False


TAMPERED = {
    "seq": 9,
    "at": int(START.astype("int64")),
    "actor": "x",
    "action": "x",
    "subject": "",
    "details": "{}",
    "previous": "0",
    "hash": "0",
}


@pytest.mark.parametrize("text", ["a\u202eevil", "a\x1b[31m", "\x00", "x" * 121, " "])
def test_names_that_would_deceive_are_refused(admin: TestClient, text: str):
    told = {"email": "bo@example.com", "name": text, "role": "sales"}
    answer = admin.post("/v1/people", json=told)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "{{7*7}}", "=1+1", "'; DROP TABLE"])
def test_hostile_names_are_shown_inert(house: House, admin: TestClient, text: str):
    told = {"email": "bo@example.com", "name": text, "role": "sales"}
    made = admin.post("/v1/people", json=told)
    assert made.status_code == 201
    page = house.client().get(made.json()["link"])
    assert f"For {escape(text)}, bo@example.com." in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"email=%00&password=%ED%A0%80", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % k for k in range(500)), "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="email"\r\n'
            b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-\r\n--x--\r\n",
            "multipart/form-data; boundary=x; charset=utf-7",
        ),
        (b"{}", "application/json"),
        (b"", ""),
    ],
)
def test_no_form_however_broken_is_a_defect(house: House, content: bytes, kind: str):
    browser = house.client()
    browser.get("/sign-in")
    for path in ("/sign-in", first(house), "/link/x", "/sign-out"):
        answer = browser.post(path, content=content, headers={"content-type": kind})
        assert 300 <= answer.status_code < 500, (path, answer.text)


def test_pages_run_no_script_and_load_nothing_from_elsewhere(house: House):
    for path in ("/sign-in", first(house), "/link/x"):
        page = house.client().get(path)
        assert "script-src" not in page.headers["content-security-policy"]
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert " style=" not in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
