"""Scores stay fresh: what waits is looked at, and only what has moved is scored anew.

A score moves while nothing happens: touches age, windows close, points decay. Looking is cheap
(the score alone, not taken apart), so a lead that is due is looked at now and at instants ahead;
it is scored anew only if what is shown has changed. Else only the instant is kept at which it is
looked at again: the last of those ahead up to which nothing shown changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from models.scorer import Scorer
from serving.record import Collision, Record
from serving.rescoring import Inputs, snapshot_of
from serving.storage.base import to_number
from serving.storage.database import Database
from serving.storage.leads import Due, LeadStore
from serving.storage.leases import Lease

BATCH = 200
"""Leads of one transaction: SQLite's other writers wait for about half a second at most."""
LEASE = "rescore"
AHEAD = np.array([1, 3, 6, 12, 24], dtype="timedelta64[h]")
"""Hours ahead at which a score is looked at: close ones first, because what has just happened moves
fast, and a day at most, because between two looks a score could go and come back."""
SLACK = np.timedelta64(1, "h")
"""How far the clocks of processes that are right may be apart."""
_ATTEMPTS = 5
Clock = Callable[[], np.datetime64]


@dataclass(frozen=True)
class Counts:
    """What became of leads whose scores were looked at.

    Attributes:
        looked: how many.
        rescored: of these, scored anew.
        untouched: nothing shown has changed; no score was written.
    """

    looked: int = 0
    rescored: int = 0
    untouched: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.looked + other.looked,
            self.rescored + other.rescored,
            self.untouched + other.untouched,
        )


def sweep(
    database: Database, scorer_now: Callable[[], Scorer], clock: Clock, lease: Lease
) -> Iterator[Counts]:
    """Look at every score that waits, a batch a transaction; what became of each batch.

    Args:
        scorer_now: the model that answers now; a new one is taken up in the middle.
        lease: held by the caller; every batch holds on to it.

    Raises:
        LeaseLost: when another process sweeps now.
    """
    while ids := waiting(database, scorer_now(), clock(), _LIST):
        for at in range(0, len(ids), BATCH):
            counts = _batch(database, scorer_now(), clock(), lease, ids[at : at + BATCH])
            if counts is None:
                return
            yield counts


_LIST = 20_000
"""Waiting leads that are looked up at once."""


def due_at(now: np.datetime64) -> Due:
    """Which scores are due at an instant."""
    return Due(to_number(now), to_number(now + AHEAD[-1] + SLACK))


def count_waiting(database: Database, scorer: Scorer, now: np.datetime64) -> int:
    """How many scores wait to be looked at."""
    with database.reading() as connection:
        return LeadStore(connection).count_waiting(scorer.versions.decides, due_at(now))


def waiting(database: Database, scorer: Scorer, now: np.datetime64, most: int) -> list[str]:
    """Ids of leads whose scores wait to be looked at, `most` of them."""
    with database.reading() as connection:
        return LeadStore(connection).waiting(scorer.versions.decides, due_at(now), most)


def _batch(
    database: Database, scorer: Scorer, now: np.datetime64, lease: Lease, ids: Sequence[str]
) -> Counts | None:
    """None when others who move these leads were faster each time; the next sweep has them."""
    for _ in range(_ATTEMPTS):
        try:
            with database.transaction() as connection:
                lease.keep(connection, now)
                return refresh(Record(connection, scorer, now), ids)
        except Collision:
            continue
    return None


def refresh(record: Record, ids: Sequence[str]) -> Counts:
    """Look at leads, score anew those whose shown score has changed or whose inputs, model or
    edition have, and say when each is to be looked at next."""
    made_with = record.book.scorer.versions.decides
    rows = [row for row in record.hold(ids).values() if row.scoring_allowed]
    changed = [row for row in rows if row.stale or row.scored_with != made_with]
    aged = [row for row in rows if not row.stale and row.scored_with == made_with]
    moved, due = _looked_at(record, aged)
    for cause, which in (("inputs or model changed", changed), ("time", moved)):
        record.rescore_many(which, cause)
    record.leads.look_again(due)
    rescored = len(changed) + len(moved)
    return Counts(len(rows), rescored, len(rows) - rescored)


def _looked_at(record: Record, rows: Sequence[Row[Any]]) -> tuple[list[Row[Any]], dict[str, int]]:
    """The leads whose shown score has moved by now, and when to look again at the others."""
    if not rows:
        return [], {}
    inputs = record.inputs_of(rows)
    ahead = np.concatenate((np.zeros(1, dtype=AHEAD.dtype), AHEAD))
    score, agreed = _shown_ahead(record.book.scorer, inputs, record.now, ahead)
    told = np.array([[row.score, row.agreed_score] for row in rows])
    same = (score == told[:, :1]) & (agreed == told[:, 1:])
    moved = [row for row, as_told in zip(rows, same[:, 0], strict=True) if not as_told]
    # The first instant ahead at which something shown differs; one past the last if none does.
    first = np.where(same.all(axis=1), len(ahead), np.argmin(same, axis=1))
    step = np.maximum(first - 1, 1)
    due = {
        row.id: to_number(record.now + ahead[step[i]]) for i, row in enumerate(rows) if same[i, 0]
    }
    return moved, due


def _shown_ahead(
    scorer: Scorer, inputs: Sequence[Inputs], now: np.datetime64, ahead: Any
) -> tuple[Any, Any]:
    """Score and agreed score as shown, each lead at each instant. Shapes (n, len(ahead))."""
    instants = np.tile(now + ahead, (len(inputs), 1))
    snapshot, _ = snapshot_of(scorer, inputs, instants)
    score, agreed = scorer.shown(snapshot)
    return score.reshape(instants.shape), agreed.reshape(instants.shape)
