"""The ladder as an estimator: starts from the agreement, learns what is there, repeats itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from features.errors import NothingToLearn
from models.folds import chained, shuffled
from models.ladder import AGREED, CRITERION, LadderClassifier
from models.metrics import log_loss
from models.scale import sigmoid
from models.stacking import calibrate, calibrate_in_time, prior_weights, stack


def history(n, seed=1):
    """Points that are half right, a field that the rulebook missed, a category, a gap or two."""
    rng = np.random.default_rng(seed)
    webinar, size = (rng.random(n) < 0.4).astype(float), rng.normal(size=n)
    source = rng.choice(["web", "fair", "list", "friend"], n)
    f = -1.5 + 1.4 * webinar + 0.9 * (size > 0.5) + 0.8 * (source == "friend")
    y = (rng.random(n) < sigmoid(f)).astype(int)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.1, np.nan, size),
            "source": pd.Series(source, dtype=object).where(rng.random(n) > 0.1, None),
            AGREED: 40.0 + 12 * webinar,
            CRITERION + "webinar": webinar,
        }
    )
    return frame, y


def ladder(**changes):
    return LadderClassifier(50.0, 0.25, 12.0, threads=1).set_params(**changes)


@pytest.fixture(scope="module")
def fitted():
    X, y = history(900)
    return ladder().fit(X, y)


def test_it_follows_scikit_learns_conventions(fitted):
    X, y = history(120)

    copy = clone(fitted)
    scores = cross_val_score(ladder(boosters=False), X, y, cv=3, scoring="neg_log_loss")

    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "fitted_")
    assert np.all(np.isfinite(scores))
    assert fitted.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(120))
    assert list(fitted.classes_) == [0, 1]


def test_it_beats_the_rulebook_and_the_base_rate_on_leads_it_has_not_seen(fitted):
    X, y = history(2000, seed=9)

    ours = log_loss(y, fitted.predict_proba(X)[:, 1])
    stated = fitted.fitted_.stated.log_odds(X[AGREED].to_numpy())

    assert ours < log_loss(y, sigmoid(fitted.fitted_.fitted.log_odds(stated))) - 0.01
    assert ours < log_loss(y, np.full(2000, y.mean())) - 0.05


def test_four_outcomes_hardly_move_the_agreed_scale():
    X, _ = history(4)
    asked, _ = history(50, seed=3)

    told = ladder().fit(X, [0, 1, 0, 1]).decision_function(asked)
    agreed = ladder().fit(X, [0, 1, 0, 1]).fitted_.stated.log_odds(asked[AGREED].to_numpy())

    assert np.max(np.abs(told - agreed)) < 1.2
    assert np.corrcoef(told, agreed)[0, 1] > 0.8


def test_the_same_history_gives_the_same_model_whatever_the_threads():
    X, y = history(300)

    one, two = (ladder(threads=t).fit(X, y).fitted_ for t in (1, 2))

    assert one.trees == two.trees
    assert one.weights == two.weights
    assert one.affine == two.affine
    assert np.array_equal(one.updated.b, two.updated.b)


def test_a_score_taken_apart_is_the_score(fitted):
    X, _ = history(200, seed=5)
    leads = fitted._leads(X)

    parts = fitted.fitted_.parts(leads)

    np.testing.assert_allclose(parts.f, fitted.decision_function(X), atol=1e-9)
    assert set(parts.features) == {"size", "source"}


def test_rungs_share_the_weight_and_every_booster_is_one_text(fitted):
    weights = fitted.fitted_.weights

    assert sum(weights.values()) == pytest.approx(1)
    assert set(weights) <= {"fitted", "updated", "g", "x", "n", "r"}
    assert min(weights.values()) >= 0.03
    assert len(fitted.fitted_.trees) > 0


def test_with_time_the_folds_are_chained_and_old_leads_may_fade():
    X, y = history(3000)
    turned = np.concatenate([1 - y[:1500], y[1500:]])  # the first leads say the opposite

    told = ladder(boosters=False).fit(X, turned, order=np.arange(3000.0))

    assert told.half_life_ is not None
    assert ladder(boosters=False).fit(X, y, order=np.arange(3000.0)).half_life_ is None
    blocks = list(chained(turned.astype(float), np.arange(3000.0)))
    assert all(fold.train.max() < fold.test.min() for fold in blocks)


@pytest.mark.parametrize("n", [24, 600])
def test_a_history_whose_only_conversions_came_last_teaches_all_the_same(n):
    X, _ = history(n)
    y = (np.arange(n) >= n - n // 8).astype(int)

    told = ladder(boosters=False).fit(X, y, order=np.arange(float(n)))

    assert told.half_life_ is None
    assert np.all(np.isfinite(told.decision_function(X)))
    assert abs(told.predict_proba(X)[:, 1].mean() - 1 / 8) < 0.08


def test_a_clock_is_believed_less():
    X, y = history(600)
    X["price_index"] = np.linspace(90, 95, 600)

    told = ladder(boosters=False).fit(X, y, order=np.arange(600.0))

    assert set(told.penalties_) == {"price_index"}
    assert told.penalties_["price_index"] < 0.01


def test_colleagues_never_stand_on_both_sides_of_a_fold():
    rng = np.random.default_rng(0)
    groups, y = rng.integers(0, 40, 300), rng.integers(0, 2, 300).astype(float)

    for fold in shuffled(y, groups, 1):
        assert not set(groups[fold.train]) & set(groups[fold.test])


ACCOUNTS = {
    "one account": np.zeros(120, dtype=int),
    "two accounts, one of them with all conversions": (np.arange(120) >= 24).astype(int),
    "many accounts, one of them with all conversions": np.maximum(np.arange(120) // 4 - 5, 0),
}


@pytest.mark.parametrize("accounts", ACCOUNTS)
def test_where_one_account_holds_all_conversions_leads_are_dealt_out_without_accounts(accounts):
    X, _ = history(120)
    y, groups = (np.arange(120) < 24).astype(int), ACCOUNTS[accounts]

    folds = shuffled(y.astype(float), groups, 1)
    told = ladder(boosters=False).fit(X, y, groups=groups)

    assert set(y[np.concatenate([fold.test for fold in folds])]) == {0, 1}
    assert set(np.concatenate([fold.test for fold in folds])) == set(range(120))
    assert told.mixed_
    assert abs(told.predict_proba(X)[:, 1].mean() - 0.2) < 0.08


def test_accounts_are_kept_whole_where_conversions_are_spread():
    X, y = history(120)

    assert not ladder(boosters=False).fit(X, y, groups=np.arange(120) // 4).mixed_
    assert not ladder(boosters=False).fit(X, y).mixed_


def test_one_kind_of_outcome_without_a_meaning_and_three_kinds_are_no_conversion():
    X, _ = history(30)

    with pytest.raises(NothingToLearn, match="does not tell"):
        ladder().fit(X, ["lost"] * 30)
    with pytest.raises(ValueError, match="3 outcomes"):
        ladder().fit(X, [0, 1, 2] * 10)
    with pytest.raises(ValueError, match="must agree"):
        ladder().fit(X, [0, 1])


def test_a_frame_that_lacks_a_feature_is_refused_by_name(fitted):
    X, _ = history(5)

    with pytest.raises(ValueError, match="size"):
        fitted.predict_proba(X.drop(columns="size"))


def test_plain_numbers_without_an_agreement_will_do():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(200, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=200) > 0).astype(int)

    assert np.mean(ladder().fit(X, y).predict(X) == y) > 0.85


def margins(n, seed=0):
    rng = np.random.default_rng(seed)
    f = rng.normal(size=n)
    y = (rng.random(n) < sigmoid(f)).astype(float)
    return {"fitted": np.zeros(n), "updated": 0.2 * f, "g": f}, y


def test_few_leads_leave_the_weights_where_they_were_believed_many_move_them():
    few, many = margins(10), margins(20000)
    believed = prior_weights(("fitted", "updated", "g"), 5)

    told = stack(*few, np.ones(10), 5)
    taught = stack(*many, np.ones(20000), 10000)

    assert [told[r] for r in ("fitted", "updated", "g")] == pytest.approx(list(believed), abs=0.15)
    assert taught["g"] > 0.95


def test_calibration_stays_at_the_identity_without_evidence_and_moves_with_it():
    rng = np.random.default_rng(0)
    f = rng.normal(size=5000)
    right = (rng.random(5000) < sigmoid(f)).astype(float)
    high = (rng.random(5000) < sigmoid(f - 0.5)).astype(float)

    assert calibrate(f[:5], right[:5], np.ones(5)).beta == pytest.approx(1, abs=0.05)
    assert calibrate(f, high, np.ones(5000)).alpha == pytest.approx(-0.45, abs=0.1)


def blocks_that_lack(*shifts):
    """Five blocks of predictions, each too low by its shift."""
    rng = np.random.default_rng(0)
    F, blocks = rng.normal(size=10000), np.repeat(np.arange(1, 6), 2000)
    y = (rng.random(10000) < sigmoid(F + np.repeat(shifts, 2000))).astype(float)
    return F, y, np.ones(10000), blocks


def test_blocks_that_agree_move_the_level_and_blocks_that_do_not_hardly_do():
    agreed, _ = calibrate_in_time(*blocks_that_lack(-0.3, -0.3, -0.3, -0.3, -0.3))
    wandering, _ = calibrate_in_time(*blocks_that_lack(-0.9, 0.2, -0.7, 0.4, -0.5))
    lately, _ = calibrate_in_time(*blocks_that_lack(0.0, 0.0, -0.3, -0.3, -0.3))

    assert agreed.alpha == pytest.approx(-0.3, abs=0.05)
    assert -0.1 < wandering.alpha < -0.01
    assert wandering.alpha > lately.alpha > agreed.alpha
    assert agreed.beta == pytest.approx(1, abs=0.1)


def test_levels_that_wander_between_blocks_are_told_as_a_variance():
    shifts = (-0.9, 0.2, -0.7, 0.4, -0.5)

    _, still = calibrate_in_time(*blocks_that_lack(0.1, 0.1, 0.1, 0.1, 0.1))
    _, between = calibrate_in_time(*blocks_that_lack(*shifts))

    assert still < 0.01
    assert between == pytest.approx(np.var(shifts, ddof=1), rel=0.3)


def test_one_block_is_a_calibration_like_any_other():
    F, y, w, _ = blocks_that_lack(0.2, 0.2, 0.2, 0.2, 0.2)

    affine, between = calibrate_in_time(F, y, w, np.ones(10000))

    assert affine.alpha == pytest.approx(0.2, abs=0.04)
    assert between == 0
