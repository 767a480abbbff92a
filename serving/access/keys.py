"""API keys: `lpk_`, a public id, a secret. Told once; only a hash of the secret is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from features.errors import Problem
from serving.access.caller import Caller, Conflict, NoSuch, NotKnown
from serving.access.permissions import permissions_of_key
from serving.access.secrets import hashed, new_id, new_secret, same
from serving.access.words import name_problems, refuse, role_problems, scope_problems
from serving.canonical import canonical, read
from serving.storage.access import KeyStore
from serving.storage.audit import AuditLog
from serving.storage.base import to_number

PREFIX = "lpk_"
"""So that people and secret scanners know one when they see it."""
_FORM = re.compile(r"^lpk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$")
_USE_NOTED_EVERY = 3_600_000_000
"""Microseconds: last use is known to the hour, so that reading does not write."""
_UNKNOWN = NotKnown("This API key is not known here, or is no longer good. Ask an admin for one.")


@dataclass(frozen=True)
class NewKey:
    """A key as it is told, this once."""

    id: str
    text: str


@dataclass(frozen=True)
class Recognised:
    """Whose key it is, and whether its use is due to be noted."""

    caller: Caller
    note_use: bool


def make_key(
    connection: Connection,
    actor: str,
    name: str,
    role: str,
    scopes: Sequence[str] | None,
    expires_at: np.datetime64 | None,
    now: np.datetime64,
) -> NewKey:
    """Make a key.

    Raises:
        InputRefused: when name, role, scopes or expiry cannot be.
    """
    problems = name_problems(name) + role_problems(role)
    if scopes is not None and not role_problems(role):
        problems += scope_problems(list(scopes), permissions_of_key(role))
    if expires_at is not None and expires_at <= now:
        why, allowed = "The key would be dead at once.", "an instant to come, or null"
        problems.append(Problem("expires_at", str(expires_at), why, allowed, None, "/expires_at"))
    refuse(problems)
    key_id, secret = new_id(), new_secret()
    row = {
        "id": key_id,
        "name": name.strip(),
        "role": role,
        "scopes": None if scopes is None else canonical(sorted(set(scopes))),
        "secret_sha256": hashed(secret),
        "created_at": to_number(now),
        "expires_at": None if expires_at is None else to_number(expires_at),
    }
    KeyStore(connection).add(row)
    AuditLog(connection).append(now, actor, "key made", f"key {key_id}", {"role": role})
    return NewKey(key_id, f"{PREFIX}{key_id}_{secret}")


def is_good(row: Row[Any], now: np.datetime64) -> bool:
    """Whether a key opens anything: it is neither revoked nor expired."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > to_number(now))


def rotate_key(
    connection: Connection,
    actor: str,
    key_id: str,
    overlap: np.timedelta64,
    now: np.datetime64,
) -> NewKey:
    """Give a key a new secret; the old one goes on working for `overlap`.

    Raises:
        NoSuch: when there is no such key.
        Conflict: when it is revoked or has expired.
    """
    store = KeyStore(connection)
    row = store.find(key_id)
    if row is None:
        raise NoSuch(f"There is no key {key_id}.")
    if not is_good(row, now):
        raise Conflict(f"Key {key_id} is no longer good; make a new one.")
    secret, until = new_secret(), to_number(now + overlap)
    values = {"secret_sha256": hashed(secret), "old_sha256": row.secret_sha256, "old_until": until}
    store.write(key_id, values)
    AuditLog(connection).append(now, actor, "key rotated", f"key {key_id}", {"old_until": until})
    return NewKey(key_id, f"{PREFIX}{key_id}_{secret}")


def revoke_key(connection: Connection, actor: str, key_id: str, now: np.datetime64) -> None:
    """End a key at once, with the secret before its last rotation; again changes nothing.

    Raises:
        NoSuch: when there is no such key.
    """
    store = KeyStore(connection)
    row = store.find(key_id)
    if row is None:
        raise NoSuch(f"There is no key {key_id}.")
    if row.revoked_at is None:
        store.write(key_id, {"revoked_at": to_number(now)})
        AuditLog(connection).append(now, actor, "key revoked", f"key {key_id}")


def recognise(connection: Connection, text: str, now: np.datetime64) -> Recognised:
    """Whose key this is.

    Raises:
        NotKnown: when it is none, or is revoked or expired; never saying which.
    """
    form = _FORM.match(text)
    row = None if form is None else KeyStore(connection).find(form[1])
    if form is None or row is None:
        raise _UNKNOWN
    told, at = hashed(form[2]), to_number(now)
    is_old = row.old_sha256 is not None and row.old_until > at and same(told, row.old_sha256)
    ended = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= at)
    if ended or not (same(told, row.secret_sha256) or is_old):
        raise _UNKNOWN
    possible = permissions_of_key(row.role)
    scopes = possible if row.scopes is None else possible & set(read(row.scopes))
    caller = Caller("key", row.id, row.role, scopes, row.name)
    due = row.last_used_at is None or at - row.last_used_at >= _USE_NOTED_EVERY
    return Recognised(caller, due)


def note_use(connection: Connection, key_id: str, now: np.datetime64) -> None:
    """Note that a key is in use."""
    KeyStore(connection).write(key_id, {"last_used_at": to_number(now)})
