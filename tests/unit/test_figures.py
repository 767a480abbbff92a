"""Figures as they are documented, and how old scores are said to be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.bundle import Versions
from serving.freshness import (
    DEAD_LETTERS,
    FIGURES,
    HISTORY_AGE,
    LEADS,
    LETTERS,
    OVERDUE,
    SCORE_AGE,
    STALE,
    STALE_AGE,
    STORE_UP,
    WAITING,
    freshness,
)
from serving.storage.base import to_number
from serving.storage.database import Database
from serving.storage.leads import LeadStore
from serving.storage.migrate import migrate
from serving.telemetry import Telemetry, as_markdown
from tests.support.cli import run

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NOW = np.datetime64("2026-09-01T12:00:00", "us")
DAY = np.timedelta64(1, "D")
VERSIONS = Versions("m1", "2026.1", "", "", "1", "", "2026-08-30T12:00:00Z")


def lead(name: str, days_ago: int, *, stale: bool) -> dict[str, object]:
    at = to_number(NOW - days_ago * DAY)
    return {
        "id": name,
        "fields": "{}",
        "version": 1,
        "stage": "new",
        "created_at": at,
        "changed_at": at,
        "score_seq": 1,
        "score": 50,
        "agreed_score": 50,
        "grade": "C",
        "likelihood": 0.1,
        "stale": stale,
        "scored_with": VERSIONS.decides,
        "due_at": at + 3_600_000_000,
    }


def test_every_figure_is_documented_as_the_code_declares_it():
    table = as_markdown([*Telemetry().figures, *FIGURES])
    assert table in OPERATIONS.read_text(encoding="utf-8")
    assert run("metrics").out == table
    assert len({f.name for f in Telemetry().figures}) == len(Telemetry().figures)


def test_the_text_tells_what_is_documented_and_nothing_else():
    telemetry = Telemetry()
    telemetry.serves(VERSIONS)
    told = dict.fromkeys(FIGURES, 1.0)
    lines = telemetry.text(told).decode().splitlines()
    shown = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    documented = {f.name.removesuffix("_total") for f in [*telemetry.figures, *FIGURES]}
    made_up = {name for name in shown if name.removesuffix("_created") != name}
    assert {name.removesuffix("_total") for name in shown - made_up} == documented


def test_a_model_that_answers_no_more_is_said_to():
    telemetry = Telemetry()
    telemetry.serves(VERSIONS)
    telemetry.serves(replace(VERSIONS, model="m2"))
    text = telemetry.text().decode()
    assert 'model="m1",rulebook="2026.1"} 0.0' in text
    assert 'model="m2",rulebook="2026.1"} 1.0' in text


def test_ages_are_those_of_the_oldest_score_and_of_the_oldest_that_is_stale(database: Database):
    migrate(database)
    assert freshness(database, VERSIONS, NOW) == {
        STORE_UP: 1.0,
        LEADS: 0,
        STALE: 0,
        STALE_AGE: 0.0,
        WAITING: 0,
        OVERDUE: 0.0,
        LETTERS: 0,
        DEAD_LETTERS: 0,
        HISTORY_AGE: 2 * 86400.0,
    }
    with database.transaction() as connection:
        for row in (
            lead("old", 9, stale=False),
            lead("stale", 4, stale=True),
            lead("stale too", 1, stale=True),
            lead("new", 0, stale=False),
        ):
            LeadStore(connection).add([row])
    told = freshness(database, VERSIONS, NOW)
    assert (told[LEADS], told[STALE]) == (4, 2)
    assert (told[SCORE_AGE], told[STALE_AGE]) == (9 * 86400.0, 4 * 86400.0)
    assert (told[WAITING], told[OVERDUE]) == (3, 9 * 86400.0 - 3600.0)


def test_a_model_without_dates_has_no_age_and_a_store_that_is_gone_is_said_to_be(tmp_path: Path):
    gone = Database(f"sqlite:///{tmp_path / 'nothing' / 'store.db'}")
    assert freshness(gone, replace(VERSIONS, history_until=""), NOW) == {STORE_UP: 0.0}


@pytest.mark.parametrize("times", [1, 3])
def test_scores_are_counted_one_by_one(times: int):
    telemetry = Telemetry()
    telemetry.scored([7, 55] * times)
    text = telemetry.text().decode()
    assert f'leadpact_score_points_bucket{{le="10.0"}} {times}.0' in text
    assert f'leadpact_leads_scored_total{{outcome="scored"}} {2 * times}.0' in text
