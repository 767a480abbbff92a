"""Signing in with an organisation's OpenID provider, honest and otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select
from starlette.testclient import TestClient

from serving.access.settings import AccessSettings
from serving.storage.access_tables import people, provider_visits
from serving.storage.database import Database
from tests.support.access import START, House
from tests.support.provider import CLIENT, ISSUER, SECRET, FakeProvider

SECONDS = int(START.astype("datetime64[s]").astype("int64"))


@pytest.fixture(scope="module")
def made() -> FakeProvider:
    return FakeProvider(SECONDS)


@pytest.fixture
def provider(made: FakeProvider) -> FakeProvider:
    """The provider, honest again."""
    made.claims, made.about, made.broken, made.keys = {}, {}, None, None
    made.signs_with, made.header = made.key, {"alg": "RS256", "kid": "k1"}
    return made


@pytest.fixture
def house(database: Database, provider: FakeProvider) -> House:
    house = House(
        database,
        provider.make_session,
        https=True,
        public_url="https://house.test",
        oidc_issuer=ISSUER,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )
    house.person("bo@example.com", "sales")
    return house


def go(browser: TestClient, provider: FakeProvider) -> Any:
    """Leave for the provider, say yes, and come back."""
    left = browser.get("/sign-in/provider")
    assert left.status_code == 303, left.text
    back = provider.approve(left.headers["location"])
    return browser.get("/sign-in/provider/return", params=back)


def test_whoever_an_admin_added_signs_in_by_the_provider(house: House, provider: FakeProvider):
    assert 'href="/sign-in/provider"' in house.client().get("/sign-in").text
    browser = house.client()
    answer = go(browser, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/v1/me").json()["role"] == "sales"


def test_once_known_the_subject_counts_and_not_the_address(house: House, provider: FakeProvider):
    go(house.client(), provider)
    provider.claims = {"email": "new@example.com"}
    assert go(house.client(), provider).status_code == 303
    # The old address now belongs to somebody else at the provider.
    provider.claims = {"sub": "subject-2"}
    assert go(house.client(), provider).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@example.com"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
    ],
    ids=str,
)
def test_whoever_no_admin_added_stays_out(house: House, provider: FakeProvider, claims: dict):
    provider.claims = claims
    browser = house.client()
    answer = go(browser, provider)
    assert answer.status_code == 401
    assert "Ask an admin" in answer.text
    assert browser.get("/v1/me").status_code == 401
    with house.database.reading() as connection:
        assert connection.execute(select(people.c.oidc_subject)).scalars().all() == [None]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.com"},
        {"aud": "another client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"nonce": "replayed"},
        {"nonce": None},
        {"exp": SECONDS - 3600},
        {"exp": None},
        {"sub": None},
        {"iat": SECONDS + 3600},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_visit_is_not_believed(
    house: House, provider: FakeProvider, claims: dict
):
    provider.claims = claims
    answer = go(house.client(), provider)
    assert answer.status_code == 503
    assert "cannot be believed" in answer.text


def test_a_token_signed_by_somebody_else_is_not_believed(house: House, provider: FakeProvider):
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "k1"})
    assert go(house.client(), provider).status_code == 503
    # Signed with the shared secret, or with nothing: not by a public key.
    provider.signs_with, provider.header = OctKey.import_key("x" * 64), {"alg": "HS256"}
    assert go(house.client(), provider).status_code == 503
    provider.header = {"alg": "none"}
    assert go(house.client(), provider).status_code == 503


@pytest.mark.parametrize("keys", [[1], {"keys": []}, {"keys": [{"kty": "RSA"}]}, {"no": 1}, "x"])
def test_keys_that_are_none_open_nothing(house: House, provider: FakeProvider, keys: object):
    provider.keys = keys
    assert go(house.client(), provider).status_code == 503


@pytest.mark.parametrize("subject", ["x" * 256, "a\x00b", ""])
def test_a_name_that_cannot_be_kept_opens_nothing(
    house: House, provider: FakeProvider, subject: str
):
    provider.claims = {"sub": subject}
    assert go(house.client(), provider).status_code == 503


def test_an_address_that_is_none_opens_nothing(house: House, provider: FakeProvider):
    for email in (3, "a\x00b@example.com", ["bo@example.com"]):
        provider.claims = {"email": email}
        assert go(house.client(), provider).status_code == 401


def test_only_the_browser_that_left_can_come_back_and_once(house: House, provider: FakeProvider):
    victim, attacker = house.client(), house.client()
    attacker.get("/sign-in/provider")
    back = provider.approve(attacker.get("/sign-in/provider").headers["location"])
    # An attacker's own code handed to a victim would sign the victim in as the attacker.
    assert victim.get("/sign-in/provider/return", params=back).status_code == 401
    assert attacker.get("/sign-in/provider/return", params=back).status_code == 401
    browser = house.client()
    back = provider.approve(browser.get("/sign-in/provider").headers["location"])
    assert browser.get("/sign-in/provider/return", params=back).status_code == 303
    assert browser.get("/sign-in/provider/return", params=back).status_code == 401


def test_a_visit_does_not_last(house: House, provider: FakeProvider):
    browser = house.client()
    back = provider.approve(browser.get("/sign-in/provider").headers["location"])
    house.clock.wait(600)
    assert browser.get("/sign-in/provider/return", params=back).status_code == 401
    with house.database.reading() as connection:
        assert connection.execute(select(provider_visits)).all() == []


@pytest.mark.parametrize("query", ["", "?error=access_denied", "?state=x", "?state=x&code=y"])
def test_whoever_comes_back_with_nothing_stays_out(house: House, query: str):
    assert house.client().get(f"/sign-in/provider/return{query}").status_code == 401


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example.com"},
        {"token_endpoint": "http://id.example.com/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ],
    ids=str,
)
def test_a_provider_that_speaks_for_another_or_in_the_clear_is_not_asked(
    house: House, provider: FakeProvider, about: dict
):
    provider.about = about
    assert house.client().get("/sign-in/provider").status_code == 503


def test_a_provider_that_is_down_is_told_in_words(house: House, provider: FakeProvider):
    provider.broken = 500
    answer = house.client().get("/sign-in/provider")
    assert answer.status_code == 503
    assert "did not answer as expected" in answer.text
    assert "password" in answer.text


def test_a_disabled_person_stays_out(house: House, provider: FakeProvider):
    go(house.client(), provider)
    admin = house.client(house.key("admin").text)
    [person] = admin.get("/v1/people").json()["people"]
    assert person["by_provider"] is True
    admin.patch(f"/v1/people/{person['id']}", json={"disabled": True})
    assert go(house.client(), provider).status_code == 401


def test_without_settings_there_is_no_such_sign_in(database: Database):
    assert not AccessSettings(oidc_issuer=ISSUER).has_oidc
    house = House(database)
    assert "/sign-in/provider" not in house.client().get("/sign-in").text
    assert house.client().get("/sign-in/provider").status_code == 404
    assert house.client().get("/sign-in/provider/return?state=a&code=b").status_code == 401


def test_the_clients_secret_is_in_no_text():
    told = AccessSettings(oidc_client_secret=SECRET)
    assert SECRET not in repr(told)
