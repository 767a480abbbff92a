"""Whoever asked is told of each hand-off and of what became of it: codes, never a note."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from models.workspace import Workspace
from serving.handing_over import run_once
from serving.storage.jobs_tables import outbox
from tests.support.pact import Table, sit_down

GOOD = {"employees": 640, "job_title": "Head of Operations", "source": "referral"}
EVENTS = ["handoff.made", "handoff.accepted", "handoff.returned", "handoff.recycled"]


@pytest.fixture
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        proposal_id = found.draft(hand_over_from=35, tests=[])
        found.propose(proposal_id)
        found.agree(proposal_id)
        for lead_id in ("G1", "G2"):
            assert found.put_lead(lead_id, GOOD)["score"]["handed_over"]
        yield found


def ask_for(table: Table, *events: str) -> None:
    told = {"url": "https://crm.example/hook", "events": list(events)}
    table.post("admin", "/v1/webhooks", told)


def hand_over(table: Table) -> None:
    worker = table.desk.now
    assert run_once(worker.database, worker.scorer, table.clock)[0].leads == 2


def letters(table: Table) -> list[tuple[str, str, dict[str, Any]]]:
    with table.worker.database.reading() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.seq)).all()
        return [(row.event, row.subject, json.loads(row.body)["data"]) for row in rows]


def handoff_of(table: Table, lead_id: str) -> Any:
    [told] = table.ask(f"/v1/leads/{lead_id}/handoffs")["handoffs"]
    return told


def decide(table: Table, who: str, lead_id: str, decision: str, **more: Any) -> Any:
    path = f"/v1/handoffs/{handoff_of(table, lead_id)['id']}/decision"
    return table.try_post(who, path, {"decision": decision, **more})


def test_each_lead_handed_over_is_told_with_its_clocks(table: Table):
    ask_for(table, *EVENTS)
    hand_over(table)
    assert [(event, subject) for event, subject, _ in letters(table)] == [
        ("handoff.made", "G1"),
        ("handoff.made", "G2"),
    ]
    told, handoff = letters(table)[0][2], handoff_of(table, "G1")
    assert told.pop("handoff_id") == handoff["id"]
    assert told == {name: handoff[name] for name in told}
    assert {"owner", "score_id", "touch_due", "decision_due", "explored"} <= set(told)


def test_decisions_are_told_once_each_with_the_reason_and_without_the_note(table: Table):
    ask_for(table, *EVENTS[1:])
    hand_over(table)
    reasons = table.ask("/v1/leads/G2")["score"]["reasons"]
    line = next(r["key"] for r in reasons if r["kind"] == "criterion")
    back = {"reason": "no_need", "line": line, "note": "Ms Duarte has no need."}
    assert decide(table, "sales", "G1", "accepted").is_success
    assert decide(table, "sales", "G2", "returned", **back).is_success
    assert decide(table, "marketing", "G2", "recycled").is_success
    told = letters(table)
    assert [(event, subject) for event, subject, _ in told] == [
        ("handoff.accepted", "G1"),
        ("handoff.returned", "G2"),
        ("handoff.recycled", "G2"),
    ]
    accepted, returned = told[0][2], told[1][2]
    assert accepted["handoff_id"] == handoff_of(table, "G1")["id"]
    assert "reason" not in accepted
    assert (returned["reason"], f"criterion:{returned['criterion']}") == ("no_need", line)
    assert "Duarte" not in json.dumps(told)


def test_a_decision_that_is_refused_tells_nothing(table: Table):
    ask_for(table, *EVENTS[1:])
    hand_over(table)
    assert decide(table, "marketing", "G1", "accepted").status_code == 403
    wrong = decide(table, "sales", "G1", "returned", reason="no_need", line="criterion:nothing")
    assert wrong.status_code == 422
    assert letters(table) == []


def test_nobody_is_told_what_they_did_not_ask_for(table: Table):
    ask_for(table, "handoff.returned")
    hand_over(table)
    assert decide(table, "sales", "G1", "accepted").is_success
    assert letters(table) == []
