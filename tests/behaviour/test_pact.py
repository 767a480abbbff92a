"""The pact through the API: drafted, proposed, signed by two people of two teams, in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import yaml

from models.scorer import Scorer
from models.workspace import Workspace
from serving.editions import seed
from serving.following import follow
from serving.pact.seeding import begin
from serving.refreshing import LEASE, sweep
from serving.reproducing import reproduce
from serving.storage.audit import verify
from serving.storage.leases import Lease
from serving.verifying import verify as verify_store
from tests.support.pact import Table, points_of, sit_down
from tests.support.service import key_header


@pytest.fixture
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        yield found


def test_the_workspaces_rulebook_begins_the_store_and_is_said_to_be_nobodys_signature(
    table: Table,
):
    [first] = table.ask("/v1/editions")["editions"]
    assert (first["name"], first["source"], first["in_force"]) == ("2025.1", "file", True)
    assert "nobody signed it here" in first["note"]
    told = table.ask("/v1/editions/2025.1")
    assert told["signatures"] == []
    assert told["sha256"] == table.workspace.rulebook().fingerprint()
    assert table.ask(f"/v1/editions/{told['sha256']}")["text"] == told["text"]


def test_seeding_twice_changes_nothing(table: Table):
    book = table.workspace.rulebook().model_copy(update={"edition": "other"})
    with table.worker.database.transaction() as connection:
        assert not seed(connection, book, "another", table.clock())
    assert not begin(table.worker.database, table.workspace, table.clock())
    assert len(table.ask("/v1/editions")["editions"]) == 1


def test_a_proposal_goes_from_draft_to_effect_and_every_step_is_audited(table: Table):
    proposal_id = table.draft(webinar=14.0)
    told = table.proposal(proposal_id)
    assert (told["state"], told["edition"]) == ("draft", "2026.1")
    assert [c["item"] for c in told["changes"]] == ["criterion:webinar"]
    assert told["changes"][0]["evidence"]["verdict"]
    assert len(told["says"]) == 1
    assert "14" in told["says"][0]
    told = table.propose(proposal_id)
    assert told["state"] == "proposed"
    assert told["replay"]["leads"] == 0
    assert table.sign("marketing", proposal_id)["state"] == "signed by marketing"
    assert table.ask("/v1/editions/in-force")["name"] == "2025.1"
    told = table.sign("sales", proposal_id)
    assert (told["state"], told["agreed"]) == ("effective", "2026.1")
    now = table.ask("/v1/editions/in-force")
    assert now["sha256"] == told["sha256"]
    assert [s["team"] for s in now["signatures"]] == ["marketing", "sales"]
    assert len({s["person_id"] for s in now["signatures"]}) == 2
    actions = [e["action"] for e in table.audit()]
    assert actions[:5] == [
        "edition agreed",
        "proposal signed",
        "proposal signed",
        "proposal proposed",
        "proposal drafted",
    ]
    with table.worker.database.reading() as connection:
        assert verify(connection).faults == ()


def test_nobody_signs_for_the_other_team_and_no_admin_signs_at_all(table: Table):
    proposal_id = table.draft(webinar=14.0)
    table.propose(proposal_id)
    for role in ("admin", "management", "data_science"):
        assert table.try_to_sign(role, proposal_id).status_code == 403, role
    assert table.try_to_sign("marketing", proposal_id, team="sales").status_code == 422
    key = key_header(table.worker.database, "sales")
    body = {"sha256": table.proposal(proposal_id)["sha256"]}
    by_key = table.client.post(f"/v1/proposals/{proposal_id}/signatures", json=body, headers=key)
    assert by_key.status_code == 403
    table.sign("marketing", proposal_id)
    second = table.try_to_sign("marketing", proposal_id, who="marketing2")
    assert second.status_code == 409
    assert table.proposal(proposal_id)["state"] == "signed by marketing"


def test_one_person_who_changes_teams_does_not_hold_both_keys(table: Table):
    proposal_id = table.draft(webinar=14.0)
    table.propose(proposal_id)
    table.sign("marketing", proposal_id)
    table.change_role("marketing", "sales")
    again = table.try_to_sign("marketing", proposal_id)
    assert again.status_code == 409
    assert table.proposal(proposal_id)["state"] == "signed by marketing"


def test_an_edit_voids_signatures(table: Table):
    proposal_id = table.draft(webinar=14.0)
    table.propose(proposal_id)
    before = table.sign("marketing", proposal_id)["sha256"]
    table.edit(proposal_id, webinar=15.0)
    told = table.proposal(proposal_id)
    assert (told["state"], told["signatures"], told["void_signatures"]) == ("draft", [], 1)
    assert table.try_to_sign("sales", proposal_id, sha256=before).status_code == 409
    table.propose(proposal_id)
    assert table.try_to_sign("sales", proposal_id, sha256=before).status_code == 409
    assert table.sign("sales", proposal_id)["state"] == "signed by sales"
    assert table.sign("marketing", proposal_id)["state"] == "effective"


def test_a_moved_base_asks_for_a_rebase_that_shows_conflicts_per_criterion(table: Table):
    first, second = table.draft(webinar=14.0), table.draft(webinar=12.0, bought_list=-6.0)
    table.propose(first)
    table.propose(second)
    table.sign("sales", second)
    table.agree(first)
    told = table.proposal(second)
    assert told["base_moved"]
    assert table.try_to_sign("marketing", second).status_code == 409
    found = table.post("marketing", f"/v1/proposals/{second}/rebase", {})["conflicts"]
    [clash] = found
    assert clash["item"] == "criterion:webinar"
    assert [clash[k]["points"] for k in ("base", "theirs", "mine")] == [10.0, 14.0, 12.0]
    choices = {"choices": {"criterion:webinar": "theirs"}}
    assert table.post("marketing", f"/v1/proposals/{second}/rebase", choices)["conflicts"] == []
    told = table.proposal(second)
    assert (told["state"], told["base"], told["edition"]) == ("draft", "2026.1", "2026.2")
    assert [c["item"] for c in told["changes"]] == ["criterion:bought_list"]
    assert points_of(told["text"]) == {"webinar": 14.0, "bought_list": -6.0}
    table.propose(second)
    table.agree(second)
    states = {p["id"]: p["state"] for p in table.ask("/v1/proposals")["proposals"]}
    assert states == {first: "superseded", second: "effective"}


def test_an_edition_takes_effect_at_its_date_and_never_before_an_earlier_one(table: Table):
    later = table.draft(webinar=14.0, effective_from="2026-10-01T00:00:00Z")
    table.propose(later)
    assert table.agree(later)["state"] == "agreed"
    assert table.ask("/v1/editions/in-force")["name"] == "2025.1"
    sooner = table.draft(webinar=15.0)
    table.propose(sooner)
    table.agree(sooner)
    editions = table.ask("/v1/editions")["editions"]
    assert [e["name"] for e in editions] == ["2026.2", "2026.1", "2025.1"]
    assert editions[0]["effective_from"] == editions[1]["effective_from"]
    table.clock.now = np.datetime64("2026-10-01T00:00:01", "us")
    assert table.ask("/v1/editions/in-force")["name"] == "2026.2"
    past = table.ask("/v1/editions/in-force?at=2026-09-30T23:59:59Z")
    assert past["name"] == "2025.1"
    assert table.proposal(later)["state"] == "superseded"


def test_a_roll_back_is_a_new_edition_through_the_same_signatures(table: Table):
    old = table.ask("/v1/editions/2025.1")["text"]
    first = table.draft(webinar=14.0)
    table.propose(first)
    table.agree(first)
    back = table.draft(text=old)
    assert table.try_to_sign("sales", back).status_code == 409
    table.propose(back)
    table.agree(back)
    now = table.ask("/v1/editions/in-force")
    assert now["name"] == "2026.2"
    assert points_of(now["text"]) == {"webinar": 10.0, "bought_list": -5.0}


def test_a_proposal_whose_tests_do_not_hold_is_not_proposed(table: Table):
    proposal_id = table.draft(student=30.0)
    answer = table.try_post("sales", f"/v1/proposals/{proposal_id}/proposal")
    assert answer.status_code == 422
    assert "test does not hold" in answer.json()["detail"]
    same = table.draft()
    answer = table.try_post("sales", f"/v1/proposals/{same}/proposal")
    assert "says what edition 2025.1 says" in answer.json()["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\nb: [*a, *a]",
        "criteria: [",
        "edition: x",
        "[" * 5000,
        'edition: "\\ud800"',
    ],
)
def test_hostile_texts_are_refused_with_a_reason(table: Table, text: str):
    answer = table.try_draft(text)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/rulebook"


def test_only_who_made_a_proposal_or_management_withdraws_it(table: Table):
    proposal_id = table.draft(webinar=14.0)
    path = f"/v1/proposals/{proposal_id}/withdrawal"
    assert table.try_post("sales", path).status_code == 403
    assert table.try_post("management", path).json()["state"] == "withdrawn"
    assert table.try_post("management", path).status_code == 409
    assert table.try_post("marketing", f"/v1/proposals/{proposal_id}/proposal").status_code == 409


def test_a_wish_with_comments_is_taken_into_a_proposal(table: Table):
    table.put_lead("L1")
    body = {"title": "Webinars should count more", "text": "We see it.", "criterion": "webinar"}
    evidence = {"evidence": [{"lead_id": "L1"}], "topic": "webinars"}
    wish_id = table.post("sales", "/v1/wishes", body | evidence)["id"]
    assert table.try_post("management", f"/v1/comments/{wish_id}", {"text": "So do I."}).is_success
    proposal_id = table.draft(webinar=14.0, wishes=[wish_id])
    [told] = table.proposal(proposal_id)["wishes"]
    assert told["title"] == body["title"]
    wish = table.ask(f"/v1/wishes/{wish_id}")
    assert wish["proposal_id"] == proposal_id
    assert [c["text"] for c in wish["comments"]] == ["So do I."]
    assert [e["lead_id"] for e in wish["evidence"]] == ["L1"]
    unknown = body | {"evidence": [{"lead_id": "nobody"}]}
    assert table.try_post("sales", "/v1/wishes", unknown).status_code == 404


def test_only_management_says_who_may_decide_alone_and_it_needs_both_keys_beyond(table: Table):
    scope: dict[str, Any] = {"alone": ["marketing"], "most_points": {"engagement": 20.0}}
    assert table.try_put("marketing", "/v1/scope", scope).status_code == 403
    assert table.try_put("management", "/v1/scope", scope).json()["number"] == 1
    outside = table.draft(webinar=21.0)
    answer = table.try_post("marketing", f"/v1/proposals/{outside}/proposal")
    assert answer.status_code == 422
    assert "the scope allows 20" in answer.json()["detail"]
    joint = table.draft(bought_list=-6.0)
    assert table.propose(joint)["keys_needed"] == "both"
    threshold = table.draft(webinar=14.0, hand_over_from=60)
    assert table.propose(threshold)["keys_needed"] == "both"
    own = table.draft(webinar=14.0)
    assert table.propose(own)["keys_needed"] == "marketing"
    assert table.try_to_sign("sales", own).status_code == 403
    told = table.sign("marketing", own)
    assert told["state"] == "effective"
    assert "alone, within the scope" in table.ask("/v1/editions/in-force")["note"]


def test_a_change_that_moves_more_leads_than_the_scope_says_needs_both(table: Table):
    table.try_put("management", "/v1/scope", {"alone": ["marketing"], "both_from_share": 0.0})
    lead = {"employees": 300, "job_title": "Head of IT", "source": "referral"}
    for n in range(3):
        table.put_lead(f"L{n}", lead)
    proposal_id = table.draft(webinar=14.0)
    assert table.propose(proposal_id)["keys_needed"] == "marketing"
    told = table.proposal(proposal_id)["replay"]
    assert (told["open_leads"], told["flips_in"], told["flips_out"]) == (3, 0, 0)


def test_a_replay_tells_old_leads_week_by_week_and_who_crosses(table: Table):
    """Weeks sum to all that is handed over; who crosses is what both texts differ by."""
    for n in range(6):
        good = {"employees": 300, "job_title": "Head of IT", "source": "referral"}
        table.put_lead(f"L{n}", good if n % 2 else {"employees": 300})
        table.clock.now = table.clock.now + np.timedelta64(7, "D")
    table.clock.now = table.clock.now + np.timedelta64(100, "D")
    table.sign_in_again()
    matured = table.propose(table.draft(hand_over_from=10, tests=[]))["replay"]["matured"]
    handed = {name: matured[name]["handed"] for name in ("before", "after")}
    assert {name: sum(weeks) for name, weeks in matured["weeks"].items()} == handed
    crossed = {way: told["leads"] for way, told in matured["crossed"].items()}
    assert handed["after"] > handed["before"]
    assert handed["after"] - handed["before"] == crossed["in"] - crossed["out"]


def test_what_takes_effect_counts_at_once_and_the_model_says_that_it_is_older(table: Table):
    lead = {"employees": 300, "source": "bought list", "job_title": "Head of IT"}
    before = table.put_lead("L1", lead)["score"]
    assert before["versions"]["rulebook"] == "2025.1"
    assert not before["versions"]["older_than_pact"]
    proposal_id = table.draft(base_points=5.0, tests=[])
    table.propose(proposal_id)
    table.agree(proposal_id)
    after = table.put_lead("L1", lead)["score"]
    base = {r["key"]: r for r in before["reasons"]}["base"]
    now = {r["key"]: r for r in after["reasons"]}["base"]
    moved = 5.0 - base["agreed"]
    assert moved != 0
    assert now["agreed"] == 5.0
    assert now["learned"] == pytest.approx(base["learned"])
    assert after["score_exact"] == pytest.approx(before["score_exact"] + moved, abs=1e-9)
    total = sum(r["points"] for r in after["reasons"] if r["kind"] != "limit")
    assert total == pytest.approx(after["score_exact"], abs=1e-6)
    versions = after["versions"]
    assert (versions["rulebook"], versions["aligned_to"]) == ("2026.1", "2025.1")
    assert versions["older_than_pact"]
    told = table.ask("/v1/model")
    assert told["versions"] == versions
    sent = table.client.post("/v1/score", json={"lead": lead}, headers=table.crm).json()
    assert sent["score_exact"] == after["score_exact"]


def test_a_new_criterion_a_removed_one_and_a_disqualifier_count_and_every_line_adds_up(
    table: Table,
):
    lead = {"employees": 300, "source": "referral", "job_title": "Head of IT"}
    before = table.put_lead("L1", lead)["score"]
    told = yaml.safe_load(table.text(tests=[]))
    told["criteria"] = [c for c in told["criteria"] if c["id"] != "mid_size"]
    when = {"field": "employees", "at_least": 250}
    new = {"id": "big", "says": "250 or more people", "group": "fit", "when": when, "points": 7}
    told["criteria"].append(new)
    no = {"id": "it", "says": "In IT", "when": {"field": "employees", "is": 300}}
    told["disqualifiers"] = [no | {"owner": "joint", "route": "nurture"}]
    proposal_id = table.draft(text=yaml.safe_dump(told))
    table.propose(proposal_id)
    table.agree(proposal_id)
    after = table.put_lead("L1", lead)["score"]
    lines = {r["key"]: r for r in after["reasons"]}
    was = {r["key"]: r for r in before["reasons"]}
    assert lines["criterion:big"]["agreed"] == 7.0
    assert lines["criterion:mid_size"]["agreed"] == 0.0
    assert lines["criterion:mid_size"]["learned"] == was["criterion:mid_size"]["learned"]
    assert sum(r["points"] for r in lines.values()) == pytest.approx(after["score"], abs=0.5001)
    assert after["disqualified"]["id"] == "it"
    assert not after["handed_over"]


def test_leads_are_scored_anew_by_the_sweep_and_every_past_score_comes_out_again(table: Table):
    for n in range(3):
        table.put_lead(f"L{n}", {"employees": 300 + n})
    first = table.ask("/v1/leads/L0")["score"]["score_id"]
    proposal_id = table.draft(base_points=5.0, tests=[])
    table.propose(proposal_id)
    table.agree(proposal_id)
    database, scorer = table.worker.database, table.desk.now.scorer
    lease = Lease(LEASE)
    assert lease.take(database, table.clock())
    counts = list(sweep(database, lambda: scorer, table.clock, lease))
    assert sum(c.rescored for c in counts) == 3
    told = table.ask("/v1/leads/L0")["score"]
    assert told["versions"]["rulebook"] == "2026.1"
    by_bundle = Scorer.load(table.workspace.champion())
    with database.reading() as connection:
        for score_id in (first, told["score_id"]):
            assert reproduce(connection, by_bundle, score_id).same
    found = verify_store(database, scorer, lambda _: by_bundle, table.clock())
    assert (found.scores, found.faults) == (3, ())


def test_an_edition_that_takes_effect_later_is_followed_when_its_time_comes(table: Table):
    proposal_id = table.draft(webinar=14.0, effective_from="2026-10-01T00:00:00Z")
    table.propose(proposal_id)
    table.agree(proposal_id)
    assert table.desk.now.scorer.versions.rulebook == "2025.1"
    table.clock.now = np.datetime64("2026-10-01T00:00:01", "us")
    follow(table.desk)
    assert table.desk.now.scorer.versions.rulebook == "2026.1"
