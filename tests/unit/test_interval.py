"""The 90 % interval of a likelihood: what widens it, and that it covers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.arrays import Table
from models.history import History, Leads
from models.ladder import LadderClassifier
from models.likelihood import APART, Z90
from models.scale import logit, sigmoid
from models.updated import INTERVAL_SD, TOLD_SD, interval_covariance, update_points


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


def test_columns_are_not_believed_to_tell_more_the_more_there_are() -> None:
    believed, heard = {}, {}
    for columns in (3, 20, 80):
        leads, y, _ = _drawn(60, columns, 4)
        taught = update_points(History(leads, y, np.full(60, 1e-9)), {})
        X = taught.rung.rows(leads)[:, 2:]
        believed[columns] = np.sqrt((X**2 @ taught.variances[-1][2:]).mean())
        heard[columns] = np.std(X @ update_points(History(leads, y, np.ones(60)), {}).rung.b[2:])

    assert believed[3] < 0.9 * TOLD_SD
    assert believed[20] == pytest.approx(TOLD_SD, rel=0.01)
    assert believed[80] == pytest.approx(TOLD_SD, rel=0.01)
    assert heard[80] < heard[20] + 0.2


def test_an_interval_widens_by_what_columns_are_found_to_miss() -> None:
    rng = np.random.default_rng(5)
    X = pd.DataFrame({name: rng.normal(size=1200) for name in "abcde"})
    together = (rng.random(1200) < sigmoid(-1 + 2 * X.a * np.sign(X.b + 0.3))).astype(float)
    alone = (rng.random(1200) < sigmoid(-1 + 2 * X.a)).astype(float)
    f0 = np.full(1200, LadderClassifier()._stated().log_odds(50.0))
    leads = Leads(f0, Table(1200, {k: X[k].to_numpy() for k in X}), np.zeros((1200, 0)))
    added = {}
    for name, y in (("together", together), ("alone", alone)):
        V = LadderClassifier(threads=1).fit(X, y).fitted_.updated.V
        more = V - update_points(History(leads, y, np.ones(1200)), {}).rung.V
        np.testing.assert_allclose(more.ravel()[1:], 0, atol=1e-9)
        added[name] = more[0, 0]

    assert added["together"] > 0.3
    assert 0 <= added["alone"] < 0.05


def test_an_interval_widens_where_other_rungs_pull_from_rung_2() -> None:
    leads, y, _ = _drawn(400, 4, 3)
    frame = LadderClassifier(boosters=False)
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
