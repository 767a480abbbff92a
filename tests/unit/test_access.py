"""What access is made of: secrets, passwords, waits, rates, and what people type."""

from __future__ import annotations

import statistics
import time

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputRefused
from serving.access import tries
from serving.access.passwords import Passwords, password_problems
from serving.access.permissions import PERMISSIONS, ROLES
from serving.access.rates import Rates
from serving.access.secrets import form_token, hashed, new_secret, same
from serving.access.words import email_problems, name_problems, refuse
from serving.pages.sign_in import inside_of
from tests.support.access import CHEAP

SENTENCE = "a barge full of green lanterns"


def test_secrets_are_long_fit_for_addresses_and_never_the_same():
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(s) for s in made} == {43}
    assert all(s.replace("-", "").replace("_", "").isalnum() for s in made)
    assert {len(hashed(s)) for s in made} == {64}


def test_a_forms_token_tells_nothing_of_the_cookie_and_belongs_to_it():
    secret = new_secret()
    assert form_token(secret) == form_token(secret)
    assert form_token(secret) != form_token(new_secret())
    assert form_token(secret) != hashed(secret)
    assert same(form_token(secret), form_token(secret))
    assert not same("", form_token(secret))


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "eleven char",
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababab",
        "password1234",
        "Password12345!",
        "qwertyuiop123",
        "1234567890123456",
        "abcdefghijklmnop",
        "leadpactleadpact",
        "ada.marsh@example.com",
        "Ada Marsh Ada Marsh",
        "x" * 129,
    ],
)
def test_what_is_guessed_first_is_no_password(password: str):
    [problem] = password_problems(password, "ada.marsh@example.com", "Ada Marsh")
    assert password not in problem.sentence()


@pytest.mark.parametrize(
    "password",
    [SENTENCE, "correct horse battery", "Zw8#kd0!pq2L", "\u00fcber die gr\u00fcnen Inseln"],
)
def test_a_sentence_or_twelve_odd_characters_are_a_password(password: str):
    assert password_problems(password, "ada.marsh@example.com", "Ada Marsh") == []


def test_a_password_is_the_same_however_its_letters_were_typed():
    passwords = Passwords(CHEAP)
    kept = passwords.hash("gr\u00fcnes Boot am Ufer")
    assert passwords.matches(kept, "gru\u0308nes Boot am Ufer")
    assert not passwords.matches(kept, "grunes Boot am Ufer")
    assert not passwords.matches("no hash at all", SENTENCE)
    assert not passwords.matches(None, "nobody has this password")


def test_costs_are_those_of_rfc_9106_and_older_hashes_are_told():
    passwords = Passwords()
    kept = passwords.hash(SENTENCE)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not passwords.outdated(kept)
    assert passwords.outdated(CHEAP.hash(SENTENCE))


def test_an_unknown_account_takes_as_long_as_a_known_one():
    passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1))
    kept = passwords.hash(SENTENCE)
    passwords.matches(None, "the first makes nobody's hash")

    def seconds(who: str | None) -> float:
        told = []
        for _ in range(15):
            began = time.perf_counter()
            passwords.matches(who, "wrong")
            told.append(time.perf_counter() - began)
        return statistics.median(told)

    known, unknown = seconds(kept), seconds(None)
    assert 0.5 < unknown / known < 2


def test_waits_double_and_end():
    waits = [tries._wait(beyond) for beyond in range(-3, 8)]
    assert waits == [0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert tries._wait(10**6) == 900


def test_an_ipv6_address_stands_for_its_network():
    assert tries.network_of("192.0.2.7") == "192.0.2.7"
    assert tries.network_of("2001:db8:1:2:3::4") == tries.network_of("2001:db8:1:2:ffff::9")
    assert tries.network_of("2001:db8:1:3::4") != tries.network_of("2001:db8:1:2::4")
    assert tries.network_of("testclient") == "testclient"


def test_a_moving_minute_lets_no_more_through_than_agreed():
    rates = Rates(5, time.time)
    told = [rates.take("key a") for _ in range(7)]
    assert [r.allowed for r in told] == [True] * 5 + [False] * 2
    assert [r.remaining for r in told] == [4, 3, 2, 1, 0, 0, 0]
    assert all(1 <= r.reset <= 60 for r in told)
    assert rates.take("key b").remaining == 4
    assert "retry-after" in told[6].headers()
    assert "retry-after" not in told[0].headers()


@pytest.mark.parametrize(
    "email", ["", "a", "a@", "@b", "a b@c.de", "a@b@c", "a@b..c", "a@b\n.c", "x" * 65 + "@b.c"]
)
def test_what_is_no_address_is_told(email: str):
    assert email_problems(email)


@pytest.mark.parametrize("email", ["a@b", "ada.marsh+x@sub.example.com", "\u00e4@\u00f6.example"])
def test_what_is_an_address_passes(email: str):
    assert email_problems(email) == []


@given(st.text())
def test_any_name_that_passes_can_be_stored_and_shown(name: str):
    if name_problems(name):
        with pytest.raises(InputRefused):
            refuse(name_problems(name))
    else:
        assert 0 < len(name) <= 120
        assert "\x00" not in name
        assert name.encode()


@given(st.text(alphabet="/\\.:ab%?#@\r\n \t"))
def test_after_signing_in_nobody_leaves_this_service(after: str):
    told = inside_of(after)
    assert told.startswith("/")
    assert not told.startswith(("//", "/\\"))
    assert not set(told) & set("\\\r\n\t :@?#")


def test_every_permission_says_what_it_is_and_has_roles_that_exist():
    for name, told in PERMISSIONS.items():
        assert told.says.endswith("."), name
        assert told.roles, name
        assert told.roles <= set(ROLES), name
