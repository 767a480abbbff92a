"""What people said about leads and their scores, on one connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from serving.storage.tables import feedback


class FeedbackStore:
    """Reads and appends feedback."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> Row[Any]:
        """Keep what somebody said; the stored row."""
        done = self._connection.execute(insert(feedback).values(**row))
        assert done.inserted_primary_key is not None
        where = feedback.c.seq == done.inserted_primary_key[0]
        return self._connection.execute(select(feedback).where(where)).one()

    def of_lead(self, lead_id: str) -> list[Row[Any]]:
        """What was said about a lead, newest first."""
        query = select(feedback).where(feedback.c.lead_id == lead_id)
        return list(self._connection.execute(query.order_by(feedback.c.seq.desc())))

    def page(
        self, kind: str | None, line: str | None, before: int | None, limit: int
    ) -> list[Row[Any]]:
        """What was said about any lead, newest first.

        Args:
            kind, line: exactly this; None for any.
            before: only what came before this number.
            limit: rows at most.
        """
        query = select(feedback)
        for column, wanted in ((feedback.c.kind, kind), (feedback.c.line, line)):
            if wanted is not None:
                query = query.where(column == wanted)
        if before is not None:
            query = query.where(feedback.c.seq < before)
        return list(self._connection.execute(query.order_by(feedback.c.seq.desc()).limit(limit)))

    def of_kind_since(self, kind: str, first: int) -> list[Row[Any]]:
        """What was said of one kind from `first` (microseconds) on, oldest first."""
        query = select(feedback).where(feedback.c.kind == kind, feedback.c.created_at >= first)
        return list(self._connection.execute(query.order_by(feedback.c.seq)))

    def remove_of(self, lead_id: str) -> None:
        """Remove what was said about a lead."""
        self._connection.execute(delete(feedback).where(feedback.c.lead_id == lead_id))
