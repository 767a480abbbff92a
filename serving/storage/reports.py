"""Reports from the ground about accounts and criteria, on one connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from serving.storage.pact_tables import ground_reports


class ReportStore:
    """Appends and reads reports."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a report."""
        self._connection.execute(insert(ground_reports).values(**row))

    def since(self, first: int) -> list[Row[Any]]:
        """Reports made from `first` (microseconds) on, oldest first."""
        query = select(ground_reports).where(ground_reports.c.created_at >= first)
        return list(self._connection.execute(query.order_by(ground_reports.c.seq)))
