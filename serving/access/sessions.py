"""Sessions: a row here, a random secret in a cookie there; the row keeps only its hash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from serving.access.caller import Caller
from serving.access.permissions import permissions_of
from serving.access.secrets import hashed, new_secret
from serving.access.settings import AccessSettings
from serving.storage.access import LinkStore, SessionStore, TryStore, VisitStore
from serving.storage.audit import AuditLog
from serving.storage.base import to_number

_MINUTE = 60_000_000
_NOTED_EVERY = _MINUTE
"""Microseconds: being seen is noted once a minute, so that reading does not write."""
_TRIES_KEPT = 2 * 24 * 60 * _MINUTE


@dataclass(frozen=True)
class Present:
    """Whose session it is, and whether being seen is due to be noted."""

    caller: Caller
    note_seen: bool


def begin(connection: Connection, person_id: str, old: str | None, now: np.datetime64) -> str:
    """Begin a session with a secret of its own; one that the browser had before ends.

    Returns:
        the secret, for the cookie.
    """
    secret, store = new_secret(), SessionStore(connection)
    if old:
        store.remove(hashed(old))
    at = to_number(now)
    row = {"sha256": hashed(secret), "person_id": person_id, "created_at": at, "seen_at": at}
    store.add(row)
    return secret


def present(
    connection: Connection, secret: str, settings: AccessSettings, now: np.datetime64
) -> Present | None:
    """Who is signed in by this secret; None when nobody is, or no longer."""
    row = SessionStore(connection).find(hashed(secret))
    if row is None or row.disabled_at is not None:
        return None
    at = to_number(now)
    if at - row.created_at >= settings.session_hours * 60 * _MINUTE:
        return None
    if at - row.seen_at >= settings.session_idle_minutes * _MINUTE:
        return None
    permissions = permissions_of(row.role)
    caller = Caller("person", row.person_id, row.role, permissions, row.name)
    return Present(caller, at - row.seen_at >= _NOTED_EVERY)


def note_seen(connection: Connection, secret: str, now: np.datetime64) -> None:
    """Note that a session is in use."""
    SessionStore(connection).seen(hashed(secret), to_number(now))


def end(connection: Connection, caller: Caller, secret: str, now: np.datetime64) -> None:
    """Sign out."""
    SessionStore(connection).remove(hashed(secret))
    AuditLog(connection).append(now, caller.actor, "signed out")


def sweep(connection: Connection, settings: AccessSettings, now: np.datetime64) -> None:
    """Remove what has ended by itself: sessions, old tries, visits nobody came back from."""
    at = to_number(now)
    SessionStore(connection).forget(
        at - settings.session_hours * 60 * _MINUTE, at - settings.session_idle_minutes * _MINUTE
    )
    TryStore(connection).forget(at - _TRIES_KEPT)
    VisitStore(connection).forget(at)
    LinkStore(connection).forget(at)
