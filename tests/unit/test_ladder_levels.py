"""How good a level was is told without a lead ever seeing its own outcome, or a later one."""

from __future__ import annotations

import numpy as np
import pytest

from features.arrays import Table, texts
from models.encoding import Encoding, learn_encoding
from models.target_statistics import PRIOR, learn_rates, ordered_rates


def table(*levels):
    return Table(
        len(levels), {"source": texts(levels), "size": np.arange(len(levels), dtype=float)}
    )


LEADS = table("web", "fair", "web", None, "web", "fair")
Y = np.array([1.0, 0, 0, 1, 1, 1])
W = np.array([1.0, 1, 2, 1, 1, 1])
MEAN = (4 + 0.5) / (7 + 1)


def test_a_level_is_rated_by_all_leads_that_had_it_shrunk_to_the_rate_of_all():
    encoding = learn_encoding(LEADS)
    rated = learn_rates(encoding, encoding.codes(LEADS), Y, W)

    assert encoding.levels["source"] == ("", "fair", "web")
    assert rated.rates["source"] == pytest.approx(
        (
            (1 + PRIOR * MEAN) / (1 + PRIOR),
            (1 + PRIOR * MEAN) / (2 + PRIOR),
            (2 + PRIOR * MEAN) / (4 + PRIOR),
            MEAN,
        )
    )


def test_while_teaching_a_lead_is_rated_by_the_leads_before_it():
    codes = learn_encoding(LEADS).codes(LEADS)

    told = ordered_rates(codes, Y, W, np.arange(6))[:, 0]

    assert told == pytest.approx(
        [
            MEAN,
            MEAN,
            (1 + PRIOR * MEAN) / (1 + PRIOR),
            MEAN,
            (1 + PRIOR * MEAN) / (3 + PRIOR),
            (0 + PRIOR * MEAN) / (1 + PRIOR),
        ]
    )


def test_neither_a_leads_own_outcome_nor_a_later_one_reaches_its_rate():
    rng = np.random.default_rng(2)
    codes = rng.integers(-1, 4, (60, 2))
    y, w = rng.integers(0, 2, 60).astype(float), rng.uniform(0.5, 2, 60)
    order = rng.permutation(60)
    before = ordered_rates(codes, y, w, order)

    for place in (0, 17, 59):
        changed = y.copy()
        # Another lead changes back the other way, so that the rate of all stays.
        changed[order[place:]] = y[order[place:]][::-1]
        w_flat = np.ones(60)
        same = ordered_rates(codes, y, w_flat, order)[order[: place + 1]]
        other = ordered_rates(codes, changed, w_flat, order)[order[: place + 1]]
        np.testing.assert_allclose(other, same, atol=1e-12)
    assert before.shape == (60, 2)
    assert np.all((before > 0) & (before < 1))


def test_missing_is_a_level_and_a_level_never_seen_is_not():
    encoding = learn_rates(learn_encoding(LEADS), learn_encoding(LEADS).codes(LEADS), Y, W)

    X = encoding.matrix(table(None, "moon", "web"))

    code, size, count, rate = (X[:, i] for i in range(4))
    assert code[0] == 0
    assert np.isnan(code[1])
    assert code[2] == 2
    assert list(size) == [0, 1, 2]
    assert count == pytest.approx(np.log([1, 1, 3]))
    assert rate[1] == MEAN
    assert rate[2] == encoding.rates["source"][2]
    assert encoding.owners == ["source", "size", "source", "source"]


def test_an_encoding_survives_json():
    encoding = learn_rates(learn_encoding(LEADS), learn_encoding(LEADS).codes(LEADS), Y, W)

    assert Encoding.from_json(encoding.to_json()) == encoding


def test_a_category_of_two_levels_needs_no_rate_and_a_constant_one_no_column():
    encoding = learn_encoding(
        Table(3, {"phone": texts(["yes", "no", "yes"]), "country": texts(["PT"] * 3)})
    )

    assert encoding.features == ("phone",)
    assert encoding.width == 1
