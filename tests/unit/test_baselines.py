"""The methods Leadpact is held against see the same leads, learn, and peek at nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from features.arrays import Table, texts
from models.history import History, Leads
from models.metrics import auc, log_loss
from training.baselines import BASELINES, frame_of


def history(n, seed=3):
    """Leads whose industry and size decide, with missing values, and points that know a part."""
    rng = np.random.default_rng(seed)
    industry = texts(rng.choice(["retail", "logistics", "health", None], n))
    size = np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(4, 1, n))
    logistics = np.array([v == "logistics" for v in industry])
    f = -1.0 + 2.0 * logistics + np.where(np.isnan(size), 0.0, (size > 60) * 1.5)
    y = (rng.random(n) < 1 / (1 + np.exp(-f))).astype(float)
    leads = Leads(
        -1.0 + 1.0 * logistics,
        Table(n, {"industry": industry, "size": size}),
        logistics.astype(float)[:, None],
    )
    return History(leads, y, np.ones(n), np.arange(n, dtype=float))


def answers(method, past, next_):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return BASELINES[method](past, next_, 0)


@pytest.mark.parametrize("method", BASELINES)
def test_every_method_learns_what_there_is_to_learn(method):
    past, next_ = history(800), history(800, seed=4)

    p = answers(method, past, next_.leads)

    assert p.shape == (800,)
    assert np.all((p > 0) & (p < 1))
    assert auc(next_.y, p) > 0.6
    assert log_loss(next_.y, p) < log_loss(next_.y, np.full(800, past.y.mean()))


@pytest.mark.parametrize("method", BASELINES)
def test_a_lead_is_judged_alone(method):
    past, next_ = history(300), history(50, seed=5)

    together = answers(method, past, next_.leads)
    alone = answers(method, past, next_.leads.take(np.array([7])))

    assert alone[0] == pytest.approx(together[7], abs=1e-9)


@pytest.mark.parametrize("method", BASELINES)
def test_two_conversions_and_a_level_never_seen_are_no_reason_to_fail(method):
    past = history(40)
    past = past.take(np.concatenate([np.flatnonzero(past.y == 1)[:2], np.flatnonzero(past.y == 0)]))
    leads = Leads(
        np.zeros(1),
        Table(1, {"industry": texts(["space"]), "size": np.array([np.nan])}),
        np.zeros((1, 1)),
    )

    assert 0 < answers(method, past, leads)[0] < 0.9


def test_the_same_seed_gives_the_same_answer():
    past, next_ = history(300), history(50, seed=5)
    for method in BASELINES:
        first, second = (answers(method, past, next_.leads) for _ in range(2))
        assert np.array_equal(first, second), method


def test_a_missing_category_is_a_level_of_its_own_and_a_missing_number_stays_missing():
    frame = frame_of(Table(2, {"a": texts(["x", None]), "b": np.array([1.0, np.nan])}))

    assert list(frame["a"]) == ["x", ""]
    assert np.isnan(frame["b"].iloc[1])
