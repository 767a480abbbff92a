"""CRMs that write while something breaks, and what they were told against what is stored."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import select

from models.scorer import Scorer
from serving.canonical import read
from serving.reproducing import reproduce
from serving.storage import tables
from serving.storage.database import Database
from tests.support.server import call


@dataclass
class Writer:
    """A CRM that writes one lead, and whatever is not acknowledged again under the same name.

    Attributes:
        put: values of `employees` that were acknowledged, in order.
        events: ids of activities that were acknowledged.
        outcomes: ids of outcomes that were acknowledged.
        scores: ids of scores that were told.
        waits: whether a service that is not ready (503, Retry-After) is asked again.
        repeated: how often an answer did not come.
        waited: how often the service asked to wait.
        fault: what was answered that never should be; nothing is written after it.
    """

    address: str
    key: dict[str, str]
    lead: str
    stop: threading.Event
    put: list[int] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    waits: bool = False
    repeated: int = 0
    waited: int = 0
    fault: str = ""

    @property
    def acknowledged(self) -> int:
        """How many writes were."""
        return len(self.put) + len(self.events) // 3 + len(self.outcomes)

    def run(self) -> None:
        """Write until told to stop."""
        turn = 0
        while not self.stop.is_set() and not self.fault:
            turn += 1
            self._put(turn)
            if turn % 2 == 0:
                self._tell([f"{self.lead}-{turn}-{k}" for k in range(3)])
            if turn % 3 == 0:
                self._move(f"{self.lead}-{turn}", "accepted" if turn % 2 else "returned")

    def _put(self, turn: int) -> None:
        lead = {"lead": {"employees": turn, "industry": "logistics"}}
        told = self._until_told("PUT", f"/v1/leads/{self.lead}", lead, (200, 201))
        if told is not None:
            self.put.append(turn)
            self.scores.append(told["score"]["score_id"])

    def _tell(self, ids: list[str]) -> None:
        at = "2026-08-20T10:00:00Z"
        rows = [
            {"lead_id": self.lead, "event_id": i, "occurred_at": at, "kind": "visit"} for i in ids
        ]
        told = self._until_told("POST", "/v1/activities", {"activities": rows}, (200,))
        if told is not None:
            self.events += ids

    def _move(self, name: str, stage: str) -> None:
        row = {"lead_id": self.lead, "event_id": name, "at": "2026-08-21T10:00:00Z", "stage": stage}
        if self._until_told("POST", "/v1/outcomes", row, (200,)) is not None:
            self.outcomes.append(name)

    def _until_told(
        self, method: str, path: str, body: object, good: tuple[int, ...]
    ) -> dict | None:
        """The answer, however often it takes; None when it is none that should be."""
        name = f"{self.lead}-{len(self.put)}-{len(self.events)}-{len(self.outcomes)}"
        while True:
            try:
                status, headers, content = call(
                    self.address, method, path, body, idempotency_key=name, **self.key
                )
            except (OSError, http.client.HTTPException):
                self.repeated += 1
                time.sleep(0.05)
                continue
            if status in good:
                return msgspec.json.decode(content)
            if self.waits and status == 503 and "retry-after" in headers:
                self.waited += 1
                time.sleep(0.1)
                continue
            self.fault = f"{method} {path}: {status} {content!r}"
            return None


def check(database: Database, scorer: Scorer, writer: Writer) -> None:
    """What one writer was told against what is stored."""
    versions, did = tables.lead_versions, tables.activities
    came, scores = tables.outcomes, tables.scores
    with database.reading() as connection:
        query = select(versions.c.fields).where(versions.c.lead_id == writer.lead)
        kept = connection.execute(query.order_by(versions.c.version)).scalars()
        assert [int(read(fields)["employees"]) for fields in kept] == writer.put
        events = connection.execute(select(did.c.event_id).where(did.c.lead_id == writer.lead))
        assert Counter(events.scalars()) == Counter(writer.events)
        moved = select(came.c.event_id).where(came.c.lead_id == writer.lead)
        assert Counter(connection.execute(moved).scalars()) == Counter(writer.outcomes)
        made = select(scores.c.id).where(scores.c.lead_id == writer.lead).order_by(scores.c.seq)
        ids = list(connection.execute(made).scalars())
        assert set(writer.scores) <= set(ids)
        # One for each write of the lead, one for each list of activities.
        assert len(ids) == len(writer.put) + len(writer.events) // 3
        assert reproduce(connection, scorer, ids[-1]).same
