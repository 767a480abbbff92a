"""`--tune N`: resumable, the same again, blind to held-out leads, slow to leave the defaults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.ladder import LadderClassifier
from models.workspace import Workspace
from tests.support.cli import run
from training import tune as tuning
from training.dataset import Dataset, load_dataset
from training.evaluate import new_ladder
from training.sample import write_workspace
from training.split import held_out
from training.tune import Tuned, tune, tuning_sentence


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The known leads of a small simulated company."""
    folder = tmp_path_factory.mktemp("tune") / "halden"
    write_workspace(folder, 600, 7)
    return load_dataset(Workspace(folder))


def test_tuning_goes_on_where_it_ended_and_comes_to_the_same(
    dataset: Dataset, tmp_path: Path
) -> None:
    tried: list[str] = []
    whole = tune(dataset, 3, tmp_path / "whole.db", 1, 0)
    tune(dataset, 2, tmp_path / "parts.db", 1, 0)
    parts = tune(dataset, 3, tmp_path / "parts.db", 1, 0, tried.append)
    again = tune(dataset, 3, tmp_path / "parts.db", 1, 0, tried.append)

    assert whole == parts == again
    assert whole is not None
    assert whole.trials == 3
    assert tried == ["Tuning: the defaults", "Tuning: trial 3 of 3", "Tuning: the defaults"]
    assert set(whole.best) == {
        "num_leaves",
        "lambda_l2",
        "feature_fraction",
        "min_data_in_leaf",
    }


def test_a_trial_that_was_interrupted_is_asked_again_as_if_it_never_was(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tune(dataset, 2, tmp_path / "whole.db", 1, 0)
    honest = tuning._losses
    with monkeypatch.context() as patched:
        patched.setattr(tuning, "_losses", _stops_at(3, honest))
        with pytest.raises(KeyboardInterrupt):
            tune(dataset, 2, tmp_path / "cut.db", 1, 0)
    assert tune(dataset, 2, tmp_path / "cut.db", 1, 0) == whole


def _stops_at(call: int, honest):
    calls = []

    def losses(*arguments):
        calls.append(arguments)
        if len(calls) == call:
            raise KeyboardInterrupt
        return honest(*arguments)

    return losses


def test_held_out_leads_are_never_looked_at(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[np.ndarray] = []

    def fit_rows(data, ladder, rows):
        looked.append(rows)
        return real(data, ladder, rows)

    real = tuning.fit_rows
    monkeypatch.setattr(tuning, "fit_rows", fit_rows)
    tune(dataset, 1, tmp_path / "t.db", 1, 0)
    kept = np.flatnonzero(held_out(dataset.lead, dataset.order))

    assert len(looked) == 3  # the defaults, the trial, and the best again
    assert len(kept) > 50
    for rows in looked:
        assert not set(rows) & set(kept)


def test_another_history_or_seed_begins_anew(dataset: Dataset, tmp_path: Path) -> None:
    store = tmp_path / "t.db"
    one, other = tune(dataset, 1, store, 1, 0), tune(dataset, 1, store, 1, 5)
    fewer = replace(dataset, y=np.roll(dataset.y, 1))
    third = tune(fewer, 1, store, 1, 0)

    assert one.trials == other.trials == third.trials == 1
    assert one.best != other.best
    assert third.default_loss != one.default_loss


def test_settings_are_used_only_where_they_are_better_beyond_doubt() -> None:
    best = {"num_leaves": 7, "lambda_l2": 2.5}
    sure, lucky = Tuned(9, best, 0.3, 0.29, 0.01, 0.004), Tuned(9, best, 0.3, 0.29, 0.01, 0.006)

    assert sure.settings == best
    assert lucky.settings == {}
    assert "the best are used: num_leaves 7, lambda_l2 2.5" in tuning_sentence(sure.as_json())
    assert "not clear of chance, the defaults stay" in tuning_sentence(lucky.as_json())


def test_tuned_settings_reach_every_booster(dataset: Dataset) -> None:
    told = new_ladder(dataset, 1, 0, {"num_leaves": 5, "lambda_l2": 17.5})
    assert isinstance(told, LadderClassifier)
    text = told.fit(dataset.frame(), dataset.y, order=dataset.order).fitted_.trees
    leaves = [int(line.split("=")[1]) for line in text.splitlines() if line[:11] == "num_leaves="]

    assert text
    assert max(leaves) <= 5


def test_too_few_outcomes_are_not_tuned_on(dataset: Dataset, tmp_path: Path) -> None:
    silent = replace(dataset, y=np.zeros(dataset.n))
    assert tune(silent, 3, tmp_path / "t.db", 1, 0) is None


def test_the_command_tunes_and_the_card_says_so(tmp_path: Path) -> None:
    write_workspace(tmp_path, 600, 7)
    done = run("train", "-w", tmp_path, "--no-curve", "--tune", 1, "--threads", 1, "--json")
    assert done.code == 0
    told = done.json["card"]["tuning"]

    assert told["trials"] == 1
    assert (tmp_path / ".leadpact" / "tuning.db").is_file()
    text = next(tmp_path.glob(".leadpact/cards/*/card.md")).read_text()
    assert "1 settings of the boosters were tried" in text
    assert "--seed 0 --tune 1" in text
