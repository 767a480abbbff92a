"""The simulated company: the same by seed, as large as promised, its truth kept apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from features.rulebook.cases import run_cases
from features.rulebook.check import complaints
from models.bayes import posterior_mode
from models.metrics import auc
from models.scorer import Scorer
from models.workspace import Workspace
from tests.support.cli import run
from training.dataset import load_dataset
from training.sample import simulate
from training.sample.truth import EFFECTS


def test_the_same_seed_gives_the_same_company_and_another_one_another():
    one, again, other = simulate(300, seed=1), simulate(300, seed=1), simulate(300, seed=2)
    for name in ("leads", "activities", "outcomes", "truth"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(again, name))
    assert not one.leads.equals(other.leads)


def test_the_same_seed_gives_the_same_files(tmp_path: Path):
    for name in ("a", "b"):
        assert run("sample", "-w", tmp_path / name, "--leads", 200, "--seed", 3).code == 0
    for path in sorted((tmp_path / "a").rglob("*")):
        if path.is_file():
            twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert path.read_bytes() == twin.read_bytes(), path.name


@pytest.mark.slow
def test_the_default_company_has_about_20_000_leads_and_400_000_activities():
    company = simulate()
    assert len(company.leads) == 20_000
    assert 320_000 <= len(company.activities) <= 480_000
    months = pd.to_datetime(company.leads.created_at)
    assert 17 <= (months.max() - months.min()).days / 30.4 <= 18.5
    assert {"won", "lost", "returned"} <= set(company.outcomes.stage)
    assert set(company.activities.team) == {"marketing", "sales"}
    assert company.activities.channel.nunique() >= 5
    assert company.outcomes[company.outcomes.stage == "won"].amount.notna().all()
    assert company.outcomes[company.outcomes.stage == "returned"].reason.notna().all()
    assert company.leads.isna().mean().drop("proposal_status").between(0, 0.75).all()


def test_nothing_is_recorded_before_it_occurs_or_happens_to_strangers():
    company = simulate(500, seed=5)
    acts = company.activities
    assert (acts.recorded_at >= acts.occurred_at).all()
    assert set(acts.lead_id) <= set(company.leads.lead_id)
    assert set(company.outcomes.lead_id) <= set(company.leads.lead_id)


@pytest.mark.parametrize(("leads", "months"), [(0, 18), (5, 0)])
def test_a_company_without_leads_or_months_is_refused(leads: int, months: int):
    with pytest.raises(ValueError, match="both must be 1 or more"):
        simulate(leads, months=months)


def test_one_lead_is_a_company_too(tmp_path: Path):
    ran = run("sample", "-w", tmp_path, "--leads", 1, "--json")
    assert ran.code == 0
    assert ran.json["rows"]["leads"] == 1
    assert ran.json["simulated"] is True


def test_documents_that_people_edited_are_left_alone(tmp_path: Path):
    run("sample", "-w", tmp_path, "--leads", 5)
    (tmp_path / "rulebook.yaml").write_text("ours")
    run("sample", "-w", tmp_path, "--leads", 5)
    assert (tmp_path / "rulebook.yaml").read_text() == "ours"


def test_the_documents_that_ship_fit_each_other_and_hold_their_own_tests(sample_folder: Path):
    workspace = Workspace(sample_folder)
    fields, rulebook = workspace.fields(), workspace.rulebook()
    assert complaints(rulebook, fields) == []
    assert all(v.holds for v in run_cases(rulebook, fields))
    assert fields.simulated


def test_init_flags_the_planted_leak(sample_folder: Path, tmp_path: Path):
    """From the leads file alone, with won deals as the outcome column."""
    leads = pd.read_csv(sample_folder / "leads.csv", dtype=object)
    outcomes = pd.read_csv(sample_folder / "outcomes.csv")
    won = set(outcomes[outcomes.stage == "won"].lead_id)
    leads["won"] = ["yes" if lead in won else "no" for lead in leads.lead_id]
    leads.to_csv(tmp_path / "leads.csv", index=False)
    ran = run("init", tmp_path / "leads.csv", "--converted", "won", "-w", tmp_path, "--json")
    assert ran.code == 0
    fields = yaml.safe_load((tmp_path / "fields.yaml").read_text())["fields"]
    leak = next(f for f in fields if f["column"] == "proposal_status")
    assert leak["role"] == "ignored"
    assert leak["reason"]
    assert any("proposal_status" in note for note in ran.json["notes"])
    kept = {f["column"] for f in fields if f["role"] in ("attribute", "activity")}
    assert {"industry", "employees", "source", "job_title"} <= kept


def test_the_truth_is_no_input(trained: Workspace):
    fields = trained.fields()
    assert not {"true_likelihood", "intent", "fit_log_odds"} & {f.column for f in fields.fields}
    assert (trained.folder / "truth" / "truth.parquet").is_file()
    assert set(EFFECTS)


def test_the_models_likelihood_follows_the_truth_better_than_the_rulebook(trained: Workspace):
    dataset = load_dataset(trained)
    scores = Scorer.load(trained.champion()).score_snapshot(dataset.snapshot)
    truth = pd.read_parquet(trained.folder / "truth" / "truth.parquet").set_index("lead_id")
    true = truth.true_likelihood.loc[list(dataset.lead)].to_numpy()
    f = np.log(scores.likelihood / (1 - scores.likelihood))
    target = np.log(true / (1 - true))
    learned = float(np.corrcoef(f, target)[0, 1])
    agreed = float(np.corrcoef(dataset.agreed.total, target)[0, 1])
    assert learned > agreed > 0.2
    assert scores.likelihood.mean() == pytest.approx(true.mean(), rel=0.35)
    # Calibration against the truth itself: outcomes drawn from it, regressed on our log-odds.
    rng = np.random.default_rng(0)
    y = (rng.random((40, len(true))) < true).astype(float).ravel()
    X = np.column_stack([np.ones(len(y)), np.tile(f, 40)])
    slope = posterior_mode(X, y, np.ones(len(y)), np.zeros(len(y)), np.full(2, 1e4)).b[1]
    assert 0.6 < slope < 1.5
    assert auc(y, np.tile(f, 40)) > 0.65
