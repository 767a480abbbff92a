"""Speed of agreed points, as ratios within one run; `make bench-rules` says seconds."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from features.rulebook.document import Rulebook
from features.rulebook.known import Facts
from features.rulebook.points import Agreed, award
from tests.benchmarks.rules import facts, rulebook

LEADS, ALONE = 50_000, 50
TIMES_FASTER = 50.0
"""A lead in a batch must cost at most so small a part of what it costs alone."""
GROWTH = 1.6
"""Ten times the leads may cost so much more than ten times as long."""


@pytest.fixture(scope="module", name="leads")
def _leads() -> Facts:
    return facts(LEADS, touches=3)


def _fresh(leads: Facts, n: int) -> Facts:
    """The first n leads, nothing of them coded yet."""
    columns = {name: column[:n] for name, column in leads.columns.items()}
    return Facts(n, columns, leads.own.take(np.arange(n)))


def test_many_leads_at_once_cost_little_more_than_a_few_alone(benchmark: Any, leads: Facts) -> None:
    book = rulebook()
    alone = [_one(leads, i) for i in range(ALONE)]
    began = time.perf_counter()
    singly = [award(book, Facts(1, a.columns, a.own)).total[0] for a in alone]
    each_alone = (time.perf_counter() - began) / ALONE
    found: Agreed = benchmark.pedantic(
        award, setup=lambda: ((book, _fresh(leads, LEADS)), {}), rounds=3
    )
    assert found.total[:ALONE].tolist() == singly
    assert benchmark.stats["min"] / LEADS < each_alone / TIMES_FASTER


def test_ten_times_the_leads_take_ten_times_as_long(benchmark: Any, leads: Facts) -> None:
    book = rulebook()
    few = min(_seconds(book, _fresh(leads, LEADS // 10)) for _ in range(5))
    benchmark.pedantic(award, setup=lambda: ((book, _fresh(leads, LEADS)), {}), rounds=3)
    assert benchmark.stats["min"] < 10 * few * GROWTH


def _one(leads: Facts, i: int) -> Facts:
    columns = {name: column[i : i + 1] for name, column in leads.columns.items()}
    return Facts(1, columns, leads.own.take(np.array([i])))


def _seconds(book: Rulebook, leads: Facts) -> float:
    began = time.perf_counter()
    award(book, leads)
    return time.perf_counter() - began
