"""A quarter of the sample company through the API alone: wish, proposal, replay, both signatures,
effect, hand-offs, returns, breaches, disputes, an alignment, and a log that is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from models.registry import Registry
from models.scorer import Scorer
from models.workspace import Workspace
from serving.following import follow
from serving.handing_over import judge_once, run_once
from serving.refreshing import LEASE, sweep
from serving.storage.leases import Lease
from tests.support.pact import Table, sit_down
from tests.support.seed import seed as seed_leads
from training.align import run_alignment
from training.plan import Plan

WEEK = np.timedelta64(7, "D")


def test_a_quarter_from_a_wish_to_an_aligned_model(trained: Workspace, tmp_path: Path):
    shutil.copytree(trained.folder, tmp_path / "halden")
    workspace = Workspace(tmp_path / "halden")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    history = Scorer.load(workspace.champion()).versions.history_until
    now = np.datetime64(history[:10], "us")
    ids = seed_leads(workspace, url, 60, now)
    with sit_down(workspace, database_url=url) as table:
        table.clock.now = now
        table.sign_in_again()
        _quarter(table, ids)
        _align(table, workspace)
        told = table.audit_is_whole()
    assert told["whole"]
    assert told["entries"] > 20


def _quarter(table: Table, ids: list[str]) -> None:
    wish = {"title": "Webinars", "text": "They convert.", "criterion": "webinar"}
    evidence = {"evidence": [{"lead_id": ids[0]}]}
    wish_id = table.post("sales", "/v1/wishes", wish | evidence)["id"]
    proposal_id = table.draft(webinar=16.0, hand_over_from=20, wishes=[wish_id], tests=[])
    replay = table.propose(proposal_id)["replay"]
    assert replay["open_leads"] > 0
    assert replay["flips_in"] > 0
    flips = table.post_get(f"/v1/proposals/{proposal_id}/flips")
    assert 0 < len(flips["in"]) <= replay["flips_in"]
    assert all(f["after"] >= 19.5 for f in flips["in"])
    assert table.agree(proposal_id)["state"] == "effective"
    edition = table.ask("/v1/editions/in-force")["name"]
    _score_anew(table)
    handed, _ = run_once(table.worker.database, table.desk.now.scorer, table.clock)
    waiting = table.ask("/v1/handoffs?limit=200")["handoffs"]
    assert handed.leads == len(waiting) > 2
    first, second, *_ = [h for h in waiting if not h["explored"]]
    body = {"says": "too high", "why": "Budget frozen in this sector."}
    assert table.try_post("sales", f"/v1/leads/{first['lead_id']}/disputes", body).is_success
    table.post("sales", f"/v1/handoffs/{first['id']}/decision", {"decision": "accepted"})
    back = {"decision": "returned", "reason": "no_budget"}
    table.post("sales", f"/v1/handoffs/{second['id']}/decision", back)
    table.clock.now = table.clock.now + WEEK
    table.sign_in_again()
    at = f"{table.clock.now}Z"
    late = judge_once(table.worker.database, table.desk.now.scorer, table.clock)
    touched = {first["id"], second["id"]}
    assert late >= len([h for h in waiting if h["id"] not in touched])
    seen = {"about": "criterion", "subject": "webinar", "text": "They come for the wine."}
    table.post("sales", "/v1/reports", seen)
    digest = table.ask("/v1/reports/digest?days=14")
    assert digest["subjects"][0]["newest"][0]["text"] == seen["text"]
    assert digest["returned_by_reason"] == [{"reason": "no_budget", "returned": 1}]
    lost = {"lead_id": first["lead_id"], "event_id": "q1", "at": at, "stage": "lost"}
    assert table.client.post("/v1/outcomes", json=lost, headers=table.crm).is_success
    _, settled = run_once(table.worker.database, table.desk.now.scorer, table.clock)
    assert settled == 1
    [dispute] = table.ask("/v1/disputes")["disputes"]
    assert dispute["was_right"]
    weeks = table.ask("/v1/promises?weeks=3")["weeks"]
    assert sum(w["accepted"] for w in weeks) == 1
    assert sum(w["returned_as_bad"] for w in weeks) == 1
    assert sum(w["never_touched"] for w in weeks) > 0
    assert table.ask("/v1/model")["versions"]["rulebook"] == edition
    assert table.ask("/v1/model")["versions"]["older_than_pact"]


def _score_anew(table: Table) -> None:
    lease = Lease(LEASE)
    assert lease.take(table.worker.database, table.clock())
    scorer = table.desk.now.scorer
    counts = list(sweep(table.worker.database, lambda: scorer, table.clock, lease))
    assert sum(c.rescored for c in counts) > 0


def _align(table: Table, workspace: Workspace) -> None:
    (workspace.folder / "rulebook.yaml").write_text(
        table.ask("/v1/editions/in-force")["text"], encoding="utf-8"
    )
    found = run_alignment(Plan(workspace), Scorer.load(workspace.champion()))
    assert found.gate.passed
    Registry(workspace).promote()
    follow(table.desk, Scorer.load(workspace.champion()))
    versions = table.ask("/v1/model")["versions"]
    assert versions["rulebook"] == versions["aligned_to"]
    assert not versions["older_than_pact"]
