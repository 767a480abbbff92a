"""Who stays a year: told beside the score where wins are old enough, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from features.arrays import Table, texts
from models.answer import answer
from models.bundle import load
from models.retention import RetentionModel
from models.scorer import Scorer
from models.workspace import Workspace
from serving.answers import Score
from tests.support.cli import run
from training.dataset import load_dataset
from training.labels import Outcomes, stays_of
from training.pipeline import second_horizon
from training.retention import learned, retention, retention_section, try_retention
from training.sample import write_workspace


def outcomes(*rows: tuple[str, str, str]) -> Outcomes:
    """Of (lead, day, stage)."""
    lead, at, stage = (list(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return Outcomes(
        texts(lead),
        np.array(at, dtype="datetime64[us]"),
        texts(stage),
        np.full(n, np.nan),
        texts([None] * n),
    )


def test_only_wins_whose_year_is_over_tell_who_stayed() -> None:
    told = outcomes(
        ("stayed", "2024-01-10", "won"),
        ("left", "2024-01-10", "won"),
        ("left", "2024-11-01", "left"),
        ("left late", "2024-01-10", "won"),
        ("left late", "2025-03-01", "left"),
        ("young", "2025-02-01", "won"),
        ("young", "2025-02-20", "left"),
        ("came back", "2023-05-01", "left"),
        ("came back", "2024-02-01", "won"),
        ("lost", "2024-01-10", "lost"),
    )
    leads = texts(["stayed", "left", "left late", "young", "came back", "lost", "unknown"])

    found = stays_of(leads, told, np.datetime64("2025-06-01"))

    np.testing.assert_array_equal(found, [1, 0, 1, np.nan, 1, np.nan, np.nan])


def test_where_no_outcome_speaks_of_leaving_silence_is_no_loyalty() -> None:
    told = outcomes(("a", "2020-01-01", "won"), ("b", "2020-01-01", "won"))
    assert np.isnan(stays_of(texts(["a", "b"]), told, np.datetime64("2025-01-01"))).all()
    assert np.isnan(stays_of(texts(["a"]), None, np.datetime64("2025-01-01"))).all()


def customers(n: int, seed: int) -> tuple[Table, np.ndarray, np.ndarray]:
    """Facts, whether each stayed, and the true likelihood; ten facts tell nothing."""
    rng = np.random.default_rng(seed)
    size, trade = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    true = 1 / (1 + np.exp(-(1.0 + 0.8 * size + 0.6 * (trade == "a"))))
    values = {"size": size, "trade": texts(trade)}
    values |= {f"noise{k}": rng.normal(size=n) for k in range(10)}
    return Table(n, values), (rng.random(n) < true).astype(np.float64), true


def test_at_least_nine_in_ten_true_likelihoods_lie_in_intervals_that_narrow() -> None:
    width = {}
    for n in (60, 300, 1000):
        held, wide = [], []
        for seed in range(12):
            features, stayed, true = customers(n + 300, seed)
            rows = np.arange(n + 300)
            told = learned(features.take(rows[:n]), stayed[:n]).stays(features.take(rows[n:]))
            held.append(np.mean((told.low <= true[n:]) & (true[n:] <= told.high)))
            wide.append(np.mean(told.high - told.low))
        assert np.mean(held) > 0.88
        width[n] = np.mean(wide)
    assert width[60] > 1.4 * width[300] > 1.4 * width[1000]


def test_few_customers_or_none_who_left_tell_nothing() -> None:
    features, stayed, _ = customers(60, 1)
    rows = np.arange(60)
    assert learned(features.take(rows[:29]), stayed[:29]) is None
    assert learned(features, np.ones(60)) is None
    assert learned(features, stayed) is not None


def test_a_retention_model_reads_back_equal_to_itself() -> None:
    features, stayed, _ = customers(80, 4)
    model = learned(features, stayed)
    again = RetentionModel.from_json(json.loads(json.dumps(model.to_json())))
    for name in ("likelihood", "low", "high"):
        told = (getattr(m.stays(features), name) for m in (model, again))
        np.testing.assert_array_equal(*told)


@pytest.fixture(scope="module")
def old_company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A company old enough to know who stayed, trained."""
    folder = tmp_path_factory.mktemp("stays")
    write_workspace(folder, 8000, 21)
    assert run("train", "-w", folder, "--no-curve").code == 0
    return Workspace(folder)


def test_the_sample_tells_who_stays_and_is_nearer_to_its_truth_than_one_share_for_all(
    old_company: Workspace,
) -> None:
    dataset = load_dataset(old_company)
    truth = pd.read_parquet(old_company.folder / "truth" / "truth.parquet").set_index("lead_id")
    true = truth.stay_likelihood.loc[list(dataset.lead)].to_numpy()
    told = Scorer.load(old_company.champion()).score_snapshot(dataset.snapshot).stays
    share = np.nanmean(dataset.stayed)

    assert np.mean((told.likelihood - true) ** 2) < np.mean((share - true) ** 2)
    assert np.mean((told.low <= true) & (true <= told.high)) > 0.8
    assert try_retention(dataset).tested > 20


def test_the_answer_tells_who_stays_beside_a_score_that_it_does_not_move(
    old_company: Workspace,
) -> None:
    bundle, versions = load(old_company.champion())
    scorer, silent = Scorer(bundle, versions), Scorer(replace(bundle, retention=None), versions)
    snapshot = load_dataset(old_company).snapshot
    scores, without = scorer.score_snapshot(snapshot), silent.score_snapshot(snapshot)

    np.testing.assert_array_equal(scores.exact, without.exact)
    for i in range(0, scores.n, 211):
        told = answer("x", scores, i, scorer)
        value, stays = told["value"], told["value"]["retention"]
        assert stays["days"] == 365
        assert stays["expected"] == pytest.approx(value["expected"] * stays["likelihood"], abs=0.01)
        assert stays["interval"]["low"] < stays["likelihood"] < stays["interval"]["high"]
        assert value["says"].endswith(stays["says"])
        Score.model_validate(told | {"warnings": []})
    assert answer("x", without, 0, silent)["value"]["retention"] is None


def test_threads_of_linear_algebra_change_no_byte_of_what_is_learned(
    old_company: Workspace,
) -> None:
    dataset, told = load_dataset(old_company), []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            told.append([model.to_json() for model in second_horizon(dataset)])
    assert told[0] == told[1]


def test_an_edition_that_does_not_ask_is_told_nothing(old_company: Workspace) -> None:
    bundle, versions = load(old_company.champion())
    value = bundle.rulebook.value.model_copy(update={"retention": "none"})
    plain = bundle.rulebook.model_copy(update={"value": value})
    scorer, dataset = Scorer(replace(bundle, rulebook=plain), versions), load_dataset(old_company)

    told = answer("x", scorer.score_snapshot(dataset.snapshot.take(np.arange(2))), 0, scorer)
    (says,) = retention_section(retention(replace(dataset, rulebook=plain))).says

    assert told["value"]["retention"] is None
    assert "the rulebook does not ask for it" in says


def test_the_card_and_the_command_line_tell_it(old_company: Workspace, tmp_path: Path) -> None:
    card = load(old_company.champion())[0].card
    says = retention_section(card["retention"]).says
    assert says[0].startswith(f"{card['retention']['customers']:,} customers were won a year")
    assert "stayed" in says[1]
    assert retention_section(None).says == ()
    nobody = {"asked": True, "customers": 0, "left": 0, "taught": 0, "tested": None}
    assert "no customer was won a year before" in retention_section(nobody).says[0]
    few = nobody | {"customers": 12, "left": 2}
    assert retention_section(few).says[0].endswith("Too few to tell who stays.")
    leads = pd.read_csv(old_company.folder / "leads.csv", nrows=4)
    leads.to_csv(tmp_path / "some.csv", index=False)
    out = tmp_path / "out.csv"
    assert run("score", tmp_path / "some.csv", "-o", out, "-w", old_company.folder).code == 0
    assert pd.read_csv(out).retention.between(0, 1).all()
    assert "stay a year" in run("explain", leads.lead_id[0], "-w", old_company.folder).out
