"""Training and its MLflow run: what is recorded, who serves, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.columns import created, readable
from features.errors import InputRefused
from features.frames import read_frame
from features.timeline import no_activities
from models.registry import Registry, UnknownVersion, mlflow_module
from models.scorer import Scorer
from models.workspace import Workspace
from tests.support.cli import run
from training.dataset import load_dataset


@pytest.fixture(scope="module", name="client")
def _client(trained: Workspace) -> Any:
    mlflow = mlflow_module()
    mlflow.set_tracking_uri(trained.tracking_uri)
    mlflow.set_registry_uri(trained.tracking_uri)
    return mlflow.MlflowClient(trained.tracking_uri, trained.tracking_uri)


def test_the_run_holds_parameters_the_datas_fingerprint_metrics_and_plots(
    trained: Workspace, client: Any
):
    version = client.get_model_version_by_alias("leadpact-halden", "challenger")
    ran = client.get_run(version.run_id)
    dataset = load_dataset(trained)
    assert ran.data.tags["leadpact.data_sha256"] == dataset.fingerprint()
    assert ran.data.tags["leadpact.rulebook"] == trained.rulebook().edition
    assert ran.data.tags["leadpact.simulated"] == "true"
    assert ran.data.tags["leadpact.model"] == trained.champion().name
    told = ran.data.params
    assert float(told["anchor_likelihood"]) == trained.rulebook().scale.anchor_likelihood
    assert any(name.startswith("weight_") for name in told)
    metrics = ran.data.metrics
    assert metrics["leads"] == dataset.n
    assert metrics["conversions"] == dataset.y.sum()
    for name in ("auc", "log_loss", "brier", "ece", "lift10"):
        assert np.isfinite(metrics[f"test_{name}"])
        assert np.isfinite(metrics[f"rulebook_{name}"])
    files = {a.path for a in client.list_artifacts(version.run_id)}
    assert {"reliability.png", "lift.png", "card.json"} <= files


def test_the_first_model_is_challenger_and_champion(trained: Workspace, client: Any):
    champion = client.get_model_version_by_alias("leadpact-halden", "champion")
    challenger = client.get_model_version_by_alias("leadpact-halden", "challenger")
    assert str(champion.version) == str(challenger.version) == "1"
    assert champion.tags["leadpact.model"] == trained.champion().name


def test_mlflow_loads_the_model_and_scores_a_plain_frame_of_raw_leads(
    trained: Workspace, client: Any
):
    model = mlflow_module().pyfunc.load_model("models:/leadpact-halden@champion")
    raw = pd.read_csv(trained.folder / "leads.csv", dtype=object).tail(30)
    raw = raw.drop(columns="proposal_status")
    told = model.predict(raw)
    assert told.columns.tolist() == ["score", "likelihood", "agreed_score", "grade", "reasons"]
    assert told.index.tolist() == raw.index.tolist()
    scorer = Scorer.load(trained.champion())
    columns = read_frame(raw, readable(scorer.fields)).columns
    scores = scorer.score(columns, no_activities(), created(columns, scorer.fields))
    np.testing.assert_allclose(told["likelihood"], scores.likelihood, atol=1e-12)
    assert told["grade"].tolist() == scores.grades
    few = model.predict(raw[["lead_id", "industry"]])
    assert few["likelihood"].between(0, 1).all()
    bad = raw.copy()
    bad.iloc[2, bad.columns.get_loc("employees")] = "many"
    with pytest.raises(InputRefused, match="row 2, employees: got 'many'"):
        model.predict(bad)


def test_the_logged_model_holds_no_pickle(trained: Workspace, client: Any):
    names = [p.name for p in trained.artifacts.rglob("*") if p.is_file()]
    assert names
    assert not [n for n in names if n.endswith((".pkl", ".pickle", ".joblib"))]


def test_a_version_that_is_not_there_is_named_with_those_that_are(trained: Workspace, client: Any):
    with pytest.raises(UnknownVersion, match=r"has no version '7'\. It has: 1"):
        Registry(trained).promote("7")


def test_an_empty_registry_says_what_to_do_first(tmp_path: Path):
    for call in ("promote", "pull"):
        ran = run(call, "-w", tmp_path / "new")
        assert ran.code == 2
        assert "first" in ran.err


@pytest.mark.slow
def test_training_tells_people_and_machines_what_it_made(sample_folder: Path, tmp_path: Path):
    """Bad rows are set aside, and training goes on."""
    folder = tmp_path / "few"
    assert run("sample", "-w", folder, "--leads", 450).code == 0
    leads = pd.read_csv(folder / "leads.csv", dtype=object)
    leads.loc[4, "employees"] = "-3"
    pd.concat([leads, leads.head(1)]).to_csv(folder / "leads.csv", index=False)
    ran = run("train", "-w", folder)
    assert ran.code == 0, ran.err
    assert "2 rows set aside" in ran.out
    assert "Every score adds up" in ran.out
    assert "champion (the first model)" in " ".join(ran.out.split())
    why = pd.read_csv(Workspace(folder).quarantine)
    assert sorted(zip(why.row, why.field, strict=True)) == [(5, "employees"), (451, "lead_id")]
    again = run("train", "-w", folder, "--json")
    told = again.json
    assert told["model"] == Workspace(folder).champion().name  # the same history, the same model
    assert told["registered"]["version"] == "2"
    assert told["largest_gap"] < 1e-6
    assert told["card"]["simulated"] is True
    assert told["card"]["leads"]["rejected_cells"] == 2
    evaluated = run("evaluate", "-w", folder, "--json").json
    assert evaluated["leadpact"] == told["card"]["evaluation"]["leadpact"]
    assert evaluated["simulated"] is True
    table = run("evaluate", "-w", folder)
    assert "rulebook alone" in table.out
    assert "simulated" in table.out


def test_a_history_too_small_to_test_on_is_exit_code_4_at_evaluation(
    sample_folder: Path, tmp_path: Path
):
    folder = tmp_path / "tiny"
    shutil.copytree(sample_folder, folder, ignore=shutil.ignore_patterns(".leadpact"))
    pd.read_csv(folder / "leads.csv", dtype=object).head(8).to_csv(
        folder / "leads.csv", index=False
    )
    ran = run("evaluate", "-w", folder, "--json")
    assert ran.code == 4
    assert ran.json["error"] == "NothingToLearn"
    assert "too few" in ran.json["detail"]


def test_documents_that_contradict_themselves_are_exit_code_3(sample_folder: Path, tmp_path: Path):
    folder = tmp_path / "odd"
    shutil.copytree(sample_folder, folder, ignore=shutil.ignore_patterns(".leadpact"))
    text = (folder / "fields.yaml").read_text()
    (folder / "fields.yaml").write_text(text.replace("type: boolean", "type: bool", 1))
    ran = run("train", "-w", folder)
    assert ran.code == 3
    assert "fields.yaml cannot be used" in ran.err
    (folder / "fields.yaml").write_text(text)
    (folder / "rulebook.yaml").write_text("edition: [")
    assert "is not YAML" in run("train", "-w", folder).err


def test_an_example_to_curl_is_a_lead_that_the_model_scores(trained: Workspace):
    from features.activities import from_activity_records
    from features.columns import from_records

    told = json.loads((trained.folder / "example.json").read_text())
    scorer = Scorer.load(trained.champion())
    taken = from_records([told["lead"]], scorer.fields)
    acts, wrong = from_activity_records(told["activities"], told["lead"]["lead_id"], None)
    assert (taken.problems, wrong, taken.unknown) == ((), [], ((),))
    as_of = np.array([told["as_of"].removesuffix("Z")], dtype="datetime64[us]")
    scores = scorer.score(taken.columns, acts, as_of)
    assert 0 < scores.likelihood[0] < 1
    assert len(scores.explain(0).reasons(3)) == 3
