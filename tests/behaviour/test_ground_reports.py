"""Reports from the ground reach marketing as a digest, beside what sales returned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from models.workspace import Workspace
from serving.handing_over import run_once
from tests.support.pact import Table, sit_down

GOOD = {"employees": 640, "job_title": "Head of Operations", "source": "referral"}
FROZEN = "Budgets are frozen until spring; ask jo@north.example."


@pytest.fixture
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        proposal_id = found.draft(hand_over_from=35, tests=[])
        found.propose(proposal_id)
        found.agree(proposal_id)
        for lead_id in ("N1", "N2"):
            found.put_lead(lead_id, GOOD | {"account_id": "North"})
        yield found


def report(table: Table, who: str, about: str, subject: str, text: str = FROZEN) -> int:
    body = {"about": about, "subject": subject, "text": text}
    return int(table.try_post(who, "/v1/reports", body).status_code)


def test_reports_of_accounts_criteria_and_leads_stand_in_one_digest(table: Table):
    assert report(table, "sales", "account", "North") == 201
    assert report(table, "marketing", "account", "North", "They told us the same.") == 201
    assert report(table, "sales", "criterion", "mid_size") == 201
    said = {"kind": "reported", "reason": "other", "note": "Moves house."}
    assert table.try_post("sales", "/v1/leads/N1/feedback", said).status_code == 201
    lined = said | {"line": "criterion:mid_size"}
    assert table.try_post("sales", "/v1/leads/N1/feedback", lined).status_code == 201
    told = table.ask("/v1/reports/digest")
    counts = {(s["about"], s["subject"]): s["reports"] for s in told["subjects"]}
    assert counts == {("account", "North"): 2, ("criterion", "mid_size"): 2, ("lead", "N1"): 1}
    account = next(s for s in told["subjects"] if s["about"] == "account")
    assert [r["team"] for r in account["newest"]] == ["marketing", "sales"]
    assert "jo@" not in account["newest"][1]["text"]
    assert account["newest"][1]["text"].startswith("Budgets are frozen")


def test_what_came_back_is_counted_by_reason_and_criterion(table: Table):
    worker = table.desk.now
    run_once(worker.database, worker.scorer, table.clock)
    for handoff, more in zip(
        table.ask("/v1/handoffs")["handoffs"], ({"line": "criterion:mid_size"}, {}), strict=True
    ):
        body = {"decision": "returned", "reason": "no_budget"} | more
        table.post("sales", f"/v1/handoffs/{handoff['id']}/decision", body)
    told = table.ask("/v1/reports/digest?days=1")
    assert told["returned_by_reason"] == [{"reason": "no_budget", "returned": 2}]
    assert told["returned_by_criterion"] == [{"criterion": "mid_size", "returned": 1}]


def test_old_reports_leave_the_digest_and_wrong_ones_are_refused_with_what_is_known(table: Table):
    assert report(table, "sales", "account", "Nowhere") == 404
    assert report(table, "management", "account", "North") == 403
    body = {"about": "criterion", "subject": "nothing", "text": "x"}
    wrong = table.try_post("sales", "/v1/reports", body)
    assert wrong.status_code == 404
    assert "mid_size" in wrong.text
    assert report(table, "sales", "account", "North") == 201
    table.clock.now = table.clock.now + np.timedelta64(8, "D")
    assert table.ask("/v1/reports/digest?days=7")["subjects"] == []
    assert len(table.ask("/v1/reports/digest?days=9")["subjects"]) == 1
