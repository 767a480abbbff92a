"""A lead in a batch comes out in every bit as it does alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.rowwise import quadratic, row_sums, times
from models.workspace import Workspace
from serving.canonical import canonical
from serving.scoring import Asked, score
from tests.support.service import NOW


@pytest.mark.parametrize("n", [2, 3, 17, 5000])
def test_products_of_a_row_do_not_depend_on_its_neighbours(n: int):
    rng = np.random.default_rng(n)
    X, b, V = rng.normal(size=(n, 61)), rng.normal(size=61), rng.normal(size=(61, 61))
    for i in (0, n // 2, n - 1):
        alone = X[i : i + 1]
        assert times(alone, b)[0] == times(X, b)[i]
        assert quadratic(alone, V)[0] == quadratic(X, V)[i]
        assert row_sums(alone)[0] == row_sums(np.asfortranarray(X))[i]


def test_they_are_the_products_that_algebra_means():
    rng = np.random.default_rng(5)
    X, b, V = rng.normal(size=(9, 7)), rng.normal(size=7), rng.normal(size=(7, 7))
    assert times(X, b) == pytest.approx(X @ b)
    assert quadratic(X, V) == pytest.approx(np.einsum("ij,jk,ik->i", X, V, X))
    assert quadratic(X[:0], V).shape == (0,)


def test_a_lead_scored_among_others_has_the_bits_it_has_alone(trained: Workspace):
    from models.scorer import Scorer

    scorer = Scorer.load(trained.champion())
    example = json.loads((trained.folder / "example.json").read_text(encoding="utf-8"))
    leads = [
        Asked(example["lead"] | {"employees": 10.0 + 7 * i}, example["activities"][: i % 9], None)
        for i in range(150)
    ]
    together = score(scorer, leads, NOW)
    for i in range(0, 150, 10):
        [alone] = score(scorer, [leads[i]], NOW)
        assert canonical(alone) == canonical(together[i])
