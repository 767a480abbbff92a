"""What happened, written for whoever asked to be told: in the transaction in which it happened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.canonical import canonical, read
from serving.storage.base import to_number
from serving.storage.outbox import PENDING, OutboxStore

EVENTS = {
    "score.changed": "A lead's score moved by 5 points or more since this was told last.",
    "grade.changed": "A lead has another grade.",
    "handoff.reached": "A lead reached the hand-over, and nothing keeps it back.",
    "handoff.left": "A lead no longer reaches the hand-over, or is kept back.",
    "handoff.made": "A lead was handed over to sales, for its score or by lot.",
    "handoff.accepted": "Sales accepted a lead.",
    "handoff.returned": "Sales returned a lead, for a coded reason.",
    "handoff.recycled": "Marketing took a returned lead back, to go again when it moves.",
    "handoff.late": "Sales owed a first touch or a decision by now, and gave none.",
    "promise.broken": "A week ended below the hit rate or the volume that marketing owes.",
    "rulebook.effective": "Another rulebook decides from now on.",
    "model.promoted": "Another model answers from now on.",
    "feed.silent": "Nothing has come in for longer than it should.",
}
"""Event -> what it tells."""
SERVICE = "service"
"""The subject of what is about no lead."""


class Announcer:
    """Puts letters into the outbox, on one transaction."""

    def __init__(self, connection: Connection, now: np.datetime64) -> None:
        self._store, self._now = OutboxStore(connection), now
        self._asked: list[tuple[Row[Any], frozenset[str]]] | None = None
        self._held = False

    def wants(self, event: str) -> bool:
        """Whether anybody asked for this."""
        return any(event in events for _, events in self._targets())

    def announce(self, event: str, subject: str, data: Mapping[str, Any]) -> None:
        """Write a letter for every webhook that asked for this event.

        Args:
            subject: a lead's id, or `SERVICE`; letters of one subject are sent in order.
            data: ids and numbers, never what a form sent.
        """
        assert event in EVENTS, event
        if not self.wants(event):
            return
        self._hold()
        at = to_number(self._now)
        body = canonical({"type": event, "timestamp": f"{self._now}Z", "data": dict(data)})
        letter = {"event": event, "subject": subject, "body": body, "state": PENDING}
        times = {"next_at": at, "created_at": at}
        self._store.put(
            [
                letter | times | {"id": f"msg_{uuid.uuid4().hex}", "webhook_id": webhook.id}
                for webhook, events in self._targets()
                if event in events
            ]
        )

    def _hold(self) -> None:
        """From the first letter on every webhook's row stays until the transaction's end: one that
        was removed since it was read gets none, one that is removed later is cleared away later."""
        if not self._held:
            self._asked, self._held = self._read(hold=True), True

    def _targets(self) -> list[tuple[Row[Any], frozenset[str]]]:
        if self._asked is None:
            self._asked = self._read(hold=False)
        return self._asked

    def _read(self, *, hold: bool) -> list[tuple[Row[Any], frozenset[str]]]:
        return [(row, frozenset(read(row.events))) for row in self._store.webhooks(hold=hold)]
