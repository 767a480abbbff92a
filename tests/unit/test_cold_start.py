"""From lead zero: with no outcome the agreement speaks, with few it is hardly moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.bundle import load
from models.ladder import AGREED, CRITERION, LadderClassifier
from models.metrics import log_loss
from models.scale import sigmoid
from models.scorer import Scorer
from models.workspace import Workspace
from training.baselines import lightgbm_default
from training.card_render import card_html, card_markdown
from training.dataset import load_dataset
from training.evaluate import leads_of
from training.evidence import history_of
from training.pipeline import Result, train
from training.plan import Plan
from training.sample import write_workspace


def frame(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    webinar = (rng.random(n) < 0.4).astype(float)
    points = 30 + 12 * webinar + rng.integers(0, 30, n)
    return pd.DataFrame(
        {"size": rng.normal(size=n), AGREED: points, CRITERION + "webinar": webinar}
    )


def ladder() -> LadderClassifier:
    return LadderClassifier(50.0, 0.1, 12.0, threads=1)


@pytest.fixture(scope="module")
def untaught(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A training of the simulated company before it has recorded one outcome."""
    folder = tmp_path_factory.mktemp("cold") / "new"
    write_workspace(folder, 300, 7)
    (folder / "outcomes.csv").write_text("lead_id,at,stage,amount,reason\n")
    return train(Plan(Workspace(folder)))


def test_without_outcomes_every_score_is_the_agreed_score(untaught: Result) -> None:
    scorer = Scorer(*load(untaught.folder))
    waiting = untaught.dataset.others
    scores = scorer.score_snapshot(waiting.snapshot)

    assert waiting.n > 250
    assert np.ptp(scores.agreed) > 30
    np.testing.assert_array_equal(scores.shown, scores.agreed)
    np.testing.assert_allclose(scores.exact, scores.agreed_exact, atol=1e-9)
    stated = scorer.ladder.stated.log_odds(scores.agreed_exact)
    np.testing.assert_allclose(scores.likelihood, sigmoid(stated), atol=1e-12)
    assert scorer.ladder.weights == {"agreed": 1.0}


def test_without_outcomes_a_score_is_explained_by_what_was_signed_alone(untaught: Result) -> None:
    scores = Scorer(*load(untaught.folder)).score_snapshot(untaught.dataset.others.snapshot)

    for i in range(0, scores.n, 7):
        told = scores.explain(i)
        assert sum(line.points for line in told.lines) == pytest.approx(told.shown, abs=1e-6)
        assert all(abs(line.learned) < 1e-9 for line in told.lines)


def test_without_outcomes_the_interval_is_as_wide_as_the_agreement_may_err(
    untaught: Result,
) -> None:
    scores = Scorer(*load(untaught.folder)).score_snapshot(untaught.dataset.others.snapshot)
    half = (np.log(scores.high / (1 - scores.high)) - np.log(scores.low / (1 - scores.low))) / 2

    # At the anchor: sd .7 of the level, and .9 for all that columns may come to tell.
    assert half.min() >= 1.6448 * np.sqrt(0.49 + 0.81) - 1e-6
    assert half.min() < 2.0
    assert half.max() > half.min() + 0.05  # further from the anchor the slope may err too


def test_without_outcomes_the_card_says_what_carries_the_model(untaught: Result) -> None:
    versions = vars(untaught.versions)
    for text in (card_markdown(untaught.card, versions), card_html(untaught.card, versions)):
        assert "Carried by the agreed scale alone: no outcome is known yet." in text
    assert untaught.evaluation is None
    assert untaught.card["evidence"] == []
    assert [f["name"] for f in untaught.card["findings"]] == ["NotTested"]


def test_a_file_without_any_outcome_tells_of_no_losses(untaught: Result) -> None:
    assert untaught.dataset.states == {"known": 0, "open": 300}


@pytest.mark.parametrize(("outcome", "moves"), [(0, -1), (1, 1)])
def test_outcomes_of_one_kind_move_the_level_and_never_the_points(outcome: int, moves: int) -> None:
    X = frame(40)
    told = ladder().fit(X, [outcome] * 40)
    f, stated = told.decision_function(X), told.fitted_.stated.log_odds(X[AGREED].to_numpy())

    assert told.fitted_.weights == {"fitted": 1.0}
    assert np.all(moves * (f - stated) > 0.2)
    assert np.all(np.abs(f - stated) < 6)
    np.testing.assert_allclose(told.fitted_.scale.points(f), X[AGREED], atol=1e-9)
    assert list(told.classes_) == [0, 1]


def test_few_outcomes_narrow_the_interval() -> None:
    X = frame(60)
    none = ladder().fit(X.iloc[:0], [])
    some = ladder().fit(X, [0] * 59 + [1])
    seen = some._leads(X)

    assert some.fitted_.weights == {"fitted": 1.0}
    assert np.all(some.fitted_.half_width(seen) < none.fitted_.half_width(seen) - 0.1)


def losses_after_fifty(folder: Path, anchor: float) -> np.ndarray:
    """Mean log loss of ladder, stated scale and plain LightGBM after 50 known ends, 8 draws."""
    dataset = load_dataset(Workspace(folder))
    history = history_of(dataset, dataset.rulebook, dataset.agreed)
    cut = round(0.7 * dataset.n)
    test = np.arange(cut, dataset.n)
    y, losses = dataset.y[test], []
    assert dataset.order is not None
    for draw in range(8):
        # Fifty leads that came one after the other, as a new team meets them.
        rows = draw * (cut - 50) // 7 + np.arange(50)
        told = LadderClassifier(50.0, anchor, 12.0, threads=1, random_state=draw)
        told.fit(dataset.frame().iloc[rows], dataset.y[rows], order=dataset.order[rows])
        leads = leads_of(dataset, told.fitted_).take(test)
        stated = told.fitted_.stated.log_odds(dataset.agreed.total[test])
        plain = lightgbm_default(history.take(rows), leads, draw)
        ours = (told.fitted_.log_odds(leads), stated)
        losses.append([*(log_loss(y, sigmoid(f)) for f in ours), log_loss(y, plain)])
    return np.mean(losses, axis=0)


def test_fifty_ends_beat_a_stated_scale_that_is_wrong_and_plain_lightgbm(
    sample_folder: Path,
) -> None:
    ours, stated, lightgbm = losses_after_fifty(sample_folder, 0.03)

    assert ours < stated - 0.005
    assert ours < lightgbm - 0.1


def test_fifty_ends_cost_little_where_what_was_stated_is_right(sample_folder: Path) -> None:
    ours, stated, lightgbm = losses_after_fifty(sample_folder, 0.1)

    assert stated - 0.02 < ours < stated + 0.02
    assert ours < lightgbm - 0.1
