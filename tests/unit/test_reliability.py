"""Reliability: golden against scikit-learn, identities, and bands that cover what they claim."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from features.arrays import Floats
from models.metrics import brier, ece, log_loss
from models.rates import difference, rate_of
from models.reliability import (
    by_chance,
    consistency_band,
    decompose,
    diagram,
    recalibrated,
    smooth_error,
)


def _drawn(n: int, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 8, n)
    return (rng.random(n) < p).astype(np.float64), p


def test_recalibration_by_hand() -> None:
    # Pools (1, 0) to 1/2; the tie at .4 counts as one value of mean 1/2.
    y = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.4, 0.9])
    assert recalibrated(y, p) == pytest.approx([0, 0.5, 0.5, 0.5, 0.5, 1])


@pytest.mark.parametrize("decimals", [2, 3, 12])
def test_recalibration_is_scikit_learns_isotonic_regression(decimals: int) -> None:
    y, p = _drawn(700, 1)
    p = np.round(p, decimals)
    golden = IsotonicRegression().fit(p, y).predict(p)
    assert recalibrated(y, p) == pytest.approx(golden, abs=1e-12)


def test_recalibration_is_the_greatest_mean_before_of_the_least_mean_after() -> None:
    y, p = _drawn(60, 2)
    y, p = y[np.argsort(p)], np.sort(p)
    by_hand = [
        max(min(y[a : b + 1].mean() for b in range(i, len(y))) for a in range(i + 1))
        for i in range(len(y))
    ]
    assert recalibrated(y, p) == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("score", [brier, log_loss])
def test_a_score_is_miscalibration_less_discrimination_plus_uncertainty(score: object) -> None:
    y, p = _drawn(900, 3)
    told = decompose(y, np.sqrt(p), score)  # type: ignore[arg-type]
    assert told.score == pytest.approx(
        told.miscalibration - told.discrimination + told.uncertainty, abs=1e-12
    )
    assert told.miscalibration > 10 * decompose(y, p, score).miscalibration > 0  # type: ignore[arg-type]
    # A map that grows moves no discrimination: the ranking is the same.
    assert told.discrimination == pytest.approx(decompose(y, p, score).discrimination)  # type: ignore[arg-type]


def test_saying_the_base_rate_of_everyone_neither_errs_nor_discriminates() -> None:
    y, _ = _drawn(500, 4)
    told = decompose(y, np.full(500, y.mean()))
    assert told.miscalibration == pytest.approx(0, abs=1e-12)
    assert told.discrimination == pytest.approx(0, abs=1e-12)


def test_the_band_holds_nine_in_ten_recalibrated_values_when_likelihoods_are_true() -> None:
    outside = []
    for seed in range(60):
        y, p = _drawn(800, 100 + seed)
        outside.append(diagram(y, p, seed).outside)
    # The standard error over 60 simulated histories is about .015.
    assert np.mean(outside) == pytest.approx(0.1, abs=0.045)


def test_the_band_shows_likelihoods_that_are_twice_too_high() -> None:
    y, p = _drawn(1500, 5)
    assert diagram(y, np.minimum(2 * p, 1), 0).outside > 0.7


def test_a_diagram_is_the_same_for_the_same_seed_and_whatever_the_order_of_leads() -> None:
    y, p = _drawn(300, 6)
    low, high = consistency_band(np.sort(p), 9)
    turned = diagram(y[::-1], p[::-1], 9)
    assert turned.low[0] == low[0]
    assert turned.high[-1] == high[-1]
    assert turned.steps == diagram(y, p, 9).steps
    assert sum(s.leads for s in turned.steps) == turned.leads == 300


@pytest.mark.parametrize("shift", [0.05, 0.15, 0.3])
def test_the_smooth_error_of_a_constant_shift_is_the_shift(shift: float) -> None:
    rng = np.random.default_rng(7)
    p = rng.uniform(0.35, 0.6, 200_000)
    y = (rng.random(len(p)) < p + shift).astype(np.float64)
    assert smooth_error(y, p) == pytest.approx(shift, abs=0.01)


def test_the_smooth_error_of_true_likelihoods_vanishes_with_more_leads() -> None:
    few, many = (np.mean([smooth_error(*_drawn(n, s)) for s in range(8)]) for n in (300, 30_000))
    assert many < 0.008
    assert many < few / 3


def test_the_smooth_error_is_the_width_that_it_is_smoothed_by() -> None:
    # By definition (Blasiok & Nakkiran 2023): check with a direct, slow smoothing.
    y, p = _drawn(400, 8)
    p = np.minimum(1.6 * p, 1)
    width = smooth_error(y, p)
    t = (np.arange(4000) + 0.5) / 4000
    total = np.zeros_like(t)
    for residual, at in zip(y - p, p, strict=True):
        for copy in (at, -at, 2 - at):
            total += residual * np.exp(-0.5 * ((t - copy) / width) ** 2)
    direct = np.abs(total).mean() / (width * np.sqrt(2 * np.pi)) / len(y)
    assert direct == pytest.approx(width, rel=0.02)


def test_wilsons_interval_by_hand() -> None:
    # centre .18843, half width .06292, from the paper's formula with z = 1.6449.
    told = rate_of(np.r_[np.ones(18), np.zeros(82)])
    assert (told.rate, told.low, told.high) == pytest.approx((0.18, 0.12551, 0.25135), abs=1e-4)
    assert told.holds(0.2)
    assert not told.holds(0.3)


def test_wilsons_interval_covers_nine_in_ten_small_rates() -> None:
    rng = np.random.default_rng(9)
    held = [rate_of((rng.random(150) < 0.08).astype(float)).holds(0.08) for _ in range(2000)]
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_no_leads_tell_no_rate() -> None:
    told = rate_of(np.zeros(0))
    assert np.isnan(told.rate)
    assert (told.low, told.high) == (0, 1)
    assert told.few


def test_the_difference_of_two_rates_covers_the_true_one() -> None:
    rng = np.random.default_rng(10)
    held = 0
    for _ in range(1500):
        a, b = (rate_of((rng.random(n) < p).astype(float)) for n, p in ((200, 0.15), (90, 0.1)))
        _, low, high = difference(a, b)
        held += low <= 0.05 <= high
    assert held / 1500 == pytest.approx(0.9, abs=0.03)


def test_a_binned_error_of_true_likelihoods_is_what_chance_gives() -> None:
    y, p = _drawn(2600, 11)
    mean, often = by_chance(p, ece, 3)
    assert 0.008 < mean < often < 0.03
    drawn = [ece(*_drawn(2600, 50 + seed)) for seed in range(60)]
    assert np.mean(drawn) == pytest.approx(mean, rel=0.12)
    assert ece(y, np.minimum(1.5 * p, 1)) > often
