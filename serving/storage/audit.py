"""The audit log: who did what, in a chain in which every entry's hash covers the one before.

What it finds: an entry that was changed, removed, put in, or moved, and entries cut off at the end
(a head keeps count and last hash). What no log in one database can find: somebody who may write to
it and computes the whole chain and the head anew. Against that, keep a head elsewhere from
time to time (`leadpact audit verify` prints it) and hand it to `verify` later.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, insert, select, update

from features.errors import LeadpactError
from serving.canonical import canonical
from serving.storage.access_tables import audit, audit_head
from serving.storage.base import to_number

GENESIS = hashlib.sha256(b"leadpact audit").hexdigest()
"""What the first entry covers; the migration that makes the tables writes a head with it."""
_HEAD = 1
_AT_ONCE = 1000
_COVERED = ("seq", "at", "actor", "action", "subject", "details", "previous")
_NOTED = re.compile(r"^(\d{1,18}):([0-9a-f]{64})$")


class HeadRefused(LeadpactError):
    """A text is no head of an audit log."""


class AuditBroken(LeadpactError):
    """Nothing can be appended to the log."""


@dataclass(frozen=True)
class Head:
    """How long the log is, and the hash of its last entry."""

    count: int
    hash: str

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"


def read_head(text: str) -> Head:
    """A head as printed.

    Raises:
        HeadRefused: when it is none.
    """
    found = _NOTED.match(text)
    if found is None:
        raise HeadRefused(f"{text[:80]!r} is no head; expected COUNT:HASH as printed by verify.")
    return Head(int(found[1]), found[2])


@dataclass(frozen=True)
class Verdict:
    """What a check of the log found.

    Attributes:
        entries: that were looked at.
        faults: what is wrong, each a sentence; none when the log is whole.
        head: the head as stored, None when there is none.
    """

    entries: int
    faults: tuple[str, ...]
    head: Head | None


class AuditLog:
    """Appends to and reads the log, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(
        self,
        at: np.datetime64,
        actor: str,
        action: str,
        subject: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> Head:
        """Append an entry; the last thing a transaction does, as it holds up all other writers.

        Args:
            at: now.
            actor: who, such as `person 4f..`, `key 9a..` or `system`.
            action: what, such as `key made`.
            subject: to whom or what, by id. Never a name, an address or a secret.
            details: ids and counts.

        Raises:
            AuditBroken: when the head is gone.
        """
        head = self._lock()
        row = {
            "seq": head.count + 1,
            "at": to_number(at),
            "actor": actor,
            "action": action,
            "subject": subject,
            "details": canonical(dict(details or {})),
            "previous": head.hash,
        }
        own = _hash(row)
        self._connection.execute(insert(audit).values(**row, hash=own))
        where = audit_head.c.id == _HEAD
        self._connection.execute(
            update(audit_head).where(where).values(entries=row["seq"], hash=own)
        )
        return Head(head.count + 1, own)

    def _lock(self) -> Head:
        # SQLite holds its one write lock already; PostgreSQL waits here for whoever appends.
        query = select(audit_head).where(audit_head.c.id == _HEAD).with_for_update()
        found = self._connection.execute(query).one_or_none()
        if found is None:
            raise AuditBroken(
                "The audit log has no head: its row was removed. Nothing is done that cannot be "
                "noted. Run `leadpact audit verify`, and restore the store from a back-up."
            )
        return Head(found.entries, found.hash)

    def latest(self, limit: int, before: int | None = None) -> list[Row[Any]]:
        """Entries, newest first; those before `before` (a `seq`)."""
        query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.seq < before)
        return list(self._connection.execute(query))

    def head(self) -> Head | None:
        """The head as stored."""
        found = self._connection.execute(
            select(audit_head).where(audit_head.c.id == _HEAD)
        ).one_or_none()
        return None if found is None else Head(found.entries, found.hash)


def verify(connection: Connection, noted: Head | None = None, most: int = 20) -> Verdict:
    """Walk the whole chain.

    Args:
        connection: of one moment's state (`Database.reading`).
        noted: a head that was kept elsewhere; the log must have passed through it.
        most: faults to tell; one cut link is enough to know.
    """
    faults: list[str] = []
    last, passed = Head(0, GENESIS), noted is None or noted == Head(0, GENESIS)
    query = select(audit).order_by(audit.c.seq).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(query):
        faults += _faults(row, last)
        last = Head(last.count + 1, row.hash)
        passed = passed or noted == last
    head = AuditLog(connection).head()
    faults += _end(last, head)
    if noted is not None and not passed:
        faults.append(f"The log never passed through the head that was noted, {noted}.")
    return Verdict(last.count, tuple(faults[:most]), head)


def _faults(row: Row[Any], before: Head) -> list[str]:
    place = before.count + 1
    if row.seq != place:
        return [f"Place {place} holds entry {row.seq}: something was removed, put in or moved."]
    found = []
    if row.previous != before.hash:
        found.append(f"Entry {place} does not follow on the entry before it.")
    if row.hash != _hash({name: getattr(row, name) for name in _COVERED}):
        found.append(f"Entry {place} is not as it was written.")
    return found


def _end(last: Head, head: Head | None) -> list[str]:
    if head is None:
        return [f"The head is gone, and there are {last.count} entries."]
    if last == head:
        return []
    return [
        f"The log ends with entry {last.count}, the head says {head.count}: entries were cut off "
        "or put in at the end, or the head was changed."
    ]


def _hash(row: Mapping[str, Any]) -> str:
    """sha256 of the canonical JSON of what an entry says, with the hash of the entry before."""
    return hashlib.sha256(canonical([row[name] for name in _COVERED]).encode()).hexdigest()
