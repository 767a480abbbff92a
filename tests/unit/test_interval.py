"""The 90 % interval of a likelihood: what widens it, and that it covers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.arrays import Table
from models.history import History, Leads
from models.ladder import LadderClassifier
from models.likelihood import APART, Z90
from models.scale import logit, sigmoid
from models.updated import INTERVAL_SD, interval_covariance, update_points


def _drawn(n: int, columns: int, seed: int):
    """n leads with agreed log-odds and so many fields, of which three matter."""
    rng = np.random.default_rng(seed)
    f0 = logit(0.12) + 0.7 * rng.standard_normal(n)
    X = rng.standard_normal((n, columns))
    true = sigmoid(f0 + 0.5 * X[:, 0] - 0.4 * X[:, 1] + 0.3 * X[:, 2])
    table = Table(n, {f"x{k}": X[:, k] for k in range(columns)})
    leads = Leads(f0, table, np.zeros((n, 0)))
    return leads, (rng.random(n) < true).astype(np.float64), true


@pytest.mark.parametrize("columns", [4, 40])
@pytest.mark.parametrize("n", [150, 900])
def test_intervals_cover_whatever_the_number_of_fields(columns: int, n: int) -> None:
    held = []
    for seed in range(12):
        leads, y, true = _drawn(n + 500, columns, seed)
        rows = np.arange(n + 500)
        history = History(leads.take(rows[:n]), y[:n], np.ones(n))
        rung = update_points(history, {}).rung
        test = leads.take(rows[n:])
        f, X = rung.log_odds(test), rung.rows(test)
        half = Z90 * np.sqrt(np.einsum("ij,ij->i", X @ rung.V, X))
        held.append(np.mean(np.abs(f - np.log(true[n:] / (1 - true[n:]))) <= half))
    assert 0.84 <= np.mean(held) <= 0.985


def test_more_fields_that_tell_nothing_do_not_widen_intervals_without_end() -> None:
    widths = {}
    for columns in (4, 60):
        leads, y, _ = _drawn(200, columns, 1)
        rung = update_points(History(leads, y, np.ones(200)), {}).rung
        X = rung.rows(leads)
        widths[columns] = np.sqrt(np.einsum("ij,ij->i", X @ rung.V, X)).mean()
    assert widths[60] < 1.6 * widths[4]


def test_without_outcomes_to_learn_from_the_columns_tell_one_stated_sd() -> None:
    leads, y, _ = _drawn(300, 7, 2)
    history = History(leads, y, np.full(300, 1e-9))
    rung = update_points(History(leads, y, np.ones(300)), {}).rung
    X = rung.rows(leads)
    variance = np.full(X.shape[1], 0.3)
    variance[:2] = 1e-12
    V = interval_covariance(X, history, variance, rung.b)
    told = np.einsum("ij,ij->i", X @ V, X).mean()
    assert told == pytest.approx(INTERVAL_SD**2, rel=1e-3)


def test_an_interval_widens_where_other_rungs_pull_from_rung_2() -> None:
    leads, y, _ = _drawn(400, 4, 3)
    frame = LadderClassifier(boosters=False)
    import pandas as pd

    X = pd.DataFrame({**leads.features.values})
    fitted = frame.fit(X, y).fitted_
    seen = Leads(np.full(400, fitted.stated.log_odds(50.0)), leads.features, leads.criteria)
    f = fitted.log_odds(seen)
    f2 = fitted.affine(fitted.updated.log_odds(seen))
    near, far = fitted.half_width(seen, f2), fitted.half_width(seen, f2 + 1.0)
    assert (far**2 - near**2) == pytest.approx(np.full(400, Z90**2 * APART))
    assert fitted.half_width(seen) == pytest.approx(fitted.half_width(seen, f))
    exact = replace(fitted, updated=replace(fitted.updated, V=0 * fitted.updated.V))
    assert exact.half_width(seen, f2) == pytest.approx(np.zeros(400), abs=1e-9)
