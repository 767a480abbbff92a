"""Our reading of LightGBM's library and of its text, against LightGBM's own answers."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from features.errors import BundleRefused
from models.booster_text import combine
from models.trees import Trees

PARAMS = {"objective": "binary", "verbosity": -1, "num_leaves": 9, "num_threads": 1}


def data(seed: int = 0, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.normal(size=n), rng.integers(0, 5, n).astype(float), rng.normal(size=n) * 1e9]
    )
    X[rng.random((n, 3)) < 0.1] = np.nan
    y = (rng.random(n) < 1 / (1 + np.exp(-np.nan_to_num(X[:, 0]) - (X[:, 1] == 2)))).astype(float)
    return X, y


def booster(seed: int = 0, rounds: int = 12, **more: object) -> lgb.Booster:
    X, y = data()
    made = lgb.Dataset(X, y, categorical_feature=[1], params={"verbosity": -1})
    return lgb.train(PARAMS | {"seed": seed, "extra_trees": bool(seed)} | more, made, rounds)


def asked() -> np.ndarray:
    odd = np.array([[np.nan] * 3, [1e300, 99.0, -1e300], [0, -1.0, 0], [np.inf, 2.0, -np.inf]])
    return np.vstack([data(1)[0], odd])


def test_margins_and_contributions_are_lightgbms_own():
    model = booster()
    trees = Trees(model.model_to_string(), 3)
    X = asked()
    np.testing.assert_array_equal(trees.margins(X), model.predict(X, raw_score=True))
    np.testing.assert_array_equal(trees.contributions(X), model.predict(X, pred_contrib=True))
    np.testing.assert_allclose(trees.contributions(X).sum(axis=1), trees.margins(X), atol=1e-9)


def test_row_order_and_memory_layout_do_not_matter():
    trees = Trees(booster().model_to_string(), 3)
    X = asked()
    np.testing.assert_array_equal(trees.margins(np.asfortranarray(X)), trees.margins(X))
    np.testing.assert_array_equal(trees.margins(X[::-1])[::-1], trees.margins(X))
    assert trees.margins(np.empty((0, 3))).shape == (0,)
    assert trees.contributions(np.empty((0, 3))).shape == (0, 4)


def test_a_text_that_is_no_booster_or_has_other_columns_is_refused():
    with pytest.raises(BundleRefused, match="LightGBM refused"):
        Trees("nothing of the kind", 3)
    with pytest.raises(BundleRefused, match="3 columns, 4 were expected"):
        Trees(booster().model_to_string(), 4)


def test_boosters_combined_predict_the_weighted_sum_of_their_trees():
    models = [booster(0), booster(5, 7), booster(9, 20)]
    rng = np.random.default_rng(3)
    weights = [rng.uniform(0, 1, k) for k in (12, 5, 20)]
    one = Trees(combine([m.model_to_string() for m in models], weights), 3)
    X = asked()
    expected = np.zeros(len(X))
    parts = np.zeros((len(X), 4))
    for model, factors in zip(models, weights, strict=True):
        for t, factor in enumerate(factors):
            window = {"start_iteration": t, "num_iteration": 1}
            expected += factor * model.predict(X, raw_score=True, **window)
            parts += factor * model.predict(X, pred_contrib=True, **window)
    np.testing.assert_allclose(one.margins(X), expected, atol=1e-12)
    np.testing.assert_allclose(one.contributions(X), parts, atol=1e-9)


def test_a_booster_combined_with_weights_of_one_is_itself():
    model = booster()
    one = Trees(combine([model.model_to_string()], [np.ones(12)]), 3)
    np.testing.assert_allclose(one.margins(asked()), model.predict(asked(), raw_score=True))


def test_boosters_that_do_not_fit_together_are_refused():
    X, y = data()
    narrow = lgb.train(PARAMS, lgb.Dataset(X[:, :2], y), 3).model_to_string()
    wide = booster(rounds=3).model_to_string()
    with pytest.raises(ValueError, match="different columns"):
        combine([wide, narrow], [np.ones(3), np.ones(3)])
    with pytest.raises(ValueError, match="4 weights for 3 trees"):
        combine([wide], [np.ones(4)])


def test_a_booster_of_single_leaves_combines_too():
    X, _ = data()
    y = np.tile([0.0, 1.0], 200)
    flat = lgb.train(
        PARAMS | {"min_data_in_leaf": 400}, lgb.Dataset(X, y, params={"verbosity": -1}), 3
    )
    one = Trees(combine([flat.model_to_string()], [np.full(flat.num_trees(), 0.5)]), 3)
    np.testing.assert_allclose(one.margins(X), 0.5 * flat.predict(X, raw_score=True), atol=1e-12)
