"""The quality benchmark tells honestly where the bar is met and where it is missed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.quality import first, shuffled_third
from tests.benchmarks.quality_summary import summary


def row(method, loss, repeat=0, size="100", split="random", **more):
    place = {"set": "s", "split": split, "size": size, "repeat": repeat, "n": 100}
    return {**place, "method": method, "log_loss": loss, **more}


def test_a_miss_within_one_standard_error_is_none_and_one_beyond_it_is_named():
    near = [row("leadpact", 0.41 + d, r) for r, d in enumerate((0.02, -0.01))]
    far = [row("leadpact", 0.43 + d, r) for r, d in enumerate((0.001, -0.001))]
    other = [row("ebm", 0.41, r) for r in range(2)]

    assert "| met |" in summary(near + other)
    assert "**missed** by 0.0190" in summary(far + other)


def test_by_time_no_excess_is_allowed():
    rows = [
        row("leadpact", 0.402, split="time", losses=[0.4, 0.404]),
        row("ebm", 0.401, split="time", losses=[0.3, 0.502]),
    ]

    assert "**missed** by 0.0010" in summary(rows)


def test_the_mean_over_sizes_must_be_the_lowest():
    rows = [row("leadpact", 0.4), row("leadpact", 0.3, size="all")]
    rows += [row("ebm", 0.38), row("ebm", 0.31, size="all")]

    assert "| mean of 2 | 0.3500 | **0.3450** | ebm | +0.0050 | **missed** |" in summary(rows)


def test_test_leads_never_teach_and_larger_parts_hold_the_smaller():
    y = (np.random.default_rng(0).random(900) < 0.2).astype(float)

    rest, test = shuffled_third(y, 3)
    small, large = first(rest, y, "50"), first(rest, y, "200")

    assert not set(rest) & set(test)
    assert len(test) == pytest.approx(300, abs=1)
    assert set(small) <= set(large)
    assert (len(small), len(large)) == (50, 200)
    assert y[large].mean() == pytest.approx(y.mean(), abs=0.01)
    assert not np.array_equal(test, shuffled_third(y, 4)[1])


def test_one_method_alone_is_told_without_a_verdict():
    told = summary([row("leadpact", 0.4), row("leadpact", 0.3, size="all")])

    assert "0.4000" in told
    assert "met" not in told


def test_repeats_that_a_method_has_not_been_through_yet_do_not_count():
    told = summary([row("leadpact", 0.4), row("ebm", 0.5), row("ebm", 0.1, repeat=1)])

    assert "| **0.4000** | 0.5000 | ebm | -0.1000" in told
