"""Whatever history teaches the ladder: scores taken apart add up, and each lead is judged alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoding import Encoding
from models.ladder import AGREED, CRITERION, LadderClassifier

LEVELS = ["a", "b", "c", "d", "e", None]


@st.composite
def histories(draw):
    """A small history with gaps, rare levels and any outcomes; perhaps with dates or accounts."""
    n = draw(st.integers(12, 60))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    y = rng.integers(0, 2, n)
    y[:4] = 0, 1, 0, 1
    size = np.where(rng.random(n) < draw(st.sampled_from([0.0, 0.3])), np.nan, rng.normal(size=n))
    applied = rng.integers(0, 2, n).astype(float)
    X = pd.DataFrame(
        {
            "size": size * draw(st.sampled_from([1.0, 1e-6, 1e6])),
            "source": pd.Series(rng.choice(np.array(LEVELS, dtype=object), n), dtype=object),
            "phone": pd.Series(rng.choice(["yes", "no"], n), dtype=object),
            AGREED: 30 + 20 * applied,
            CRITERION + "c": applied,
        }
    )
    order = np.sort(rng.random(n)) if draw(st.booleans()) else None
    groups = rng.integers(0, 9, n) if draw(st.booleans()) else None
    return X, y, order, groups


@settings(max_examples=12)
@given(histories())
def test_any_fit_adds_up_and_judges_leads_alone(history):
    X, y, order, groups = history
    ladder = LadderClassifier(threads=1).fit(X, y, order=order, groups=groups)
    asked = X.copy()
    asked.loc[asked.index[0], "source"] = "never seen"

    together = ladder.decision_function(asked)
    parts = ladder.fitted_.parts(ladder._leads(asked))
    alone = ladder.decision_function(asked.iloc[[0]])

    assert np.all(np.isfinite(together))
    np.testing.assert_allclose(parts.f, together, atol=1e-9)
    assert abs(alone[0] - together[0]) < 1e-12  # a matrix product may differ in its last bit


@settings(max_examples=12)
@given(histories())
def test_the_columns_of_trees_survive_json_to_the_last_bit(history):
    X, y, order, groups = history
    fitted = LadderClassifier(threads=1).fit(X, y, order=order, groups=groups).fitted_

    back = Encoding.from_json(fitted.encoding.to_json())

    assert back == fitted.encoding
    assert all(0 < rate < 1 for rates in back.rates.values() for rate in rates)
