"""The use cases of webhooks: add one, give it a new secret, remove it, look at its letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.access.caller import NoSuch
from serving.access.secrets import new_id
from serving.canonical import canonical, read
from serving.reading import instant_text
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.outbox import OutboxStore
from serving.webhooks.signing import as_told, secret_of

OVERLAP = np.timedelta64(24, "h")
"""How long letters carry the signature of the old secret too after it was replaced."""


class Webhooks:
    """Use cases on one transaction.

    Args:
        actor: who acts, for the audit log.
    """

    def __init__(self, connection: Connection, actor: str, now: np.datetime64) -> None:
        self._store, self._audit = OutboxStore(connection), AuditLog(connection)
        self._actor, self._now = actor, now

    def add(self, url: str, events: Sequence[str]) -> dict[str, Any]:
        """Send these events to this address from now on; see `with_secret`.

        Args:
            url: checked by `targets.split_url`.
        """
        webhook_id = new_id()
        row = {
            "id": webhook_id,
            "url": url,
            "events": canonical(sorted(set(events))),
            "generation": 1,
            "active": True,
            "made_by": self._actor,
            "created_at": to_number(self._now),
        }
        self._store.add_webhook(row)
        self._audit.append(self._now, self._actor, "webhook added", webhook_id)
        return _made(self.find(webhook_id))

    def rotate(self, webhook_id: str) -> dict[str, Any]:
        """Sign with a new secret, and for a day with the old one too; see `with_secret`.

        Raises:
            NoSuch: when there is none.
        """
        row = self.find(webhook_id)
        until = to_number(self._now + OVERLAP)
        values = {"generation": row.generation + 1, "overlap_until": until}
        self._store.write_webhook(webhook_id, values)
        self._audit.append(self._now, self._actor, "webhook secret rotated", webhook_id)
        return _made(self.find(webhook_id))

    def remove(self, webhook_id: str) -> None:
        """Remove a webhook; its letters go once nothing at work writes one.

        Raises:
            NoSuch: when there is none.
        """
        self.find(webhook_id)
        self._store.remove_webhook(webhook_id)
        self._audit.append(self._now, self._actor, "webhook removed", webhook_id)

    def replay(self, webhook_id: str, ids: Sequence[str] | None) -> int:
        """Let dead letters be sent again, those with these ids or all; how many.

        Raises:
            NoSuch: when there is no such webhook.
        """
        self.find(webhook_id)
        count = self._store.revive(webhook_id, to_number(self._now), ids)
        told = {"letters": count}
        self._audit.append(self._now, self._actor, "webhook letters replayed", webhook_id, told)
        return count

    def find(self, webhook_id: str) -> Row[Any]:
        """A webhook's row.

        Raises:
            NoSuch: when there is none.
        """
        row = self._store.webhook(webhook_id)
        if row is None:
            raise NoSuch(f"There is no webhook {webhook_id[:60]!r}.")
        return row

    def letters(self, webhook_id: str, state: str, after: int, limit: int) -> list[Row[Any]]:
        """Letters of a webhook in one state.

        Raises:
            NoSuch: when there is no such webhook.
        """
        self.find(webhook_id)
        return self._store.letters(webhook_id, state, after, limit)

    def all(self) -> list[Row[Any]]:
        """Every webhook."""
        return self._store.webhooks()


def _made(row: Row[Any]) -> dict[str, Any]:
    return webhook_as_json(row) | {"generation": row.generation}


def with_secret(made: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """What is answered of a webhook that got a secret: with it. What `Webhooks` tells names only
    the secret's generation, so it may be kept for who asks again.

    Args:
        key: the service's; see `signing`.
    """
    told = dict(made)
    secret = secret_of(key, told["id"], told.pop("generation"))
    return told | {"secret": as_told(secret)}


def webhook_as_json(row: Row[Any]) -> dict[str, Any]:
    """A webhook as callers read it, without its secret."""
    return {
        "id": row.id,
        "url": row.url,
        "events": read(row.events),
        "active": row.active,
        "made_by": row.made_by,
        "created_at": instant_text(row.created_at),
        "old_secret_until": instant_text(row.overlap_until),
    }


def letter_as_json(row: Row[Any]) -> dict[str, Any]:
    """A letter as callers read it."""
    return {
        "id": row.id,
        "event": row.event,
        "subject": row.subject,
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "error": row.error,
        "next_at": instant_text(row.next_at) if row.state == "pending" else None,
        "created_at": instant_text(row.created_at),
        "body": read(row.body),
    }
