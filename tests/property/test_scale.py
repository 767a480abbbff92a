"""Points and log-odds are one thing on two rulers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scale import Scale, logit, sigmoid

scales = st.builds(Scale, st.floats(-200, 200), st.floats(1e-6, 1 - 1e-6), st.floats(0.5, 200))


@given(scales, st.floats(-1e4, 1e4))
def test_points_and_log_odds_are_inverse(scale: Scale, points: float):
    there = scale.points(scale.log_odds(points))
    assert there == pytest.approx(points, rel=1e-9, abs=1e-6)


@given(scales, st.floats(-100, 100))
def test_so_many_points_double_the_odds(scale: Scale, points: float):
    gained = scale.log_odds(points + scale.points_to_double_odds) - scale.log_odds(points)
    assert gained == pytest.approx(math.log(2), abs=1e-9)
    at_anchor = float(sigmoid(np.array(scale.log_odds(scale.anchor_points))))
    assert at_anchor == pytest.approx(scale.anchor_likelihood, abs=1e-12)


@given(scales, st.floats(-3, 3), st.floats(0.5, 2), st.floats(-5, 5), st.floats(-100, 200))
def test_a_shifted_scale_says_what_the_affine_map_says(
    scale: Scale, intercept: float, slope: float, centre: float, points: float
):
    f0 = scale.log_odds(points)
    moved = f0 + intercept + (slope - 1) * (f0 - centre)
    at_anchor = scale.shifted(intercept, slope, centre)
    # Likelihoods that round to 0 or 1 have no log-odds left to compare.
    if 1e-9 < at_anchor.anchor_likelihood < 1 - 1e-9:
        assert at_anchor.log_odds(points) == pytest.approx(moved, rel=1e-6, abs=1e-5)


@given(st.floats(-700, 700))
def test_sigmoid_never_overflows_and_mirrors(f: float):
    p, q = sigmoid(np.array([f, -f]))
    assert 0 <= p <= 1
    assert p + q == pytest.approx(1, abs=1e-12)


@given(st.floats(1e-12, 1 - 1e-12))
def test_logit_undoes_sigmoid(p: float):
    assert float(sigmoid(np.array(logit(p)))) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_certainty_has_no_log_odds(p: float):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        logit(p)
