"""The truth that coverage is measured against: expected outcomes agree with those drawn."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.truth import Expected, expected, true_points


@pytest.fixture(scope="module")
def company() -> Expected:
    return expected(20_000, 10_001)


def test_expected_outcomes_agree_with_those_drawn_at_every_height(company: Expected) -> None:
    y, p = company.dataset.y, company.y
    for low, high in ((0, 0.05), (0.05, 0.15), (0.15, 0.4), (0.4, 1)):
        rows = (p >= low) & (p < high)
        error = np.sqrt((p[rows] * (1 - p[rows])).sum())
        assert abs((y[rows] - p[rows]).sum()) < 3.5 * error


def test_expected_outcomes_agree_at_every_age_of_the_snapshot(company: Expected) -> None:
    y, p = company.dataset.y, company.y
    came = company.dataset.snapshot.columns["created_at"]
    age = np.round((company.dataset.snapshot.as_of - came) / np.timedelta64(1, "D"))
    for days in (1.0, 7.0, 21.0):
        rows = age == days
        error = np.sqrt((p[rows] * (1 - p[rows])).sum())
        assert rows.sum() > 1000
        assert abs((y[rows] - p[rows]).sum()) < 3.5 * error


def test_had_sales_worked_every_lead_more_leads_would_tell(company: Expected) -> None:
    everyone = expected(20_000, 10_001, every_lead=True)
    assert everyone.dataset.n > 1.5 * company.dataset.n
    assert 0 < everyone.w.min() < everyone.w.max() == 1.0


def test_true_points_tell_an_opt_out_from_a_budget(company: Expected) -> None:
    rulebook, truth = true_points([company])
    true = {c.id: truth.points[k] for k, c in enumerate(rulebook.criteria)}
    # The simulation gives an opt-out no effect, and a budget date .9 in log-odds (15.6 points).
    assert abs(true["opted_out"]) < 4
    assert true["budget_date"] == pytest.approx(14, abs=2.5)
