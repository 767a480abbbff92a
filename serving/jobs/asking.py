"""The use cases of jobs: queue one, look at it, stop it, begin it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.access.caller import Conflict, NoSuch
from serving.access.secrets import new_id
from serving.canonical import canonical, read
from serving.jobs.work import RESULT
from serving.reading import instant_text
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.jobs import CANCELLED, ENDED, QUEUED, JobStore

SYSTEM = "system"
"""Who asks when nobody did: the service itself."""


def add_job(
    connection: Connection,
    kind: str,
    asked: dict[str, Any],
    actor: str,
    now: np.datetime64,
    job_id: str | None = None,
) -> Row[Any]:
    """Queue a job; its row.

    Args:
        job_id: the one under which its file was put, or None where it has none.
    """
    store, name = JobStore(connection), job_id or new_id()
    row = {"id": name, "kind": kind, "asked": canonical(asked), "made_by": actor}
    store.add(row | {"created_at": to_number(now)})
    AuditLog(connection).append(now, actor, "job queued", name, {"kind": kind})
    return _found(store, name)


def cancel_job(connection: Connection, job_id: str, actor: str, now: np.datetime64) -> Row[Any]:
    """Stop a job: at once where it waits, after the batch at hand where it runs.

    Raises:
        NoSuch, Conflict: when there is none, or it has ended.
    """
    store = JobStore(connection)
    row = _found(store, job_id)
    if row.state in ENDED:
        raise Conflict(f"Job {job_id} is {row.state}; there is nothing to stop.")
    values: dict[str, Any] = {"cancel": True}
    if row.state == QUEUED:
        values |= {"state": CANCELLED, "ended_at": to_number(now)}
    store.write(job_id, values)
    AuditLog(connection).append(now, actor, "job cancelled", job_id)
    return _found(store, job_id)


def retry_job(connection: Connection, job_id: str, actor: str, now: np.datetime64) -> Row[Any]:
    """Let a job that failed or was stopped go on where it stood.

    Raises:
        NoSuch, Conflict: when there is none, or it is not of that kind.
    """
    store = JobStore(connection)
    row = _found(store, job_id)
    if row.state not in ENDED or (row.error is None and row.state != CANCELLED):
        raise Conflict(f"Job {job_id} is {row.state}; only what failed or was stopped goes on.")
    fresh = {"state": QUEUED, "cancel": False, "error": None, "ended_at": None, "attempts": 0}
    store.write(job_id, fresh)
    AuditLog(connection).append(now, actor, "job retried", job_id)
    return _found(store, job_id)


def find_job(connection: Connection, job_id: str) -> Row[Any]:
    """A job's row.

    Raises:
        NoSuch: when there is none.
    """
    return _found(JobStore(connection), job_id)


def job_as_json(row: Row[Any], folder: Path) -> dict[str, Any]:
    """A job as callers read it.

    Args:
        folder: of the job.
    """
    result = folder / RESULT
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "asked": read(row.asked),
        "made_by": row.made_by,
        "done": row.done,
        "refused": row.refused,
        "total": row.total,
        "cancelling": row.cancel and row.state not in ENDED,
        "error": row.error,
        "has_result": result.is_file() and result.stat().st_size > 0,
        **{k: instant_text(getattr(row, k)) for k in ("created_at", "started_at", "ended_at")},
    }


def _found(store: JobStore, job_id: str) -> Row[Any]:
    row = store.find(job_id)
    if row is None:
        raise NoSuch(f"There is no job {job_id[:60]!r}. GET /v1/jobs lists those there are.")
    return row
