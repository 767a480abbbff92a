"""Ten thousand deliveries, each twice and in any order, by both ways in: nothing is there twice,
and every score is what a clean rebuild gives."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
from sqlalchemy import func, select

from models.scorer import Scorer
from models.workspace import Workspace
from serving.importing import put_activities
from serving.incoming import activity_rows
from serving.record import Record
from serving.refreshing import sweep
from serving.storage.database import Database
from serving.storage.leases import Lease
from serving.storage.migrate import migrate
from serving.storage.tables import activities, leads
from serving.verifying import verify
from tests.support.filled import fill, sample_activities, sample_leads
from tests.support.service import NOW

LEADS, EACH, BATCH = 100, 50, 250
SEED = 20261125


def test_deliveries_twice_and_in_any_order_leave_what_a_clean_rebuild_gives(
    trained: Workspace, database: Database
):
    scorer, chance = Scorer.load(trained.champion()), random.Random(SEED)
    migrate(database)
    told = sample_leads(trained, LEADS)
    fill(database, scorer, told, [], NOW)
    did = [
        row | {"occurred_at": f"{NOW - np.timedelta64(i % 2000, 'h')}Z"}
        for i, row in enumerate(sample_activities(told, EACH, NOW))
    ]
    deliveries = did * 2
    chance.shuffle(deliveries)
    assert len(deliveries) == 10_000
    how: Counter[str] = Counter()
    for at in range(0, len(deliveries), BATCH):
        rows = [c.row for c in activity_rows(deliveries[at : at + BATCH], "", NOW) if c.row]
        with database.transaction() as connection:
            record = Record(connection, scorer, NOW)
            # Every tenth batch by the way of requests, which scores at once.
            put = record.happened(rows, [])[0] if at % 2500 == 0 else put_activities(record, rows)
        how.update(put)
    assert how == {"stored": 5000, "duplicate": 5000}
    lease = Lease("rescore")
    assert lease.take(database, NOW)
    assert sum(c.looked for c in sweep(database, lambda: scorer, lambda: NOW, lease)) > 0
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(activities)).scalar_one() == 5000
        assert not list(connection.execute(select(leads.c.id).where(leads.c.stale)))
    found = verify(database, scorer, lambda _: scorer, NOW)
    assert (found.leads, found.waiting, found.faults) == (LEADS, 0, ())
