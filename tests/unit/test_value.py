"""Expected value: beside the score, never in it; an amount with an interval that covers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.arrays import Table, texts
from features.errors import DocumentRefused
from features.rulebook.document import Value
from models.answer import answer
from models.bundle import load
from models.scorer import Scorer
from models.value import FEWEST, AmountModel, learn_amounts
from models.workspace import Workspace
from serving.answers import Score
from tests.support.build import RULEBOOK, rulebook
from tests.support.cli import run
from training.card_render import card_markdown
from training.dataset import load_dataset
from training.sample import write_workspace
from training.worth import learn_worth, try_worth, worth, worth_section


def won_leads(n: int, seed: int) -> tuple[Table, np.ndarray, np.ndarray]:
    """Facts, amounts and true expected amounts of n won leads; ten facts tell nothing."""
    rng = np.random.default_rng(seed)
    size, trade = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    middle = 9 + 0.6 * size + 0.4 * (trade == "a")
    values = {"size": np.where(rng.random(n) < 0.1, np.nan, size), "trade": texts(trade)}
    values |= {f"noise{k}": rng.normal(size=n) for k in range(10)}
    return Table(n, values), np.exp(middle + 0.5 * rng.normal(size=n)), np.exp(middle + 0.125)


@pytest.mark.parametrize("n", [40, 120, 600])
def test_nine_in_ten_amounts_lie_in_their_interval(n: int) -> None:
    held = []
    for seed in range(15):
        features, amount, _ = won_leads(n + 300, seed)
        rows = np.arange(n + 300)
        model = learn_amounts(features.take(rows[:n]), amount[:n])
        told = model.amounts(features.take(rows[n:]))
        held.append(np.mean((told.low <= amount[n:]) & (amount[n:] <= told.high)))
    assert np.mean(held) == pytest.approx(0.9, abs=0.035)


def test_amounts_follow_what_decides_them_and_add_up_on_average() -> None:
    features, amount, true = won_leads(1500, 1)
    rows = np.arange(1500)
    told = learn_amounts(features.take(rows[:1000]), amount[:1000]).amounts(
        features.take(rows[1000:])
    )
    assert np.corrcoef(np.log(told.mean), np.log(true[1000:]))[0, 1] > 0.85
    assert told.mean.mean() == pytest.approx(amount[1000:].mean(), rel=0.12)


def test_where_facts_tell_nothing_everybody_gets_about_the_same() -> None:
    features, _, _ = won_leads(200, 2)
    amount = np.exp(9 + 0.5 * np.random.default_rng(0).normal(size=200))
    told = learn_amounts(features, amount).amounts(features)
    assert told.mean.std() / told.mean.mean() < 0.12


def test_few_won_leads_tell_no_amount_and_what_is_no_amount_is_left_out() -> None:
    features, amount, _ = won_leads(60, 3)
    some = np.where(np.arange(60) < FEWEST - 1, amount, np.nan)
    assert learn_amounts(features, some) is None
    assert learn_amounts(features, np.where(np.isnan(some), 0.0, some)) is None
    found = learn_amounts(features, np.where(np.arange(60) < 50, amount, np.nan))
    assert found is not None
    assert found.taught == 50


def priced(n: int, plan_decides: bool, seed: int) -> tuple[Table, np.ndarray]:
    """Facts of n won leads, and prices off a list: one for all, or three by the plan."""
    features, _, _ = won_leads(n, seed)
    plan = np.random.default_rng(seed).choice(["basic", "plus", "max"], n)
    prices = {"basic": 490.0, "plus": 1990.0, "max": 9900.0}
    table = Table(n, {name: features[name] for name in features.names} | {"plan": texts(plan)})
    return table, np.array([prices[p] if plan_decides else 1990.0 for p in plan.tolist()])


@pytest.mark.parametrize("n", [30, 37, 60, 200, 400])
@pytest.mark.parametrize("facts", ["all facts", "no facts"])
def test_one_price_for_all_is_told_as_that_price(n: int, facts: str) -> None:
    features, amount = priced(n, plan_decides=False, seed=n)
    seen = features if facts == "all facts" else Table(n, {})
    told = learn_amounts(seen, amount).amounts(seen)
    np.testing.assert_allclose(told.mean, 1990.0, rtol=0.001)
    np.testing.assert_allclose(told.low, 1990.0, rtol=0.03)
    np.testing.assert_allclose(told.high, 1990.0, rtol=0.03)
    assert np.all((told.low < amount) & (amount < told.high))


@pytest.mark.parametrize("n", [40, 120, 400])
def test_a_price_list_is_told_by_what_decides_it(n: int) -> None:
    features, amount = priced(n + 100, plan_decides=True, seed=n)
    rows = np.arange(n + 100)
    model = learn_amounts(features.take(rows[:n]), amount[:n])
    told = model.amounts(features.take(rows[n:]))
    np.testing.assert_allclose(told.mean, amount[n:], rtol=0.05)
    assert np.all((told.low < told.mean) & (told.mean < told.high))
    assert np.mean((told.low <= amount[n:]) & (amount[n:] <= told.high)) > 0.85


def test_one_discount_in_a_hundred_leaves_amounts_near_the_price() -> None:
    features, amount = priced(400, plan_decides=False, seed=9)
    amount = np.where(np.arange(400) % 100 == 50, amount / 2, amount)
    told = learn_amounts(features, amount).amounts(features)
    np.testing.assert_allclose(told.mean, amount.mean(), rtol=0.1)
    assert np.all((told.low < 1990.0) & (told.high > 1990.0) & (told.high < 3000.0))


def test_an_amount_model_reads_back_equal_to_itself() -> None:
    features, amount, _ = won_leads(80, 4)
    model = learn_amounts(features, amount)
    again = AmountModel.from_json(json.loads(json.dumps(model.to_json())))
    for name in ("mean", "low", "high"):
        told = (getattr(m.amounts(features), name) for m in (model, again))
        np.testing.assert_array_equal(*told)


def test_the_answer_tells_likelihood_times_amount(trained: Workspace) -> None:
    scorer = Scorer.load(trained.champion())
    dataset = load_dataset(trained)
    scores = scorer.score_snapshot(dataset.snapshot)
    for i in range(0, scores.n, 211):
        told = answer("x", scores, i, scorer)
        value = told["value"]
        assert value["currency"] == "EUR"
        assert value["expected"] == pytest.approx(told["likelihood"] * value["amount"], abs=0.02)
        assert value["interval"]["low"] < value["amount"] < value["interval"]["high"]
        Score.model_validate(told | {"warnings": []})


def test_value_moves_no_score(trained: Workspace) -> None:
    bundle, versions = load(trained.champion())
    snapshot = load_dataset(trained).snapshot
    with_, without = (
        Scorer(b, versions).score_snapshot(snapshot)
        for b in (bundle, replace(bundle, amounts=None))
    )
    np.testing.assert_array_equal(with_.exact, without.exact)
    assert answer("x", without, 0, Scorer(replace(bundle, amounts=None), versions))["value"] is None


def test_without_a_rate_that_was_signed_no_value_is_told(trained: Workspace) -> None:
    bundle, versions = load(trained.champion())
    unsigned = bundle.rulebook.model_copy(update={"value": None})
    scorer = Scorer(replace(bundle, rulebook=unsigned), versions)
    dataset = load_dataset(trained)
    rows = np.arange(3)
    assert (
        answer("x", scorer.score_snapshot(dataset.snapshot.take(rows)), 0, scorer)["value"] is None
    )
    silent = replace(dataset, rulebook=unsigned)
    assert learn_worth(silent) is None
    (says,) = worth_section(worth(silent)).says
    assert "the rulebook states no value: none is told" in says


def test_amounts_of_the_newest_won_leads_lie_in_their_intervals(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    held, tested = 0.0, 0
    for seed in (40, 41, 42):
        folder = tmp_path_factory.mktemp("worth")
        write_workspace(folder, 6000, seed)
        found = try_worth(load_dataset(Workspace(folder)))
        held, tested = held + found.held * found.tested, tested + found.tested
        assert found.error < found.plain
    assert held / tested == pytest.approx(0.9, abs=0.05)


def test_the_card_says_what_is_told_and_what_is_not(trained: Workspace) -> None:
    card = load(trained.champion())[0].card
    text = card_markdown(card, {"model": "abc123"})
    assert "What a lead is worth" in text
    assert "Who stays a year" in text
    assert f"learned from {card['worth']['taught']:,} won leads" in text
    nothing = {"amounts": 0, "currency": "EUR", "taught": 0, "tested": None}
    assert not worth_section(nothing).says
    few = nothing | {"amounts": 12}
    assert worth_section(few).says == ("Only 12 won leads carry an amount: too few.",)


def test_the_command_line_tells_the_value(trained: Workspace, tmp_path: Path) -> None:
    leads = pd.read_csv(trained.folder / "leads.csv", nrows=4)
    leads.to_csv(tmp_path / "some.csv", index=False)
    out = tmp_path / "out.csv"
    assert run("score", tmp_path / "some.csv", "-o", out, "-w", trained.folder).code == 0
    told = pd.read_csv(out)
    np.testing.assert_allclose(told.value, told.likelihood * told.amount, rtol=1e-3)
    assert set(told.currency) == {"EUR"}
    explained = run("explain", leads.lead_id[0], "-w", trained.folder, "--json").json
    assert explained[0]["value"]["currency"] == "EUR"
    assert "Expected value EUR" in run("explain", leads.lead_id[0], "-w", trained.folder).out


def test_the_rate_is_part_of_what_is_signed() -> None:
    plain, euro = rulebook(), rulebook(RULEBOOK + "value: {currency: EUR}\n")
    assert euro.value == Value(currency="EUR")
    assert euro.fingerprint() != plain.fingerprint()
    assert rulebook(euro.text()) == euro
    with pytest.raises(DocumentRefused, match="retention"):
        rulebook(RULEBOOK + "value: {currency: EUR, retention: one year}\n")
