"""Open leads teach by weights: right on average, worth what they tell, never counted as lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.bayes import log_loss_of
from tests.support.cut import afterwards, as_exported, days, read_company
from training.card_sections import open_leads
from training.censoring import FLOOR, Teaching, censoring_weights, share_as_old, teaching
from training.evaluate import new_ladder
from training.labels import OPEN
from training.sample import write_workspace


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory):
    """Documents and history of a simulated company of 8,000 leads, and its first instant."""
    folder = tmp_path_factory.mktemp("open") / "halden"
    write_workspace(folder, 8000, 104)
    fields, rulebook, taken = read_company(folder)
    return fields, rulebook, taken, taken.columns["created_at"].min()


@pytest.fixture(scope="module")
def young(company) -> tuple:
    """The company after 210 days, when a third of its leads is open, and how it taught."""
    fields, rulebook, taken, first = company
    dataset = as_exported(fields, rulebook, taken, first + days(210))
    return dataset, teaching(dataset)


def test_the_share_of_leads_as_old_is_counted_and_has_a_floor() -> None:
    ages = np.array([5.0, 10.0, 10.0, 40.0])
    told = share_as_old(ages, np.array([0.0, 5.0, 5.1, 10.0, 40.0, 41.0]))
    np.testing.assert_allclose(told, [1, 1, 0.75, 0.75, 0.25, FLOOR])


def test_leads_that_all_were_old_enough_weigh_one() -> None:
    ages = np.linspace(100, 400, 50)
    np.testing.assert_allclose(censoring_weights(ages, np.full(30, 90.0)), np.ones(30))


def test_weights_sum_to_as_many_equal_leads_as_would_tell_as_much() -> None:
    ages = np.linspace(0, 180, 400)
    w = censoring_weights(ages, np.array([90.0] * 100 + [10.0] * 20 + [60.0] * 20))
    assert w.sum() == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert w.sum() < 140
    # Half of the leads are 90 days old, nearly all 10: the former stand for more.
    assert w[0] / w[100] == pytest.approx(1 / 0.5 / (1 / (378 / 400)), rel=0.02)


def test_the_weighted_rate_is_that_of_leads_followed_to_their_end() -> None:
    rng = np.random.default_rng(3)
    n, horizon, rate = 60_000, 90.0, 0.2
    converts, delay, age = rng.random(n) < rate, rng.uniform(0, 90, n), rng.uniform(0, 200, n)
    seen = np.where(converts, delay <= age, age >= horizon)
    w = censoring_weights(age, np.where(converts, delay, horizon)[seen])

    assert np.average(converts[seen], weights=w) == pytest.approx(rate, abs=0.006)
    assert converts[seen].mean() > rate + 0.04  # young winners as they come


def test_open_leads_that_converted_teach_and_no_open_lead_is_lost(young) -> None:
    dataset, taught = young
    winners = int(((dataset.others.state == OPEN) & ~np.isnan(dataset.others.delay)).sum())

    assert taught.young == winners > 20
    assert len(taught.y) == len(taught.w) == len(taught.X) == dataset.n + winners
    assert np.all(taught.y[dataset.n :] == 1)
    assert np.all(taught.w > 0)
    assert np.average(taught.y, weights=taught.w) < taught.y.mean() - 0.02


def test_young_winners_stand_all_over_the_period_so_that_no_part_of_it_is_winners_alone(
    young,
) -> None:
    dataset, taught = young
    order = taught.order
    assert dataset.order.min() <= order[dataset.n :].min()
    assert order[dataset.n :].max() <= dataset.order.max()
    halves = taught.y[np.argsort(order, kind="stable")]
    assert abs(halves[: len(halves) // 2].mean() - halves[len(halves) // 2 :].mean()) < 0.06


def test_open_leads_make_predictions_of_later_leads_no_worse(company) -> None:
    fields, rulebook, taken, first = company
    full = as_exported(fields, rulebook, taken, first + days(560))
    gains = []
    for back in (210, 270, 330):
        dataset = as_exported(fields, rulebook, taken, first + days(back))
        later, y = afterwards(full, dataset)
        ladders = [new_ladder(dataset, 1, 0).set_params(boosters=False) for _ in range(2)]
        dropped = ladders[0].fit(dataset.frame(), dataset.y, order=dataset.order)
        weighted = teaching(dataset).fit(ladders[1])
        told = [log_loss_of(f.decision_function(later.frame()), y) for f in (dropped, weighted)]
        gains.append(float((told[0] - told[1]).mean()))
    assert np.mean(gains) > 0
    assert min(gains) > -0.003


def test_where_outcomes_carry_no_time_open_leads_are_left_out_and_it_is_said(young) -> None:
    dataset, _ = young
    timeless = replace(
        dataset,
        delay=np.full(dataset.n, np.nan),
        others=replace(dataset.others, delay=np.full(dataset.others.n, np.nan)),
    )
    taught = teaching(timeless)

    assert isinstance(taught, Teaching)
    assert taught.young == 0
    assert "carry no time" in taught.why_not
    np.testing.assert_array_equal(taught.w, np.ones(dataset.n))
    card = {"leads": {"open": 7}, "open_taught": 0, "open_why_not": taught.why_not}
    (said,) = open_leads(card)
    assert said.startswith("The 7 open leads do not teach: outcomes carry no time")
    assert open_leads({"leads": {}, "open_taught": 0, "open_why_not": "no lead is open"}) == []


def test_part_of_the_leads_sees_what_each_saw_alone(young) -> None:
    dataset, _ = young
    rows = np.array([41, 3, 17, 200])
    part = dataset.others.take(rows)
    for name in dataset.others.features.names:
        np.testing.assert_array_equal(part.features[name], dataset.others.features[name][rows])
    np.testing.assert_array_equal(part.agreed.total, dataset.others.agreed.total[rows])
