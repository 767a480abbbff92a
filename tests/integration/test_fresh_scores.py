"""Scores stay fresh: a sweep scores anew what has moved, and nothing else, on both databases."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from sqlalchemy import func, select, update

from models.scorer import Scorer
from models.workspace import Workspace
from serving.freshness import OVERDUE, WAITING, freshness
from serving.record import Record
from serving.refreshing import Counts, count_waiting, sweep
from serving.rescoring import score_many
from serving.storage.base import from_number
from serving.storage.database import Database
from serving.storage.leases import Lease, LeaseLost
from serving.storage.migrate import migrate
from serving.storage.tables import leads, scores
from serving.verifying import verify
from tests.support.filled import fill, sample_activities, sample_leads
from tests.support.service import NOW

LEADS = 90
HOUR = np.timedelta64(1, "h")


@pytest.fixture(scope="module")
def scorer(trained: Workspace) -> Scorer:
    return Scorer.load(trained.champion())


@pytest.fixture
def filled(database: Database, trained: Workspace, scorer: Scorer) -> Database:
    """Leads of which the first two thirds have done something, and the others nothing."""
    migrate(database)
    told = sample_leads(trained, LEADS)
    fill(database, scorer, told, sample_activities(told[: LEADS * 2 // 3], 4, NOW), NOW)
    return database


def swept(database: Database, scorer: Scorer, now: np.datetime64) -> Counts:
    lease = Lease("rescore")
    assert lease.take(database, now)
    counts = sum(sweep(database, lambda: scorer, lambda: now, lease), Counts())
    lease.release(database)
    return counts


def shown(database: Database) -> dict[str, tuple[int, int]]:
    with database.reading() as connection:
        rows = connection.execute(select(leads.c.id, leads.c.score, leads.c.agreed_score))
        return {row.id: (row.score, row.agreed_score) for row in rows}


def fresh(database: Database, scorer: Scorer, now: np.datetime64) -> dict[str, tuple[int, int]]:
    """What every lead would score now."""
    with database.reading() as connection:
        record = Record(connection, scorer, now)
        rows = list(connection.execute(select(leads)))
        answers = score_many(scorer, record.inputs_of(rows), now)
    return {a["lead_id"]: (a["score"], a["agreed_score"]) for a in answers}


def count_scores(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(scores)).scalar_one())


def test_what_is_told_is_what_fresh_scores_would_be_and_the_unmoved_are_not_touched(
    filled: Database, scorer: Scorer
):
    now, total = NOW, Counts()
    for hours in (2, 10, 24, 7 * 24, 14 * 24, 30 * 24):
        now = now + hours * HOUR
        before, stored = shown(filled), count_scores(filled)
        counts = swept(filled, scorer, now)
        after = shown(filled)
        # Between two looks, a day at most, a score may go and come back by a point.
        off = [i for i, told in fresh(filled, scorer, now).items() if told != after[i]]
        assert len(off) <= LEADS // 45
        assert all(
            abs(np.subtract(after[i], fresh(filled, scorer, now)[i])).max() <= 1 for i in off
        )
        changed = sum(before[i] != after[i] for i in after)
        assert counts.rescored == changed
        assert count_scores(filled) == stored + counts.rescored
        total += counts
    assert total.untouched > total.rescored > LEADS // 3
    assert count_waiting(filled, scorer, now) == 0


def test_a_lead_is_looked_at_again_only_when_it_is_due(filled: Database, scorer: Scorer):
    assert swept(filled, scorer, NOW) == Counts()
    later = NOW + 2 * HOUR
    assert swept(filled, scorer, later).looked == LEADS
    assert swept(filled, scorer, later).looked == 0
    with filled.reading() as connection:
        due = list(connection.execute(select(leads.c.due_at)).scalars())
    assert all(later < from_number(at) <= later + 24 * HOUR for at in due)


def test_what_a_clock_that_ran_ahead_put_off_waits_once_it_is_set_right(
    filled: Database, scorer: Scorer
):
    assert swept(filled, scorer, NOW + 400 * 24 * HOUR).looked == LEADS
    told = freshness(filled, scorer.versions, NOW)
    assert told[WAITING] == LEADS
    assert told[OVERDUE] > 399 * 86_400
    assert swept(filled, scorer, NOW).looked == LEADS
    assert fresh(filled, scorer, NOW) == shown(filled)
    told = freshness(filled, scorer.versions, NOW)
    assert (told[WAITING], told[OVERDUE]) == (0, 0)


def test_another_model_or_edition_scores_every_lead_anew(filled: Database, scorer: Scorer):
    with filled.transaction() as connection:
        connection.execute(update(leads).values(scored_with="another model"))
    assert swept(filled, scorer, NOW) == Counts(LEADS, LEADS, 0)


def test_a_stale_lead_is_scored_anew(filled: Database, scorer: Scorer):
    name = sorted(shown(filled))[0]
    with filled.transaction() as connection:
        connection.execute(update(leads).where(leads.c.id == name).values(stale=True))
    assert swept(filled, scorer, NOW) == Counts(1, 1, 0)


def test_a_sweep_whose_lease_is_gone_keeps_nothing(filled: Database, scorer: Scorer):
    later, mine, theirs = NOW + 2 * HOUR, Lease("rescore"), Lease("rescore")
    assert mine.take(filled, NOW)
    assert not theirs.take(filled, NOW)
    assert theirs.take(filled, later)
    before = count_scores(filled)
    with pytest.raises(LeaseLost):
        list(sweep(filled, lambda: scorer, lambda: later, mine))
    assert count_scores(filled) == before


def test_a_lease_far_ahead_of_a_clock_set_back_is_not_waited_for(database: Database):
    migrate(database)
    before, after = Lease("x"), Lease("x")
    assert before.take(database, NOW)
    assert after.take(database, NOW - 24 * HOUR)


def test_a_lease_stays_its_holders_for_who_read_the_clock_before_it_was_claimed_anew(
    database: Database,
):
    migrate(database)
    holder, other = Lease("x"), Lease("x")
    asked_at = NOW
    assert holder.take(database, asked_at + np.timedelta64(300, "ms"))
    assert not other.take(database, asked_at)
    with pytest.raises(LeaseLost), database.transaction() as connection:
        other.keep(connection, asked_at)
    assert holder.take(database, asked_at + np.timedelta64(5, "s"))


def test_verifying_finds_nothing_in_a_sound_store_and_every_change_behind_its_back(
    filled: Database, scorer: Scorer
):
    swept(filled, scorer, NOW + 30 * HOUR)
    by_name = cache(lambda _: scorer)
    found = verify(filled, scorer, by_name, NOW)
    assert (found.leads, found.scores, found.faults) == (LEADS, LEADS, ())
    first, second, third = sorted(shown(filled))[:3]
    with filled.transaction() as connection:
        connection.execute(update(leads).where(leads.c.id == first).values(score=99))
        other = leads.c.id == second
        connection.execute(update(leads).where(other).values(fields='{"lead_id":"x"}'))
        of_third = scores.c.lead_id == third
        connection.execute(update(scores).where(of_third).values(answer="{}"))
    faults = verify(filled, scorer, by_name, NOW).faults
    assert [f.lead_id for f in faults] == [first, second, third]
