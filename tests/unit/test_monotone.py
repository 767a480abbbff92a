"""Numbers that a score may only rise or only fall with, whatever history says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import DocumentRefused
from models.bayes import posterior_mode, signed_mode
from models.ladder import AGREED, CRITERION, LadderClassifier
from models.scale import sigmoid
from models.workspace import Workspace
from tests.support.build import FIELDS, fields
from training.dataset import load_dataset
from training.evaluate import new_ladder

SIGN = {"visits": 1, "age": -1}


def history(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Visits help up to a point and then harm, age harms and then helps; some are missing."""
    rng = np.random.default_rng(seed)
    visits, age = rng.gamma(2, 3, n), rng.uniform(0, 60, n)
    webinar = (rng.random(n) < 0.4).astype(float)
    bumps = 0.25 * visits - 0.03 * visits**2 + 0.0015 * (age - 25) ** 2
    f = -1.5 + webinar + bumps + 0.5 * np.sin(visits) + 0.6 * (visits > 8) * (age < 20)
    frame = pd.DataFrame(
        {
            "visits": np.where(rng.random(n) < 0.1, np.nan, visits),
            "age": age,
            "source": rng.choice(["web", "fair", "list"], n),
            AGREED: 40 + 12 * webinar,
            CRITERION + "webinar": webinar,
        }
    )
    return frame, (rng.random(n) < sigmoid(f)).astype(int)


def worst_step_back(ladder: LadderClassifier, asked: pd.DataFrame) -> float:
    """How far the log-odds of any lead ever move against the signs, each number swept alone."""
    worst = 0.0
    for name, sign in SIGN.items():
        grid = np.linspace(-5, 80, 60)
        swept = pd.concat([asked.assign(**{name: v}) for v in grid], ignore_index=True)
        f = ladder.decision_function(swept).reshape(len(grid), len(asked))
        worst = max(worst, float((-sign * np.diff(f, axis=0)).max()))
    return worst


@pytest.mark.parametrize(("n", "timed"), [(150, False), (1500, False), (2500, True)])
def test_no_lead_moves_against_a_declared_direction(n: int, timed: bool) -> None:
    X, y = history(n, 4)
    asked, _ = history(40, 9)
    order = np.arange(float(n)) if timed else None
    bound = LadderClassifier(50, 0.25, 12, threads=1, monotone=SIGN).fit(X, y, order=order)
    free = LadderClassifier(50, 0.25, 12, threads=1).fit(X, y, order=order)

    assert worst_step_back(bound, asked) <= 1e-9
    assert worst_step_back(free, asked) > 0.01
    assert np.ptp(bound.decision_function(asked)) > 0.1


def test_a_right_direction_costs_nothing_to_declare() -> None:
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"visits": rng.normal(size=800)})
    y = (rng.random(800) < sigmoid(-1 + 1.5 * X["visits"].to_numpy())).astype(int)
    free = LadderClassifier(50, 0.25, 12, boosters=False).fit(X, y)
    bound = LadderClassifier(50, 0.25, 12, boosters=False, monotone={"visits": 1}).fit(X, y)

    difference = np.abs(free.decision_function(X) - bound.decision_function(X))
    assert difference.mean() < 0.15


def test_held_coefficients_are_nothing_and_the_rest_is_fitted_without_them() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = (rng.random(400) < sigmoid(X @ np.array([1.0, -1.0, 0.5]))).astype(float)
    w, offset, variance = np.ones(400), np.zeros(400), np.ones(3)
    told = signed_mode(X, y, w, offset, variance, np.array([0.0, 1.0, 1.0]))
    without = posterior_mode(X[:, [0, 2]], y, w, offset, np.ones(2))

    assert told.b[1] == 0
    np.testing.assert_allclose(told.b[[0, 2]], without.b, atol=1e-5)
    np.testing.assert_allclose(told.f, X @ told.b)
    plain = signed_mode(X, y, w, offset, variance, np.array([1.0, -1.0, 1.0]))
    np.testing.assert_allclose(plain.b, posterior_mode(X, y, w, offset, variance).b)


def test_the_fields_file_declares_the_direction(sample_folder) -> None:
    dataset = load_dataset(Workspace(sample_folder))
    assert new_ladder(dataset, 1, 0).monotone == {}
    told = dataset.fields.model_copy(
        update={
            "fields": tuple(
                f.model_copy(update={"monotone": "decreasing"}) if f.name == "employees" else f
                for f in dataset.fields.fields
            )
        }
    )
    assert new_ladder(replace(dataset, fields=told), 1, 0).monotone == {"employees": -1}


def test_a_direction_of_what_is_no_number_is_refused() -> None:
    with pytest.raises(DocumentRefused, match="monotone goes with type: number"):
        fields(FIELDS.replace("column: Industry,", "column: Industry, monotone: increasing,"))
    X, y = history(60, 1)
    with pytest.raises(ValueError, match="'source', which is no number"):
        LadderClassifier(monotone={"source": 1}).fit(X, y)
