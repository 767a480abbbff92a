"""Which leads are held out: the newest, or by a hash of the id, whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import texts
from training.split import held_out

shares = st.floats(0.05, 0.95)


@given(st.integers(2, 400), shares, st.randoms(use_true_random=False))
def test_with_distinct_times_the_newest_share_is_held_out(n: int, share: float, random):
    order = np.array(random.sample(range(10 * n), n), dtype=float)
    test = held_out(texts(map(str, range(n))), order, share)
    assert 0 < test.sum() < n
    assert abs(test.sum() - share * n) <= 1
    assert order[test].min() > order[~test].max()


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), shares)
def test_leads_of_one_time_are_never_split(days: list[int], share: float):
    order = np.array(days, dtype=float)
    test = held_out(texts(map(str, range(len(days)))), order, share)
    if len(set(days)) > 1:
        assert set(order[test]).isdisjoint(order[~test])
        assert 0 < test.sum() < len(days)


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=60), shares, st.data())
def test_without_times_the_id_alone_decides(ids: list[str], share: float, data: st.DataObject):
    test = dict(zip(ids, held_out(texts(ids), None, share), strict=True))
    mixed = data.draw(st.permutations(ids))
    again = dict(zip(mixed, held_out(texts(mixed), None, share), strict=True))
    assert test == again


def test_without_times_about_the_share_is_held_out():
    test = held_out(texts(f"L-{i}" for i in range(20_000)), None, 0.3)
    assert test.mean() == pytest.approx(0.3, abs=0.01)


def test_a_larger_share_holds_out_the_same_leads_and_more():
    ids = texts(f"L-{i}" for i in range(500))
    small, large = held_out(ids, None, 0.2), held_out(ids, None, 0.5)
    assert np.all(large[small])
    assert large.sum() > small.sum()


def test_a_lead_without_a_time_counts_as_old():
    order = np.array([np.nan, 1.0, 2.0, 3.0])
    assert held_out(texts("abcd"), order, 0.5).tolist() == [False, False, True, True]


def test_equal_times_fall_back_to_the_ids():
    ids = texts(f"L-{i}" for i in range(1000))
    tied = held_out(ids, np.zeros(1000), 0.3)
    np.testing.assert_array_equal(tied, held_out(ids, None, 0.3))


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 2.0])
def test_a_share_of_nothing_or_of_all_is_refused(share: float):
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        held_out(texts("ab"), None, share)
