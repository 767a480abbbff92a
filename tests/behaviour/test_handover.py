"""The hand-over through the API: by itself, to whom, by what clocks, and who was right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import BundleRefused
from models.bundle import load
from models.challenger import Challenger
from models.rungs import Affine
from models.scorer import Scorer
from models.workspace import NoChampion, Workspace
from serving.handing_over import run_once
from serving.pact.calendar import Calendar
from serving.pact.handing import drawn
from serving.record import Record
from tests.support.pact import Table, sit_down

GOOD = {"employees": 640, "job_title": "Head of Operations", "source": "referral"}
POOR = {"employees": 3, "source": "bought list"}
REPLY = {"channel": "email", "kind": "reply", "team": "marketing"}
DAY = np.timedelta64(1, "D")


@pytest.fixture
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        # From a threshold that leads reach who have done nothing yet.
        proposal_id = found.draft(hand_over_from=35, tests=[])
        found.propose(proposal_id)
        found.agree(proposal_id)
        yield found


def good(table: Table, lead_id: str) -> None:
    told = table.put_lead(lead_id, GOOD)["score"]
    assert told["handed_over"], told["score"]


def hand(table: Table) -> tuple[int, int]:
    worker = table.desk.now
    handed, settled = run_once(worker.database, worker.scorer, table.clock)
    assert handed.explored <= handed.leads
    return handed.leads, settled


def waiting(table: Table) -> dict[str, Any]:
    return {h["lead_id"]: h for h in table.ask("/v1/handoffs?limit=200")["handoffs"]}


def decide(table: Table, who: str, handoff: Any, decision: str, **more: Any) -> Any:
    body = {"decision": decision} | more
    return table.try_post(who, f"/v1/handoffs/{handoff['id']}/decision", body)


def test_leads_at_the_threshold_go_to_sales_once_and_those_below_do_not(table: Table):
    good(table, "G1")
    table.put_lead("P1", POOR)
    assert hand(table) == (1, 0)
    assert hand(table) == (0, 0)
    [told] = waiting(table).values()
    assert (told["lead_id"], told["edition"], told["explored"]) == ("G1", "2026.1", False)
    # 1 September 2026 is a Tuesday; noon and eight business hours of 9 to 17 UTC.
    assert told["touch_due"] == "2026-09-02T12:00:00.000000Z"
    assert not told["touch_late"]
    assert table.audit()[0]["action"] == "handed over"


def test_routes_take_field_capacity_and_turns_and_leave_the_rest_in_the_common_queue(
    table: Table,
):
    routes = [
        {"owners": ["rita"], "field": "source", "values": ["event"]},
        {"owners": ["tom", "ann"], "most": 2},
    ]
    assert table.try_put("management", "/v1/scope", {"routes": routes}).status_code == 200
    for n in range(5):
        good(table, f"G{n}")
    hand(table)
    owners = [waiting(table)[f"G{n}"]["owner"] for n in range(5)]
    assert owners == ["tom", "ann", "tom", "ann", None]
    assert len(table.ask("/v1/handoffs?owner=tom")["handoffs"]) == 2


def test_only_sales_decides_once_and_a_return_is_feedback_with_its_reason(table: Table):
    good(table, "G1")
    hand(table)
    told = waiting(table)["G1"]
    assert decide(table, "marketing", told, "accepted").status_code == 403
    assert decide(table, "sales", told, "returned").status_code == 422
    assert decide(table, "sales", told, "recycled").status_code == 403
    wrong = decide(table, "sales", told, "returned", reason="no_need", line="criterion:nothing")
    assert wrong.status_code == 422
    reasons = table.ask("/v1/leads/G1")["score"]["reasons"]
    line = next(r["key"] for r in reasons if r["kind"] == "criterion")
    more = {"reason": "no_need", "line": line, "note": "No."}
    done = decide(table, "sales", told, "returned", **more)
    assert f"criterion:{done.json()['criterion']}" == line
    assert decide(table, "sales", told, "accepted").status_code == 409
    assert waiting(table) == {}
    [said] = table.ask("/v1/leads/G1/feedback")["feedback"]
    assert (said["kind"], said["reason"], said["note"]) == ("returned", "no_need", "No.")
    assert table.ask("/v1/leads/G1")["stage"] == "returned"
    assert hand(table) == (0, 0)


def test_a_recycled_lead_is_handed_over_again_when_it_moves_again_and_not_before(table: Table):
    good(table, "G1")
    hand(table)
    told = waiting(table)["G1"]
    assert decide(table, "sales", told, "returned", reason="too_early").is_success
    assert decide(table, "marketing", told, "recycled").is_success
    assert hand(table) == (0, 0)
    table.clock.now = table.clock.now + DAY
    event = {"lead_id": "G1", "event_id": "a1", "occurred_at": f"{table.clock.now}Z"} | REPLY
    answer = table.client.post("/v1/activities", json=event, headers=table.crm)
    assert answer.is_success, answer.text
    assert hand(table) == (1, 0)
    assert len(table.ask("/v1/leads/G1/handoffs")["handoffs"]) == 2


def test_promises_tell_what_was_bad_apart_from_what_nobody_touched(table: Table):
    for n in range(4):
        good(table, f"G{n}")
    hand(table)
    by_lead = waiting(table)
    assert decide(table, "sales", by_lead["G0"], "accepted").is_success
    assert decide(table, "sales", by_lead["G1"], "returned", reason="no_need").is_success
    table.clock.now = table.clock.now + 3 * DAY
    late = {"lead_id": "G2", "event_id": "s1", "occurred_at": f"{table.clock.now}Z"}
    call = late | {"channel": "phone", "kind": "call", "team": "sales"}
    assert table.client.post("/v1/activities", json=call, headers=table.crm).is_success
    [week] = table.ask("/v1/promises?weeks=1")["weeks"]
    names = ("handed_over", "accepted", "returned_as_bad", "never_touched", "touched_late")
    assert [week[name] for name in names] == [4, 1, 1, 1, 1]
    assert week["hit_rate"] == 0.5
    assert week["hit_rate_kept"]
    assert week["by_lot"]["handed_over"] == 0


def test_a_share_of_what_is_left_behind_is_handed_over_by_lot_and_reported_apart(table: Table):
    assert table.try_put("management", "/v1/scope", {"explored_share": 0.2}).is_success
    names = [f"P{n}" for n in range(40)]
    lucky = {name for name in names if drawn(name, 0.2)}
    assert 0 < len(lucky) < 20
    for name in names:
        table.put_lead(name, POOR)
    assert hand(table) == (0, 0)
    table.clock.now = table.clock.now + 8 * DAY
    assert hand(table) == (len(lucky), 0)
    told = waiting(table)
    assert set(told) == lucky
    assert all(h["explored"] for h in told.values())
    table.clock.now = table.clock.now + DAY
    [week] = table.ask("/v1/promises?weeks=1")["weeks"]
    assert (week["handed_over"], week["by_lot"]["handed_over"]) == (0, len(lucky))


def test_what_became_of_leads_by_lot_is_told_beside_what_their_scores_said(table: Table):
    assert table.try_put("management", "/v1/scope", {"explored_share": 0.5}).is_success
    names = [f"P{n}" for n in range(12)]
    for name in names:
        table.put_lead(name, POOR)
    table.clock.now = table.clock.now + 8 * DAY
    hand(table)
    by_lot = sorted(waiting(table))
    assert 3 <= len(by_lot) < 12
    asked = table.ask("/v1/exploration")
    assert (asked["handed_over"], asked["known"], asked["rate"]) == (len(by_lot), 0, None)
    ends = dict(zip(by_lot, ("won", "lost", "lost"), strict=False))
    for n, (lead_id, stage) in enumerate(ends.items()):
        body = {"lead_id": lead_id, "event_id": f"o{n}", "at": f"{table.clock.now}Z"}
        told = body | {"stage": stage}
        assert table.client.post("/v1/outcomes", json=told, headers=table.crm).is_success
    asked = table.ask("/v1/exploration?days=30")
    assert (asked["known"], asked["converted"]) == (3, 1)
    assert asked["low"] < asked["rate"] == 1 / 3 < asked["high"]
    scores = [table.ask(f"/v1/leads/{i}/scores")["scores"][0]["likelihood"] for i in ends]
    assert asked["told"] == pytest.approx(np.mean(scores))


def test_the_outcome_settles_a_dispute_between_rulebook_and_model(table: Table):
    good(table, "G1")
    body = {"says": "too high", "why": "Budget frozen.", "criterion": "referred"}
    assert table.try_post("management", "/v1/leads/G1/disputes", body).status_code == 403
    assert table.try_post("sales", "/v1/leads/G1/disputes", body).status_code == 201
    assert table.try_post("sales", "/v1/leads/G1/disputes", body).status_code == 409
    other = {"says": "too low", "why": "They asked for a demo."}
    assert table.try_post("marketing", "/v1/leads/G1/disputes", other).status_code == 201
    assert hand(table)[1] == 0
    table.clock.now = table.clock.now + 5 * DAY
    lost = {"lead_id": "G1", "event_id": "o1", "at": f"{table.clock.now}Z", "stage": "lost"}
    answer = table.client.post("/v1/outcomes", json=lost, headers=table.crm)
    assert answer.is_success, answer.text
    assert hand(table)[1] == 2
    told = table.ask("/v1/disputes")
    by_side = {d["side"]: d for d in told["disputes"]}
    assert (by_side["sales"]["was_right"], by_side["marketing"]["was_right"]) == (True, False)
    score = table.ask("/v1/leads/G1/scores")["scores"][-1]
    assert by_side["sales"]["model_loss"] == pytest.approx(-np.log1p(-score["likelihood"]))
    closer = "model" if by_side["sales"]["model_loss"] < by_side["sales"]["rulebook_loss"] else ""
    assert by_side["sales"]["closer"] == (closer or "rulebook")
    rows = {(g["by"], g["value"]): g for g in told["ledger"]}
    assert rows["side", "sales"]["right"] == 1
    assert rows["side", "sales"]["right_by_model"] == pytest.approx(1 - score["likelihood"])
    assert rows["side", "marketing"]["right_by_model"] == pytest.approx(score["likelihood"])
    assert rows["criterion", "referred"]["settled"] == 1


def test_a_challenger_is_a_third_party_in_disputes(table: Table):
    good(table, "G1")
    body = {"says": "too high", "why": "Budget frozen."}
    assert table.try_post("sales", "/v1/leads/G1/disputes", body).status_code == 201
    table.clock.now = table.clock.now + 5 * DAY
    lost = {"lead_id": "G1", "event_id": "o1", "at": f"{table.clock.now}Z", "stage": "lost"}
    assert table.client.post("/v1/outcomes", json=lost, headers=table.crm).is_success
    worker = table.desk.now
    # One that thinks nothing of any lead is right of those that are lost.
    bundle, versions = load(table.workspace.champion())
    gloomy = replace(bundle, ladder=replace(bundle.ladder, affine=Affine(-6.0, 0.0)))
    other = Scorer(gloomy, replace(versions, model="gloomy"))
    assert run_once(worker.database, worker.scorer, table.clock, other)[1] == 1
    told = table.ask("/v1/disputes")
    [dispute] = told["disputes"]
    assert (dispute["closer"], dispute["challenger"]) == ("challenger", "gloomy")
    assert dispute["challenger_loss"] < 0.01 < dispute["model_loss"]
    assert told["ledger"][0]["challenger_closer"] == 1
    assert told["ledger"][0]["challenger_loss"] == dispute["challenger_loss"]


def test_the_workspaces_challenger_is_read_once_and_a_damaged_one_is_told(
    trained: Workspace, tmp_path: Path
):
    shutil.copytree(trained.folder, tmp_path / "halden")
    workspace = Workspace(tmp_path / "halden")
    waiting = Challenger(workspace)
    assert waiting.scorer() is None
    model = workspace.champion().name
    shutil.copytree(workspace.champion(), workspace.bundle("other"))
    workspace.set_challenger(model, "2")
    first = waiting.scorer()
    assert first is not None
    assert waiting.scorer() is first
    workspace.set_challenger("other", "3")
    (workspace.bundle("other") / "trees.txt").write_bytes(b"no longer what it was")
    with pytest.raises(BundleRefused):
        waiting.scorer()
    workspace.set_champion("other", "3")
    assert workspace.challenger() is None
    assert waiting.scorer() is None
    (workspace.home / "challenger.json").write_text("{", encoding="utf-8")
    for ask in (workspace.challenger, workspace.challenger_version):
        with pytest.raises(NoChampion, match="is damaged"):
            ask()
    workspace.set_champion(model, "2")
    assert workspace.challenger() is None


def test_an_erased_lead_leaves_no_hand_off_and_no_dispute(table: Table):
    good(table, "G1")
    hand(table)
    body = {"says": "too high", "why": "So."}
    assert table.try_post("sales", "/v1/leads/G1/disputes", body).is_success
    with table.worker.database.transaction() as connection:
        assert Record(connection, table.desk.now.scorer, table.clock()).remove_lead("G1")
    assert waiting(table) == {}
    assert table.ask("/v1/disputes")["disputes"] == []


@pytest.mark.parametrize(
    ("zone", "start", "hours", "end"),
    [
        ("UTC", "2026-09-04T16:00", 2, "2026-09-07T10:00"),
        ("UTC", "2026-09-05T03:00", 8, "2026-09-07T17:00"),
        ("Europe/Berlin", "2026-03-27T15:00", 2, "2026-03-30T08:00"),
        ("America/New_York", "2026-09-01T12:00", 1, "2026-09-01T14:00"),
    ],
)
def test_hours_of_a_promise_are_business_hours_of_the_zones_own_clock(
    zone: str, start: str, hours: float, end: str
):
    found = Calendar(time_zone=zone).after(np.datetime64(start, "us"), hours)
    assert found == np.datetime64(end, "us")
