"""The ladder is a scikit-learn estimator like any other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from features.errors import NothingToLearn
from models.ladder import AGREED, CRITERION, LadderClassifier


def history(n: int = 120, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "industry": rng.choice(["retail", "logistics", None], n),
            AGREED: rng.normal(50, 12, n),
            CRITERION + "webinar": rng.integers(0, 2, n).astype(float),
        }
    )
    f = (X[AGREED] - 50) / 15 + X["size"] - 0.5
    return X, np.where(rng.random(n) < 1 / (1 + np.exp(-f)), "won", "lost")


def plain(**more: object) -> LadderClassifier:
    return LadderClassifier(boosters=False, threads=1, **more)


def test_parameters_are_told_set_and_cloned():
    made = LadderClassifier(anchor_points=40.0, random_state=3)
    told = made.get_params()
    assert told["anchor_points"] == 40.0
    twin = clone(made)
    assert twin is not made
    assert twin.get_params() == told
    assert made.set_params(anchor_points=60.0).anchor_points == 60.0
    with pytest.raises(ValueError, match="Invalid parameter"):
        made.set_params(nobody=1)
    assert is_classifier(made)


def test_fitting_changes_no_parameter_and_not_the_data():
    X, y = history()
    before, twin = X.copy(), plain()
    told = twin.get_params()
    assert twin.fit(X, y) is twin
    assert twin.get_params() == told
    pd.testing.assert_frame_equal(X, before)


def test_before_fitting_it_says_so():
    X, _ = history(5)
    for call in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(plain(), call)(X)


def test_answers_have_the_shapes_and_classes_of_a_classifier():
    X, y = history()
    fitted = plain().fit(X, y)
    p = fitted.predict_proba(X)
    assert fitted.classes_.tolist() == ["lost", "won"]
    assert p.shape == (len(X), 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(fitted.predict(X) == "won", p[:, 1] > 0.5)
    assert set(fitted.predict(X)) <= {"lost", "won"}
    assert fitted.n_features_in_ == 4
    assert fitted.feature_names_in_.tolist() == X.columns.tolist()
    assert fitted.score(X, y) > 0.6


def test_it_works_in_cross_validation_and_pipelines_on_a_frame():
    X, y = history(200)
    scores = cross_val_score(plain(), X, y, cv=4, scoring="neg_log_loss")
    assert scores.shape == (4,)
    share = (y == "won").mean()
    base = share * np.log(share) + (1 - share) * np.log(1 - share)
    assert scores.mean() > base
    piped = make_pipeline(FunctionTransformer(), plain()).fit(X, y)
    np.testing.assert_allclose(piped.predict_proba(X), plain().fit(X, y).predict_proba(X))


def test_an_array_is_taken_too_and_stands_at_the_anchor():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 3))
    y = (X[:, 0] + rng.normal(size=150) > 0).astype(int)
    fitted = plain(anchor_likelihood=0.5).fit(X, y)
    assert fitted.classes_.tolist() == [0, 1]
    assert fitted.score(X, y) > 0.7


def test_the_same_data_and_seed_give_the_same_model():
    X, y = history(60)
    a = LadderClassifier(threads=1, random_state=5).fit(X, y)
    b = LadderClassifier(threads=2, random_state=5).fit(X, y)
    np.testing.assert_array_equal(a.decision_function(X), b.decision_function(X))
    assert a.fitted_.trees == b.fitted_.trees


def test_equal_weights_are_no_weights():
    X, y = history()
    a = plain().fit(X, y).decision_function(X)
    b = plain().fit(X, y, sample_weight=np.ones(len(X))).decision_function(X)
    np.testing.assert_allclose(a, b)


def test_what_cannot_be_fitted_is_said():
    X, y = history(30)
    with pytest.raises(ValueError, match="3 outcomes; a conversion has two"):
        plain().fit(X, np.resize(["a", "b", "c"], 30))
    with pytest.raises(ValueError, match="30 leads and y 29"):
        plain().fit(X, y[:-1])
    with pytest.raises(NothingToLearn, match="does not tell whether"):
        plain().fit(X, np.array(["lost"] * 30))
    fitted = plain().fit(X, y)
    with pytest.raises(ValueError, match="lacks the features"):
        fitted.predict(X.drop(columns="size"))


def test_one_conversion_or_none_keeps_to_the_agreement():
    X, _ = history(30)
    stated = 50 + 12 * (plain().fit(X, np.zeros(30)).decision_function(X)) / np.log(2)
    assert np.corrcoef(stated, X[AGREED])[0, 1] > 0.999
    one = plain().fit(X, np.array([0] * 29 + [1])).decision_function(X)
    assert np.corrcoef(one, X[AGREED])[0, 1] > 0.999


def test_unseen_levels_and_missing_values_are_answered():
    X, y = history()
    fitted = plain().fit(X, y)
    odd = X.head(3).copy()
    odd["industry"] = ["never seen", None, "retail"]
    odd["size"] = [np.nan, 1e12, -1e12]
    assert np.all(np.isfinite(fitted.decision_function(odd)))
