"""A company that has no leads yet begins with common fields and a small rulebook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.scorer import Scorer
from models.workspace import Workspace
from serving.pages.form import known_activities
from serving.pages.proposal_form import asks_about
from serving.scoring import Asked, score
from serving.training_export import FILES
from tests.support.cli import run
from tests.support.service import make_worker


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An empty company with its first model."""
    folder = tmp_path_factory.mktemp("none") / "acme_tools"
    assert run("init", "-w", folder).code == 0
    ran = run("train", "-w", folder, "--without-leads", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["card"]["leads"]["in_file"] == 0
    return Workspace(folder)


def test_the_drafts_fit_each_other_and_their_test_cases_hold(begun: Workspace):
    assert begun.fields().company == "acme tools"
    assert not begun.fields().simulated
    ran = run("rulebook", "check", "-w", begun.folder)
    assert ran.code == 0, ran.out
    assert "3 of 3 tests hold; nothing else to say" in ran.out


def test_a_lead_scores_what_the_rulebook_says_whatever_it_did(begun: Workspace):
    scorer = Scorer.load(begun.champion())
    lead = {"job_title": "Head of Operations", "employees": 640, "email": "ines@calder.example"}
    did = [{"occurred_at": "2026-08-03T09:12:00Z", "kind": "demo_request", "channel": "web"}]
    at = np.datetime64("2026-08-03T09:12:00", "us")
    [told] = score(scorer, [Asked(lead, did, None)], at)
    assert isinstance(told, dict)
    assert (told["score"], told["agreed_score"], told["grade"]) == (70, 70, "B")
    assert sum(line["learned"] for line in told["reasons"]) == 0


def test_the_form_offers_what_the_rulebook_asks_for(begun: Workspace):
    known = known_activities(Scorer.load(begun.champion()))
    assert known.kinds == ("demo_request", "email_reply", "pricing_page", "webinar_attended")
    assert asks_about(make_worker(begun)).kinds == known.kinds


def test_drafts_that_are_there_and_files_beside_none_are_refused(begun: Workspace, tmp_path: Path):
    again = run("init", "-w", begun.folder)
    assert again.code == 3
    assert "--force" in again.err
    leads = tmp_path / "leads.csv"
    both = run("train", "-w", begun.folder, "--without-leads", "--leads", leads)
    assert both.code == 3
    assert "looks at none" in both.err
    assert run("init", "-w", tmp_path, "--converted", "won").code == 2
    assert run("init", leads, "-w", tmp_path).code == 2


def test_what_the_store_exports_is_what_its_fields_file_names(begun: Workspace):
    told = begun.fields().sources
    assert (told.leads, told.activities, told.outcomes) == FILES
