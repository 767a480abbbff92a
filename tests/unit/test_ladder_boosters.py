"""Rounds are averaged, hopeless ones are never grown, and growing in steps changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from features.arrays import Table, texts
from models.corrections import (
    STYLES,
    Growing,
    Matrix,
    Part,
    begin,
    grow,
    grow_in_step,
    growing_for,
    tree_weights,
    weigh_rounds,
)
from models.encoding import learn_encoding


def leads(n, seed=0, signal=1.5):
    rng = np.random.default_rng(seed)
    size, source = rng.normal(size=n), texts(rng.choice(["a", "b", "c"], n))
    f = signal * (size > 0) - 0.5 * signal
    y = (rng.random(n) < 1 / (1 + np.exp(-f))).astype(float)
    return Table(n, {"size": size, "source": source}), y


def matrix(features, y, seeds):
    encoding = learn_encoding(features)
    return Matrix(
        encoding, (encoding.matrix(features),) * seeds, y, np.ones(len(y)), np.zeros(len(y))
    )


def how(grid=(0, 4, 8, 16), threads=1):
    return Growing(0.1, 2, grid, threads, 3, ())


def parts(signal=1.5):
    made = []
    for fold in range(2):
        features, y = leads(300, fold, signal)
        data = matrix(features, y, 2)
        asked, truth = leads(200, 10 + fold, signal)
        X = data.encoding.matrix(asked)
        made.append(Part(data, X, np.zeros(200), truth, np.ones(200)))
    return made


@pytest.mark.parametrize("style", STYLES)
def test_growing_all_folds_in_step_tells_what_growing_each_at_once_tells(style):
    folds = parts()

    stages = grow_in_step(style, folds, how())

    told = []
    for part in folds:
        boosters = begin(style, part.taught, how())
        grow(boosters, 0, 16)
        told.append(np.mean([b.predict(part.X, raw_score=True) for b in boosters], axis=0))
    np.testing.assert_allclose(stages[:, -1], np.concatenate(told), atol=1e-12)
    assert np.all(stages[:, 0] == 0)


def test_rounds_that_only_learn_noise_are_not_grown_to_the_end():
    grid = (0, 20, 40, 80, 160, 320, 640)

    stages = grow_in_step("n", parts(signal=0.0), how(grid))

    assert stages.shape[1] < len(grid)


def test_the_number_of_threads_changes_nothing():
    one, two = (grow_in_step("g", parts(), how(threads=t)) for t in (1, 2))

    assert np.array_equal(one, two)


def test_rounds_weigh_by_how_well_they_predict():
    y = np.array([1.0] * 50 + [0.0] * 50)
    stages = np.column_stack([np.zeros(100), np.where(y == 1, 1.0, -1.0), np.where(y == 1, -1, 1)])

    pi = weigh_rounds(np.zeros(100), stages, y, np.ones(100))

    assert pi.sum() == pytest.approx(1)
    assert pi[1] > 0.999
    assert pi[2] < pi[0]


def test_a_tree_counts_as_much_as_all_numbers_of_rounds_that_hold_it():
    c = tree_weights(np.array([0.1, 0.6, 0.295, 0.005]), how((0, 2, 3, 5)))

    assert c == pytest.approx([0.9, 0.9, 0.3])  # trees four and five count under a hundredth


def test_long_histories_take_larger_steps_on_a_longer_way():
    short, long = growing_for(500, 1, 0, ()), growing_for(9000, 1, 0, ())

    assert short.learning_rate < long.learning_rate
    assert short.grid[0] == long.grid[0] == 0
    assert long.grid[-1] * long.learning_rate >= short.grid[-1] * short.learning_rate
