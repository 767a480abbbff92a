"""Jobs and their log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, case, insert, select, update

from serving.storage.jobs_tables import job_lines, jobs

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)


class JobStore:
    """Reads and writes jobs, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Queue a job."""
        self._connection.execute(insert(jobs).values(state=QUEUED, **row))

    def find(self, job_id: str) -> Row[Any] | None:
        """A job, or None."""
        return self._connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()

    def newest(self, before: int | None, limit: int) -> list[Row[Any]]:
        """Jobs, the newest first; those before number `before`."""
        query = select(jobs).order_by(jobs.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(jobs.c.seq < before)
        return list(self._connection.execute(query))

    def next_of(self, kind: str) -> Row[Any] | None:
        """The job to work on: one that was begun and left, else the oldest in the queue."""
        begun = case((jobs.c.state == RUNNING, 0), else_=1)
        query = select(jobs).where(jobs.c.kind == kind, jobs.c.state.in_((QUEUED, RUNNING)))
        return self._connection.execute(query.order_by(begun, jobs.c.seq).limit(1)).one_or_none()

    def open_kinds(self) -> set[str]:
        """Kinds of which a job is queued or running."""
        query = select(jobs.c.kind).where(jobs.c.state.in_((QUEUED, RUNNING))).distinct()
        return set(self._connection.execute(query).scalars())

    def write(self, job_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a job."""
        self._connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))

    def say(self, job_id: str, at: int, says: str) -> None:
        """Add a line to a job's log."""
        self._connection.execute(insert(job_lines).values(job_id=job_id, at=at, says=says))

    def lines(self, job_id: str, after: int, limit: int) -> list[Row[Any]]:
        """A job's log, the oldest first; those after number `after`."""
        query = select(job_lines).where(job_lines.c.job_id == job_id, job_lines.c.seq > after)
        return list(self._connection.execute(query.order_by(job_lines.c.seq).limit(limit)))

    def ended_before(self, at: int) -> list[str]:
        """Ids of jobs that ended before an instant."""
        query = select(jobs.c.id).where(jobs.c.ended_at < at)
        return list(self._connection.execute(query).scalars())
