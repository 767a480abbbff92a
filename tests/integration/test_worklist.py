"""What the worklist counts is what it lists, whole and in order; on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from serving.storage.database import Database
from serving.storage.events import EventStore
from serving.storage.handoffs import HandoffStore
from serving.storage.leads import Filter, LeadStore
from serving.storage.migrate import migrate
from serving.storage.worklist import ANY_TIME, EXPORTED, Wanted, Worklist

HOUR = 3_600_000_000
NOW = 1000 * HOUR
MANY = 1200
"""More than are read at once."""


def lead(name: str, score: int, stage: str = "new", owner: str | None = "tom") -> dict[str, Any]:
    """A lead's row, as far as a worklist looks at it."""
    at = {"created_at": NOW, "changed_at": NOW}
    told = {"score": score, "agreed_score": score, "grade": "B", "likelihood": 0.2, "score_seq": 1}
    row = {"id": name, "fields": "{}", "version": 1, "stage": stage, "owner": owner, **at, **told}
    return row | {"scoring_allowed": True, "training_allowed": True, "stale": False}


def hand(connection: Connection, name: str, touch: int, decision: int) -> None:
    """Hand a lead over ten hours ago, with both promises due in so many hours."""
    told = {"id": name.rjust(16, "0"), "lead_id": name, "score_id": "s", "edition": "1"}
    due = {"touch_due": NOW + touch * HOUR, "decision_due": NOW + decision * HOUR}
    at = {"handed_at": NOW - 10 * HOUR, "explored": False, "owner": "tom"}
    HandoffStore(connection).add(told | due | at)


def touch(connection: Connection, name: str, team: str, hours_ago: int) -> None:
    """Let a team do something about a lead."""
    at = {"occurred_at": NOW - hours_ago * HOUR, "received_at": NOW, "content_sha256": "x"}
    told = {"event_id": f"{name} {team}", "lead_id": name, "channel": "phone", "kind": "call"}
    EventStore(connection).add_activity(told | at | {"team": team})


@pytest.fixture
def filled(database: Database) -> Database:
    """Leads that wait: one in time, one late, one touched, one touched too early, one closed."""
    migrate(database)
    with database.transaction() as connection:
        names = ("calm", "late", "done", "early", "lost")
        rows = [lead(name, 60, "lost" if name == "lost" else "new") for name in names]
        LeadStore(connection).add([*rows, lead("free", 50, owner=None)])
        for name in names:
            hand(connection, name, touch=5 if name == "calm" else -5, decision=50)
        touch(connection, "done", "sales", 8)
        touch(connection, "early", "sales", 20)
        touch(connection, "late", "marketing", 8)
    return database


def listed(connection: Connection, **wanted: Any) -> set[str]:
    return {row.id for row in Worklist(connection).page(Wanted(Filter(), **wanted), 100)}


def test_what_waits_is_due_or_late_is_counted_as_it_is_listed(filled: Database):
    with filled.reading() as connection:
        found = {
            "waiting": listed(connection, due_before=ANY_TIME),
            "due": listed(connection, due_before=NOW + 24 * HOUR),
            "late": listed(connection, due_before=NOW),
        }
        counts = Worklist(connection).waiting(NOW, NOW + 24 * HOUR)
    late = {"late", "early"}
    assert found == {"waiting": late | {"calm", "done"}, "due": late | {"calm"}, "late": late}
    assert counts == {name: len(leads) for name, leads in found.items()}


def test_a_duty_tells_when_sales_first_did_something_since_the_hand_over(filled: Database):
    with filled.reading() as connection:
        duties = Worklist(connection).duties(["calm", "done", "early", "free"])
    touched = {name: row.touched_at for name, row in duties.items()}
    assert touched == {"calm": None, "done": NOW - 8 * HOUR, "early": None}


def test_leads_that_are_nobodys_are_counted_as_they_are_listed(filled: Database):
    with filled.reading() as connection:
        assert listed(connection, unowned=True) == {"free"}
        assert Worklist(connection).counts(60, 10)["nobody"] == 1


def test_a_whole_list_is_read_in_its_order(filled: Database):
    with filled.transaction() as connection:
        LeadStore(connection).add([lead(f"n{i}", i % 101) for i in range(MANY)])
    with filled.reading() as connection:
        rows = list(Worklist(connection).every(Wanted(Filter(least=10))))
        first = Worklist(connection).page(Wanted(Filter(least=10)), 40)
    assert [row.id for row in rows[:40]] == [row.id for row in first]
    scores = [row.score for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert len(rows) == len({row.id for row in rows}) == 5 + sum(i % 101 >= 10 for i in range(MANY))
    assert set(rows[0]._fields) == set(EXPORTED)
