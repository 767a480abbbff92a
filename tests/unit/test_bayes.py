"""The posterior mode against an independent optimiser, leave-one-out against leaving one out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from models.bayes import leave_one_out, log_loss_of, posterior_mode
from models.scale import sigmoid


def problem(n: int, k: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))])
    offset = rng.normal(-1, 1, n)
    y = (rng.random(n) < sigmoid(offset + X @ rng.normal(0, 0.7, k))).astype(float)
    return X, y, rng.uniform(0.2, 2, n), offset, rng.uniform(0.1, 2, k)


@pytest.mark.parametrize("seed", range(6))
def test_the_mode_is_where_an_independent_optimiser_ends(seed: int):
    X, y, w, offset, variance = problem(60 + 50 * seed, 2 + seed, seed)

    def cost(b: np.ndarray) -> tuple[float, np.ndarray]:
        f = offset + X @ b
        value = w @ (np.log1p(np.exp(f)) - y * f) + 0.5 * np.sum(b**2 / variance)
        return float(value), X.T @ (w * (1 / (1 + np.exp(-f)) - y)) + b / variance

    found = minimize(cost, np.zeros(X.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-10})
    mode = posterior_mode(X, y, w, offset, variance)
    np.testing.assert_allclose(mode.b, found.x, atol=1e-6)
    np.testing.assert_allclose(mode.f, offset + X @ mode.b)
    elsewhere = posterior_mode(X, y, w, offset, variance, np.full(X.shape[1], 3.0))
    np.testing.assert_allclose(elsewhere.b, mode.b, atol=1e-6)


def test_the_covariance_is_the_inverse_curvature_by_finite_differences():
    X, y, w, offset, variance = problem(80, 3, 4)
    mode = posterior_mode(X, y, w, offset, variance)

    def slope(b: np.ndarray) -> np.ndarray:
        return X.T @ (w * (sigmoid(offset + X @ b) - y)) + b / variance

    h = 1e-5
    steps = np.eye(3) * h
    H = np.column_stack([(slope(mode.b + s) - slope(mode.b - s)) / (2 * h) for s in steps])
    np.testing.assert_allclose(mode.V, np.linalg.inv(H), rtol=1e-5)


def test_without_evidence_the_offset_stays():
    X, y, w, offset, variance = problem(50, 3, 1)
    mode = posterior_mode(X, y, 1e-12 * w, offset, variance)
    np.testing.assert_allclose(mode.f, offset, atol=1e-9)
    np.testing.assert_allclose(np.diag(mode.V), variance, rtol=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_separable_and_extreme_columns_end_finite(sign: float):
    x = np.concatenate([np.full(20, -1e4), np.full(20, 1e4)])
    y = (sign * x > 0).astype(float)
    X = np.column_stack([np.ones(40), x])
    mode = posterior_mode(X, y, np.ones(40), np.zeros(40), np.ones(2))
    assert np.all(np.isfinite(mode.b))
    assert np.all((mode.f > 0) == (y == 1))


@pytest.mark.parametrize("n", [40, 200])
def test_leave_one_out_is_close_to_fitting_without_each_lead(n: int):
    X, y, w, offset, variance = problem(n, 4, 7)
    mode = posterior_mode(X, y, w, offset, variance)
    told = leave_one_out(mode, X, y, w)
    exact = np.empty(n)
    for i in range(n):
        rest = np.arange(n) != i
        without = posterior_mode(X[rest], y[rest], w[rest], offset[rest], variance)
        exact[i] = offset[i] + X[i] @ without.b
    moved = np.abs(exact - mode.f)
    np.testing.assert_allclose(told, exact, atol=0.25 * moved.max())
    assert np.corrcoef(told - mode.f, exact - mode.f)[0, 1] > 0.99


def test_log_loss_of_margins():
    f, y = np.array([0.0, 800.0, -800.0, 800.0]), np.array([1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(log_loss_of(f, y), [np.log(2), 0, 0, 800])
