"""Views of the worklist that people keep, on one connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from serving.storage.access_tables import MAX_VIEW, saved_views

__all__ = ["MAX_VIEW", "ViewStore"]


class ViewStore:
    """Reads and writes views."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, person_id: str) -> list[Row[Any]]:
        """A person's views, oldest first."""
        query = select(saved_views).where(saved_views.c.person_id == person_id)
        return list(self._connection.execute(query.order_by(saved_views.c.seq)))

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a view."""
        self._connection.execute(insert(saved_views).values(**row))

    def remove(self, view_id: str, person_id: str) -> bool:
        """Forget a view of this person; whether there was one."""
        mine = (saved_views.c.id == view_id) & (saved_views.c.person_id == person_id)
        return bool(self._connection.execute(delete(saved_views).where(mine)).rowcount)
