"""Signing in with a password."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.access.caller import NotKnown
from serving.access.passwords import MOST, Passwords
from serving.access.sessions import begin
from serving.access.tries import clear, reserve
from serving.access.words import email_problems, normal_email
from serving.storage.access import PeopleStore
from serving.storage.audit import AuditLog
from serving.storage.database import Database

_LONGEST = 8 * MOST
"""Characters that are looked at; no password is longer, in whatever form it was typed."""
_WRONG = NotKnown("E-mail address or password is wrong.")


@dataclass(frozen=True)
class Tried:
    """What somebody typed, and from where.

    Attributes:
        email, password: as typed.
        address: of the network that asks.
        old_session: the secret that the browser had before, None without one.
    """

    email: str
    password: str
    address: str
    old_session: str | None


def sign_in(database: Database, passwords: Passwords, tried: Tried, now: np.datetime64) -> str:
    """Begin a session; returns its secret.

    Two transactions, not one: the try is counted and kept before the password is checked, and
    no lock is held during the tens of milliseconds that the check takes.

    Raises:
        NotKnown: when it is wrong; never saying what.
        TooMany: when account or address must wait first.
    """
    email = normal_email(tried.email)
    with database.transaction() as connection:
        reserve(connection, email, tried.address, now)
        person = None if email_problems(email) else PeopleStore(connection).by_email(email)
    right = passwords.matches(person and person.password_hash, tried.password[:_LONGEST])
    if person is None or person.disabled_at is not None or not right:
        _note_refusal(database, None if person is None else person.id, now)
        raise _WRONG
    renewed = None
    if passwords.outdated(person.password_hash):
        renewed = passwords.hash(tried.password)
    with database.transaction() as connection:
        # It may have changed while it was checked: whoever was shut out stays out.
        again = PeopleStore(connection).find(person.id)
        if again is None or again.password_hash != person.password_hash:
            raise _WRONG
        clear(connection, email, tried.address, now)
        if renewed is not None:
            PeopleStore(connection).write(person.id, {"password_hash": renewed})
        secret = begin(connection, person.id, tried.old_session, now)
        AuditLog(connection).append(now, f"person {person.id}", "signed in", "", {"by": "password"})
    return secret


def _note_refusal(database: Database, person_id: str | None, now: np.datetime64) -> None:
    subject = "unknown" if person_id is None else f"person {person_id}"
    with database.transaction() as connection:
        AuditLog(connection).append(now, "somebody", "sign-in refused", subject)
