"""Who works on jobs: any worker, one job of a kind at a time, a batch a transaction.

A batch's rows and the place where the next one begins are kept together, under a lease that is
claimed anew with every batch. A process that is killed loses its batch at hand; after the lease has
run out, any process goes on from the last one that was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row

from features.errors import InputRefused, LeadpactError
from serving.canonical import canonical, read
from serving.jobs.files import ImportWork, ScoreWork
from serving.jobs.processes import ProcessWork, replay, train
from serving.jobs.sweeps import RescoreWork
from serving.jobs.work import House, Job, JobFailed, Kept, Work
from serving.record import Collision, Record
from serving.storage.base import to_number
from serving.storage.jobs import CANCELLED, DONE, FAILED, RUNNING, JobStore
from serving.storage.leases import Lease

KINDS: dict[str, Callable[[Job, House], Work]] = {
    "score": ScoreWork,
    "import": ImportWork,
    "rescore": RescoreWork,
    "train": partial(ProcessWork, command=train),
    "replay": partial(ProcessWork, command=replay),
}
"""Every kind of job there is."""
ATTEMPTS = 5
"""How often a job is begun anew after its process died, before it is given up: a job that kills its
process must not do so for ever."""
_TRIES = 20


class OthersFaster(LeadpactError):
    """Other writers were faster each time."""


def folder_of(house: House, job_id: str) -> Path:
    """The folder of a job."""
    return house.workspace.home / "jobs" / job_id


def work_on(house: House, lease: Lease, kind: str) -> Iterator[Kept]:
    """Work on the next job of a kind until it has ended; what each batch came to.

    Args:
        lease: of this kind, held.

    Raises:
        LeaseLost: when another process has taken over.
    """
    row = _begin(house, lease, kind)
    if row is None:
        return
    folder = folder_of(house, row.id)
    job = Job(row.id, read(row.asked), folder, read(row.place))
    try:
        yield from _batches(house, lease, job, kind)
    except (InputRefused, JobFailed, OthersFaster, msgspec.MsgspecError, OSError) as error:
        _end(house, lease, job.id, FAILED, str(error))


def _begin(house: House, lease: Lease, kind: str) -> Row[Any] | None:
    now = house.clock()
    with house.database.transaction() as connection:
        lease.keep(connection, now)
        store, at = JobStore(connection), to_number(now)
        row = store.next_of(kind)
        if row is None:
            return None
        if row.attempts >= ATTEMPTS:
            why = f"Begun {row.attempts} times, and each time the process ended. See its log."
            store.write(row.id, {"state": FAILED, "ended_at": at, "error": why})
            store.say(row.id, at, why)
            return None
        again = "Goes on after the process before ended." if row.state == RUNNING else "Begins."
        store.say(row.id, at, again)
        values = {"state": RUNNING, "attempts": row.attempts + 1}
        store.write(row.id, values | {"started_at": row.started_at or at})
        return row


def _batches(house: House, lease: Lease, job: Job, kind: str) -> Iterator[Kept]:
    work = KINDS[kind](job, house)
    try:
        total = work.total()
        if total is not None:
            with house.database.transaction() as connection:
                JobStore(connection).write(job.id, {"total": total})
        while work.read():
            kept = _keep(house, lease, job, work)
            if kept is None:
                return
            yield kept
    finally:
        work.close()
    _end(house, lease, job.id, DONE, None)


def _keep(house: House, lease: Lease, job: Job, work: Work) -> Kept | None:
    """One batch in one transaction; None when the job was cancelled."""
    for _ in range(_TRIES):
        now = house.clock()
        try:
            with house.database.transaction() as connection:
                lease.keep(connection, now)
                store, at = JobStore(connection), to_number(now)
                row = store.find(job.id)
                if row is None or row.cancel:
                    ended = {"state": CANCELLED, "ended_at": at}
                    store.write(job.id, ended)
                    store.say(job.id, at, "Cancelled.")
                    return None
                kept = work.keep(Record(connection, house.scorer_now(), now))
                progress = {"done": row.done + kept.done, "refused": row.refused + kept.refused}
                # A batch that was kept is proof that the job does not kill its process.
                values = progress | {"place": canonical(kept.place), "attempts": 1}
                store.write(job.id, values)
                for line in kept.says:
                    store.say(job.id, at, line)
            return kept
        except Collision:
            continue
    raise OthersFaster("Other writers were faster each time. Retry the job.")


def _end(house: House, lease: Lease, job_id: str, state: str, error: str | None) -> None:
    now = house.clock()
    with house.database.transaction() as connection:
        lease.keep(connection, now)
        store, at = JobStore(connection), to_number(now)
        row = store.find(job_id)
        assert row is not None
        says = error or f"Done: {row.done:,} taken, {row.refused:,} refused."
        values = {"state": state, "ended_at": at, "error": error, "attempts": 0}
        store.write(job_id, values)
        store.say(job_id, at, says)
