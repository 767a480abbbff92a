"""Metrics against scikit-learn and against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as theirs

from models.metrics import auc, brier, ece, lift, log_loss, report


def scored(seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.random(500)
    p = np.round(p, 1) if ties else p
    return (rng.random(500) < p).astype(float), p


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [False, True])
def test_ranking_loss_and_brier_are_scikit_learns(seed: int, ties: bool):
    y, p = scored(seed, ties)
    assert auc(y, p) == pytest.approx(theirs.roc_auc_score(y, p))
    assert brier(y, p) == pytest.approx(theirs.brier_score_loss(y, p))
    q = np.clip(p, 1e-6, 1 - 1e-6)
    assert log_loss(y, q) == pytest.approx(theirs.log_loss(y, q))


def test_log_loss_of_certainty_that_was_wrong_is_finite():
    assert log_loss(np.array([1.0]), np.array([0.0])) == pytest.approx(-np.log(1e-15), rel=1e-6)


def test_auc_without_both_outcomes_is_unknown():
    assert np.isnan(auc(np.ones(3), np.arange(3.0)))


def test_calibration_error_by_hand():
    p = np.array([0.1, 0.1, 0.9, 0.9])
    y = np.array([0.0, 1.0, 1.0, 1.0])
    assert ece(y, p, bins=2) == pytest.approx((0.4 + 0.1) / 2)
    assert ece(y, y, bins=2) == 0
    assert ece(np.array([1.0]), np.array([0.3])) == pytest.approx(0.7)


def test_lift_by_hand_and_ties_count_in_part():
    y = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0])
    p = np.linspace(1, 0, 10)
    assert lift(y, p, 0.1) == pytest.approx(1 / 0.2)
    assert lift(y, p, 0.5) == pytest.approx(0.2 / 0.2)
    assert lift(y, np.zeros(10), 0.1) == pytest.approx(1.0)
    assert np.isnan(lift(np.zeros(10), p))


def test_a_report_holds_all_figures():
    y, p = scored(0, False)
    told = report(y, p)
    assert told["n"] == 500
    assert told["conversions"] == y.sum()
    assert {"auc", "log_loss", "brier", "ece", "lift10"} <= told.keys()
