"""A model that is older than the pact is aligned in seconds, and only if it answers no worse."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from features.errors import InputRefused
from models.aligning import gate
from models.in_force import under
from models.scorer import Scorer
from models.workspace import Workspace
from training.align import Alignment, run_alignment
from training.dataset import load_dataset
from training.plan import Plan


@pytest.fixture(scope="module")
def moved(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The trained workspace with another edition in its file."""
    folder = tmp_path_factory.mktemp("aligned") / "halden"
    shutil.copytree(trained.folder, folder)
    told = yaml.safe_load((folder / "rulebook.yaml").read_text())
    told |= {"edition": "2026.1", "tests": []}
    for criterion in told["criteria"]:
        if criterion["id"] == "webinar":
            criterion["points"] = 40
    (folder / "rulebook.yaml").write_text(yaml.safe_dump(told, sort_keys=False))
    return Workspace(folder)


@pytest.fixture(scope="module")
def aligned(moved: Workspace) -> Alignment:
    return run_alignment(Plan(moved), Scorer.load(moved.champion()))


def test_the_alignment_is_a_challenger_on_the_new_edition_that_keeps_every_correction(
    moved: Workspace, aligned: Alignment
):
    before, after = Scorer.load(moved.champion()), Scorer.load(aligned.folder)
    assert after.versions.rulebook == after.versions.aligned_to == "2026.1"
    assert before.versions.aligned_to == "2025.1"
    assert after.ladder.trees == before.ladder.trees
    assert after.ladder.weights == before.ladder.weights
    assert after.ladder.affine == before.ladder.affine
    assert after.ladder.fitted != before.ladder.fitted
    # What nobody knows of the level is known no better under another edition.
    assert after.ladder.updated.level == before.ladder.updated.level > 0
    assert after.ladder.updated.V[0, 0] > after.ladder.updated.level
    assert aligned.registered is not None
    assert not aligned.registered.champion
    assert moved.champion().name == before.versions.model


def test_it_answers_no_worse_than_the_model_that_is_older_than_the_pact(aligned: Alignment):
    found = aligned.gate
    assert found.passed
    assert found.leads > 500
    assert found.log_loss < found.log_loss_before
    assert found.ece < found.ece_before


def test_its_scores_add_up_and_learn_that_the_new_points_were_too_many(
    moved: Workspace, aligned: Alignment
):
    older = under(Scorer.load(moved.champion()), moved.rulebook())
    after, dataset = Scorer.load(aligned.folder), load_dataset(moved)
    snapshot = dataset.snapshot.take(np.arange(400))
    scores, was = after.score_snapshot(snapshot), older.score_snapshot(snapshot)
    assert np.array_equal(scores.agreed_exact, was.agreed_exact)
    learned = {}
    for name, found in (("now", was), ("aligned", scores)):
        lines = [line for i in range(400) for line in found.explain(i).lines]
        webinar = [x.learned for x in lines if x.key == "criterion:webinar" and x.agreed]
        assert len(webinar) > 20
        learned[name] = float(np.mean(webinar))
        exact = np.array([found.explain(i).exact for i in range(400)])
        assert np.abs(exact - found.exact).max() < 1e-6
    assert learned["aligned"] < learned["now"] - 1


def test_its_card_says_what_was_made_anew_and_whose_the_figures_on_held_out_leads_are(
    moved: Workspace, aligned: Alignment
):
    trained, card = Scorer.load(moved.champion()).card, Scorer.load(aligned.folder).card
    before = aligned.before.model
    assert card["evaluation"].pop("of_model") == before
    assert card["evaluation"] == trained["evaluation"]
    assert "of_model" not in trained["evaluation"]
    # The agreed points are part of the data's fingerprint, and of what a score means.
    assert card["data_sha256"] == load_dataset(moved).fingerprint() != trained["data_sha256"]
    assert card["rulebook"] == "2026.1"
    assert card["scale"]["statements"] != trained["scale"]["statements"]
    first, *others = card["findings"]
    assert first["name"] == "Aligned"
    assert f"from model {before} (edition 2025.1) to edition 2026.1" in first["says"]
    assert f"log loss is {aligned.gate.log_loss:.4f}" in first["says"]
    assert others == trained["findings"]


def test_its_card_lies_where_the_page_of_the_model_looks_for_it(
    moved: Workspace, aligned: Alignment
):
    folder = moved.home / "cards" / aligned.versions.model
    text = (folder / "card.md").read_text("utf-8")
    assert f"All of this is model {aligned.before.model}'s, which was aligned since." in text
    assert f"leadpact align -w WORKSPACE --seed 0` with model {aligned.before.model}" in (
        folder / "card.html"
    ).read_text("utf-8")


def test_a_model_aligned_twice_still_names_the_one_that_was_tested(
    moved: Workspace, aligned: Alignment, tmp_path: Path
):
    folder = tmp_path / "twice"
    shutil.copytree(moved.folder, folder)
    told = yaml.safe_load((folder / "rulebook.yaml").read_text()) | {"edition": "2026.2"}
    (folder / "rulebook.yaml").write_text(yaml.safe_dump(told, sort_keys=False))
    again = run_alignment(Plan(Workspace(folder), register=False), Scorer.load(aligned.folder))
    card = Scorer.load(again.folder).card
    assert card["evaluation"]["of_model"] == aligned.before.model
    assert card["aligned"]["from"] == aligned.versions.model
    assert [f["name"] for f in card["findings"]].count("Aligned") == 1


def test_there_is_nothing_to_align_where_the_edition_is_the_models_own(trained: Workspace):
    with pytest.raises(InputRefused, match=r"aligned to edition 2025\.1 already"):
        run_alignment(Plan(trained, register=False), Scorer.load(trained.champion()))


def test_other_fields_need_a_training(moved: Workspace, tmp_path: Path):
    folder = tmp_path / "other"
    shutil.copytree(moved.folder, folder)
    told = yaml.safe_load((folder / "fields.yaml").read_text())
    told["fields"] = [f for f in told["fields"] if f["name"] != "phone_given"]
    told["company"] = "Another"
    (folder / "fields.yaml").write_text(yaml.safe_dump(told, sort_keys=False))
    other = Workspace(folder)
    with pytest.raises(InputRefused, match="leadpact train"):
        run_alignment(Plan(other, register=False), Scorer.load(other.champion()))


def test_the_gate_refuses_what_is_worse_by_more_than_noise():
    rng = np.random.default_rng(5)
    f = rng.normal(-1.5, 1.2, 4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-f))).astype(float)
    assert gate(f, f + 1.0, y, 0).passed
    assert gate(f, f, y, 0).passed
    assert not gate(f + 1.0, f, y, 0).passed
    assert not gate(0.2 * f, f, y, 0).passed
