"""Hand-offs and disputes: what was handed over, what sales decided, who was right in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from features.stages import REOPENED
from serving.storage.pact_tables import disputes, handoffs, pact_evidence
from serving.storage.tables import leads

_BLOCKS = handoffs.c.decision.is_(None) | handoffs.c.decision.in_(("accepted", "returned"))
"""A hand-off that keeps its lead from being handed over again."""


class HandoffStore:
    """Reads and writes hand-offs, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a hand-off."""
        self._connection.execute(insert(handoffs).values(**row))

    def write(self, handoff_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a hand-off."""
        where = handoffs.c.id == handoff_id
        self._connection.execute(update(handoffs).where(where).values(**values))

    def find(self, handoff_id: str) -> Row[Any] | None:
        """A hand-off, or None."""
        query = select(handoffs).where(handoffs.c.id == handoff_id)
        return self._connection.execute(query).one_or_none()

    def of_lead(self, lead_id: str) -> list[Row[Any]]:
        """A lead's hand-offs, oldest first."""
        query = select(handoffs).where(handoffs.c.lead_id == lead_id)
        return list(self._connection.execute(query.order_by(handoffs.c.seq)))

    def queue(self, owner: str | None, limit: int) -> list[Row[Any]]:
        """Hand-offs that wait for a decision, the most urgent first."""
        query = select(handoffs).where(handoffs.c.decision.is_(None))
        if owner is not None:
            query = query.where(handoffs.c.owner == owner)
        order = (handoffs.c.decision_due, handoffs.c.seq)
        return list(self._connection.execute(query.order_by(*order).limit(limit)))

    def returned(self, limit: int) -> list[Row[Any]]:
        """Hand-offs that came back and wait for marketing, newest first."""
        query = select(handoffs).where(handoffs.c.decision == "returned")
        return list(self._connection.execute(query.order_by(handoffs.c.seq.desc()).limit(limit)))

    def between(self, first: int, until: int) -> list[Row[Any]]:
        """Hand-offs made from `first` on and before `until` (microseconds), oldest first."""
        query = select(handoffs).where(handoffs.c.handed_at >= first, handoffs.c.handed_at < until)
        return list(self._connection.execute(query.order_by(handoffs.c.seq)))

    def returned_between(self, first: int, until: int) -> list[dict[str, Any]]:
        """How many hand-offs sales returned between two instants, by reason and criterion; one
        that marketing recycled counts at the instant of that."""
        by, count = (handoffs.c.reason, handoffs.c.criterion), func.count().label("returned")
        query = (
            select(*by, count)
            .where(
                handoffs.c.reason.is_not(None),
                handoffs.c.decided_at >= first,
                handoffs.c.decided_at <= until,
            )
            .group_by(*by)
        )
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def unjudged(self, what: str, now: int, limit: int) -> list[Row[Any]]:
        """Hand-offs whose clock (`touch` or `decision`) has run out and was not judged yet."""
        due, judged = handoffs.c[f"{what}_due"], handoffs.c[f"{what}_judged_at"]
        query = select(handoffs).where(judged.is_(None), due < now)
        return list(self._connection.execute(query.order_by(due, handoffs.c.seq).limit(limit)))

    def candidates(self, threshold: float, after: int, limit: int) -> list[Row[Any]]:
        """Leads whose shown score reaches the threshold and that nobody was handed, or that came
        back or were opened again; those after `after` (a `seq`)."""
        waiting = exists().where(handoffs.c.lead_id == leads.c.id, _BLOCKS)
        query = select(leads).where(
            leads.c.scoring_allowed,
            leads.c.score >= threshold,
            leads.c.stage.in_(("new", "returned", REOPENED)),
            leads.c.seq > after,
            ~waiting,
        )
        return list(self._connection.execute(query.order_by(leads.c.seq).limit(limit)))

    def never_handed(
        self, threshold: float, came: tuple[int, int], after: int, limit: int
    ) -> list[Row[Any]]:
        """Leads below the threshold that came between two instants and that nobody was handed."""
        handed = exists().where(handoffs.c.lead_id == leads.c.id)
        query = select(leads).where(
            leads.c.scoring_allowed,
            leads.c.score < threshold,
            leads.c.stage == "new",
            leads.c.created_at.between(*came),
            leads.c.seq > after,
            ~handed,
        )
        return list(self._connection.execute(query.order_by(leads.c.seq).limit(limit)))

    def loads(self) -> dict[str | None, int]:
        """Owner -> hand-offs that wait for them."""
        found: dict[str | None, int] = {}
        query = select(handoffs.c.owner).where(handoffs.c.decision.is_(None))
        for owner in self._connection.execute(query).scalars():
            found[owner] = found.get(owner, 0) + 1
        return found

    def remove_of(self, lead_id: str) -> None:
        """Remove what the pact holds of a lead: hand-offs, disputes, and what wishes point to."""
        for table in (handoffs, disputes, pact_evidence):
            self._connection.execute(delete(table).where(table.c.lead_id == lead_id))


class DisputeStore:
    """Reads and writes disputes, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a dispute."""
        self._connection.execute(insert(disputes).values(**row))

    def write(self, dispute_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a dispute."""
        where = disputes.c.id == dispute_id
        self._connection.execute(update(disputes).where(where).values(**values))

    def of_lead(self, lead_id: str) -> list[Row[Any]]:
        """A lead's disputes, oldest first."""
        query = select(disputes).where(disputes.c.lead_id == lead_id)
        return list(self._connection.execute(query.order_by(disputes.c.seq)))

    def unsettled(self) -> list[Row[Any]]:
        """Disputes that wait for an outcome, oldest first."""
        query = select(disputes).where(disputes.c.settled_at.is_(None))
        return list(self._connection.execute(query.order_by(disputes.c.seq)))

    def latest(self, limit: int) -> list[Row[Any]]:
        """Disputes, newest first."""
        query = select(disputes).order_by(disputes.c.seq.desc()).limit(limit)
        return list(self._connection.execute(query))

    def settled(self) -> list[Row[Any]]:
        """Disputes that outcomes have settled, oldest first."""
        query = select(disputes).where(disputes.c.settled_at.is_not(None))
        return list(self._connection.execute(query.order_by(disputes.c.seq)))
