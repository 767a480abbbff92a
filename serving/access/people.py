"""People who sign in: added by an admin, known by e-mail address; nobody has a default password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.access.caller import Conflict, NoSuch, NotKnown
from serving.access.secrets import hashed, new_id, new_secret
from serving.access.words import (
    email_problems,
    name_problems,
    normal_email,
    refuse,
    role_problems,
)
from serving.storage.access import LinkStore, PeopleStore, SessionStore
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.database import Database
from serving.storage.locks import hold

LINK_LASTS = np.timedelta64(24, "h")
_DEAD_LINK = NotKnown("This link was used, has expired, or never was. Ask an admin for a new one.")
_ADMINS = "admins"
"""Held by whoever makes or unmakes one, so that two do not unmake each other."""


@dataclass(frozen=True)
class Link:
    """A one-time link as it is told, this once.

    Attributes:
        secret: its last part: `/link/SECRET`.
        expires_at: when it stops working.
    """

    secret: str
    expires_at: np.datetime64

    @property
    def path(self) -> str:
        """Its address in this service."""
        return f"/link/{self.secret}"


@dataclass(frozen=True)
class Account:
    """What a link is for: a person who is there already, or the first admin (`person_id` None)."""

    person_id: str | None
    email: str
    name: str


def first_start_link(database: Database, now: np.datetime64) -> Link | None:
    """A link that makes the first admin; None when somebody is one. Those told before die."""
    with database.transaction() as connection:
        hold(connection, [_ADMINS])
        if PeopleStore(connection).admins():
            return None
        link = _make_link(connection, None, now)
        AuditLog(connection).append(now, "system", "first link made")
        return link


def add_person(
    connection: Connection, actor: str, email: str, name: str, role: str, now: np.datetime64
) -> tuple[str, Link]:
    """Add a person; the link lets them choose a password. Returns their id and the link.

    Raises:
        InputRefused: when e-mail address, name or role cannot be.
        Conflict: when somebody has that address.
    """
    email = normal_email(email)
    refuse(email_problems(email) + name_problems(name) + role_problems(role))
    person_id = new_id()
    row = {
        "id": person_id,
        "email": email,
        "name": name.strip(),
        "role": role,
        "created_at": to_number(now),
    }
    if not PeopleStore(connection).add(row):
        raise Conflict("Somebody has this e-mail address already.")
    link = _make_link(connection, person_id, now)
    AuditLog(connection).append(now, actor, "person added", f"person {person_id}", {"role": role})
    return person_id, link


def renew_link(connection: Connection, actor: str, person_id: str, now: np.datetime64) -> Link:
    """A link for somebody who forgot their password; the old password works until it is used.

    Raises:
        NoSuch: when there is no such person.
        Conflict: when they are disabled.
    """
    if _person(connection, person_id).disabled_at is not None:
        raise Conflict("This person is disabled; enable them first.")
    link = _make_link(connection, person_id, now)
    AuditLog(connection).append(now, actor, "link made", f"person {person_id}")
    return link


def change_person(
    connection: Connection,
    actor: str,
    person_id: str,
    role: str | None,
    disabled: bool | None,
    now: np.datetime64,
) -> None:
    """Give another role, disable or enable; whoever is disabled is signed out everywhere.

    Raises:
        NoSuch: when there is no such person.
        InputRefused: when there is no such role.
        Conflict: when nobody would be admin any more.
    """
    refuse([] if role is None else role_problems(role))
    hold(connection, [_ADMINS])
    store, there = PeopleStore(connection), _person(connection, person_id)
    values: dict[str, object] = {}
    if role is not None and role != there.role:
        values["role"] = role
    if disabled is not None and disabled != (there.disabled_at is not None):
        values["disabled_at"] = to_number(now) if disabled else None
    if not values:
        return
    store.write(person_id, values)
    if there.role == "admin" and not store.admins():
        raise Conflict("Nobody would be admin any more. Make somebody else admin first.")
    if disabled:
        SessionStore(connection).remove_of(person_id)
        LinkStore(connection).remove_of(person_id)
    told = {"role": role} if "role" in values else {}
    if "disabled_at" in values:
        told["disabled"] = "yes" if disabled else "no"
    AuditLog(connection).append(now, actor, "person changed", f"person {person_id}", told)


def account_of(connection: Connection, secret: str, now: np.datetime64) -> Account:
    """What a link is for.

    Raises:
        NotKnown: when it was used, has expired or never was; never saying which.
    """
    row = LinkStore(connection).find(hashed(secret))
    if row is None or row.used_at is not None or row.expires_at <= to_number(now):
        raise _DEAD_LINK
    if row.person_id is None:
        return Account(None, "", "")
    person = _person(connection, row.person_id)
    if person.disabled_at is not None:
        raise _DEAD_LINK
    return Account(person.id, person.email, person.name)


def use_link(
    connection: Connection,
    secret: str,
    email: str,
    name: str,
    password_hash: str,
    now: np.datetime64,
) -> str:
    """Use a link up: the first admin is made, or a person gets the password; returns whose.

    Args:
        email, name: of the first admin; a person who is there keeps their own.
        password_hash: of the password that was chosen and checked.

    Raises:
        NotKnown: when the link does not work, or no longer.
        InputRefused: when the first admin's e-mail address or name cannot be.
    """
    hold(connection, [_ADMINS])
    account = account_of(connection, secret, now)
    if not LinkStore(connection).use(hashed(secret), to_number(now)):
        raise _DEAD_LINK
    if account.person_id is None:
        return _first_admin(connection, email, name, password_hash, now)
    PeopleStore(connection).write(account.person_id, {"password_hash": password_hash})
    SessionStore(connection).remove_of(account.person_id)
    LinkStore(connection).remove_of(account.person_id)
    actor = f"person {account.person_id}"
    AuditLog(connection).append(now, actor, "password set", actor)
    return account.person_id


def _first_admin(
    connection: Connection, email: str, name: str, password_hash: str, now: np.datetime64
) -> str:
    store, email = PeopleStore(connection), normal_email(email)
    refuse(email_problems(email) + name_problems(name))
    if store.admins():
        raise _DEAD_LINK
    values = {"name": name.strip(), "role": "admin", "password_hash": password_hash}
    there = store.by_email(email)
    person_id = new_id() if there is None else str(there.id)
    if there is None:
        born = {"id": person_id, "email": email, "created_at": to_number(now)}
        store.add(born | values)
    else:
        store.write(person_id, values | {"disabled_at": None})
    AuditLog(connection).append(now, "system", "first admin made", f"person {person_id}")
    return person_id


def _make_link(connection: Connection, person_id: str | None, now: np.datetime64) -> Link:
    store, secret, until = LinkStore(connection), new_secret(), now + LINK_LASTS
    store.remove_of(person_id)
    row = {
        "sha256": hashed(secret),
        "person_id": person_id,
        "created_at": to_number(now),
        "expires_at": to_number(until),
    }
    store.add(row)
    return Link(secret, until)


def _person(connection: Connection, person_id: str) -> Row[Any]:
    found = PeopleStore(connection).find(person_id)
    if found is None:
        raise NoSuch(f"There is no person {person_id}.")
    return found
