"""Scores: append-only, each with the inputs it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from serving.storage.tables import scores


class ScoreStore:
    """Reads and appends scores, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Keep scores; their numbers, in the same order."""
        if not rows:
            return []
        statement = insert(scores).returning(scores.c.id, scores.c.seq)
        done = self._connection.execute(statement, [dict(row) for row in rows])
        numbers = {row.id: row.seq for row in done}
        return [numbers[row["id"]] for row in rows]

    def by_seq(self, seq: int) -> Row[Any]:
        """The score of that number, which is there."""
        return self._connection.execute(select(scores).where(scores.c.seq == seq)).one()

    def ids(self, seqs: Iterable[int]) -> dict[int, str]:
        """The ids of scores by their numbers."""
        query = select(scores.c.seq, scores.c.id).where(scores.c.seq.in_(list(seqs)))
        return {row.seq: row.id for row in self._connection.execute(query)}

    def find(self, score_id: str) -> Row[Any] | None:
        """A score by its id, or None."""
        query = select(scores).where(scores.c.id == score_id)
        return self._connection.execute(query).one_or_none()

    def of_lead(self, lead_id: str, before: int | None, limit: int) -> list[Row[Any]]:
        """A lead's scores, newest first; those before number `before`."""
        query = select(scores).where(scores.c.lead_id == lead_id)
        if before is not None:
            query = query.where(scores.c.seq < before)
        return list(self._connection.execute(query.order_by(scores.c.seq.desc()).limit(limit)))

    def remove_of(self, lead_id: str) -> None:
        """Remove every score of a lead: what erasing a person asks for."""
        self._connection.execute(delete(scores).where(scores.c.lead_id == lead_id))
