"""Promises are judged when they are due: a broken one is told once, a kept one never."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from models.workspace import Workspace
from serving.handing_over import judge_once, run_once
from serving.storage.jobs_tables import outbox
from tests.support.pact import Table, sit_down

GOOD = {"employees": 640, "job_title": "Head of Operations", "source": "referral"}
HOUR, DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


@pytest.fixture
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        proposal_id = found.draft(hand_over_from=35, tests=[])
        found.propose(proposal_id)
        found.agree(proposal_id)
        events = ["handoff.late", "promise.broken"]
        told = {"url": "https://crm.example/hook", "events": events}
        found.post("admin", "/v1/webhooks", told)
        for lead_id in ("G1", "G2", "G3"):
            assert found.put_lead(lead_id, GOOD)["score"]["handed_over"]
        worker = found.desk.now
        assert run_once(worker.database, worker.scorer, found.clock)[0].leads == 3
        yield found


def judge(table: Table) -> int:
    worker = table.desk.now
    return judge_once(worker.database, worker.scorer, table.clock)


def letters(table: Table, event: str) -> list[dict[str, Any]]:
    with table.worker.database.reading() as connection:
        query = select(outbox.c.body).where(outbox.c.event == event).order_by(outbox.c.seq)
        return [json.loads(body)["data"] for body in connection.execute(query).scalars()]


def handoff_of(table: Table, lead_id: str) -> Any:
    [told] = table.ask(f"/v1/leads/{lead_id}/handoffs")["handoffs"]
    return told


def call(table: Table, lead_id: str) -> None:
    event = {"lead_id": lead_id, "event_id": f"c-{lead_id}", "occurred_at": f"{table.clock.now}Z"}
    body = event | {"channel": "phone", "kind": "call", "team": "sales"}
    assert table.client.post("/v1/activities", json=body, headers=table.crm).is_success


def test_a_clock_that_ran_out_is_told_once_and_one_that_was_kept_is_not(table: Table):
    # Tuesday noon: the first touch is due on Wednesday noon, the decision a week after Tuesday.
    call(table, "G1")
    path = f"/v1/handoffs/{handoff_of(table, 'G2')['id']}/decision"
    table.post("sales", path, {"decision": "accepted"})
    assert judge(table) == 0
    table.clock.now = table.clock.now + DAY
    assert judge(table) == 0, "due at this very instant is not late"
    table.clock.now = table.clock.now + HOUR
    assert judge(table) == 1
    assert judge(table) == 0
    [late] = letters(table, "handoff.late")
    told = handoff_of(table, "G3")
    assert (late["lead_id"], late["owed"]) == ("G3", "touch")
    assert (late["handoff_id"], late["due_at"]) == (told["id"], told["touch_due"])
    call(table, "G3")
    table.clock.now = table.clock.now + 7 * DAY
    judge(table)
    owed = {(d["lead_id"], d["owed"]) for d in letters(table, "handoff.late")}
    assert owed == {("G3", "touch"), ("G1", "decision"), ("G3", "decision")}


def test_a_week_below_what_marketing_owes_is_told_once_when_it_is_over(table: Table):
    promises = {"hit_rate": 0.9, "hand_offs_a_week": 2}
    table.try_put("management", "/v1/scope", {"promises": promises})
    for lead_id, body in (
        ("G1", {"decision": "accepted"}),
        ("G2", {"decision": "returned", "reason": "no_need"}),
    ):
        table.post("sales", f"/v1/handoffs/{handoff_of(table, lead_id)['id']}/decision", body)
    judge(table)
    assert letters(table, "promise.broken") == []
    table.clock.now = table.clock.now + 7 * DAY
    judge(table)
    judge(table)
    [told] = letters(table, "promise.broken")
    assert told["from"] == "2026-08-31T00:00:00.000000Z"
    assert told["until"] == "2026-09-07T00:00:00.000000Z"
    assert (told["broken"], told["owed"]) == (["hit_rate"], {"hit_rate": 0.9})
    assert (told["handed_over"], told["hit_rate"]) == (3, 0.5)


def test_a_week_without_decisions_breaks_the_volume_alone(table: Table):
    table.try_put("management", "/v1/scope", {"promises": {"hand_offs_a_week": 5}})
    judge(table)
    table.clock.now = table.clock.now + 7 * DAY
    judge(table)
    [told] = letters(table, "promise.broken")
    assert (told["broken"], told["hit_rate"]) == (["volume"], None)
