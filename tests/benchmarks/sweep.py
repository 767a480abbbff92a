"""A sweep over many leads: its rate, what it scores anew, and what it leaves untouched.

    make bench-sweep [ARGS="--leads 100000"]

Leads of the simulated company are written into a new store (repeated under other ids), half of
them with activities; then the clock is moved and every lead is looked at.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.scorer import Scorer
from models.workspace import Workspace
from serving.importing import NewLead, put_leads
from serving.record import Record
from serving.refreshing import Counts, sweep
from serving.storage.database import Database
from serving.storage.leases import Lease
from serving.storage.migrate import migrate
from serving.storage.tables import activities
from tests.support.filled import sample_activities, sample_leads

NOW = np.datetime64("2026-09-01T12:00:00", "us")
BATCH = 500


def main() -> None:
    """Fill, move the clock, sweep, print."""
    told = argparse.ArgumentParser()
    told.add_argument("-w", "--workspace", type=Path, default=Path(".workspace/sample"))
    told.add_argument("--leads", type=int, default=100_000)
    asked = told.parse_args()
    workspace = Workspace(asked.workspace)
    scorer = Scorer.load(workspace.champion())
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/store.db")
        migrate(database)
        fill(database, scorer, workspace, asked.leads)
        for says, hours in (("at once", 0), ("2 hours", 2), ("a day", 24), ("a week", 24 * 7)):
            show(says, *swept(database, scorer, NOW + np.timedelta64(hours, "h")))
        database.close()


def fill(database: Database, scorer: Scorer, workspace: Workspace, n: int) -> None:
    """Leads that have a score already, of which every second has done something."""
    began = time.perf_counter()
    for some in _batches(sample_leads(workspace, min(n, 3000)), n):
        with database.transaction() as connection:
            record = Record(connection, scorer, NOW)
            did = sample_activities(some[::2], 3, NOW)
            connection.execute(activities.insert(), [_row(a) for a in did])
            put_leads(record, [NewLead(lead["lead_id"], lead) for lead in some])
    seconds = time.perf_counter() - began
    print(f"wrote {n:,} leads in {seconds:,.0f} s: {n / seconds:,.0f} a second")  # noqa: T201


def _batches(leads: list[dict[str, Any]], n: int) -> Iterator[list[dict[str, Any]]]:
    ids = ("lead_id", "account_id")
    many = (
        lead | {k: f"{lead[k]}-{i}" for k in ids if k in lead}
        for i in range(n // len(leads) + 1)
        for lead in leads
    )
    for at in range(0, n, BATCH):
        yield [next(many) for _ in range(min(BATCH, n - at))]


def _row(activity: dict[str, Any]) -> dict[str, Any]:
    told = {k: v for k, v in activity.items() if k != "occurred_at"}
    at = int(np.datetime64(activity["occurred_at"].removesuffix("Z"), "us").astype(np.int64))
    return told | {"occurred_at": at, "received_at": at, "content_sha256": "0" * 64}


def swept(database: Database, scorer: Scorer, now: np.datetime64) -> tuple[Counts, float]:
    """What a sweep did, and how long it took, in seconds."""
    lease, began = Lease("rescore"), time.perf_counter()
    assert lease.take(database, now)
    counts = sum(sweep(database, lambda: scorer, lambda: now, lease), Counts())
    lease.release(database)
    return counts, time.perf_counter() - began


def show(says: str, counts: Counts, seconds: float) -> None:
    """One line."""
    rate = counts.looked / seconds
    print(  # noqa: T201
        f"{says}: looked at {counts.looked:,} in {seconds:,.0f} s ({rate:,.0f} a second), "
        f"{counts.rescored:,} scored anew, {counts.untouched:,} untouched"
    )


if __name__ == "__main__":
    main()
