"""Rung 3: LightGBM boosters that correct the agreement, and two that do not know it.

| name | starts from | style |
| g | rung 2's log-odds | extra trees, one-hot categories |
| x | the base rate | the same |
| n | the base rate | greedy, native categories |

Rounds are averaged, not picked: the loss of predicted leads at several numbers of rounds gives
each a weight, and tree t counts as much as all the numbers of rounds that include it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from features.arrays import Floats
from models.bayes import log_loss_of
from models.encoding import Encoding

GRID = (0, 5, 10, 20, 40, 80, 160, 320)
LONG_GRID = (0, 20, 40, 80, 160, 320, 640)
LONG = 5000
"""Leads from which the longer grid of rounds is tried."""
NEGLIGIBLE = 0.001
"""Trees that count less are dropped."""

_COMMON: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "cat_smooth": 10.0,
    "cat_l2": 10.0,
    "min_data_per_group": 10,
    "max_cat_threshold": 16,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
_EXTRA = {"extra_trees": True, "max_cat_to_onehot": 100, "min_data_in_leaf": 5}
STYLES: dict[str, dict[str, Any]] = {
    "g": _EXTRA,
    "x": _EXTRA,
    "n": {"min_data_in_leaf": 10},
}
"""The boosters of rung 3, each with what sets it apart."""


@dataclass(frozen=True)
class Growing:
    """How boosters are grown.

    Attributes:
        learning_rate: shrinkage of each tree.
        seeds: that many boosters are averaged.
        grid: numbers of rounds that are weighed against each other, ascending from 0.
        threads: of LightGBM; the result does not depend on it.
        seed: of everything random.
        contributions: per column, what its gain is multiplied by (1 believes it fully).
    """

    learning_rate: float
    seeds: int
    grid: tuple[int, ...]
    threads: int
    seed: int
    contributions: tuple[float, ...]


def growing_for(n: int, threads: int, seed: int, contributions: tuple[float, ...]) -> Growing:
    """Small histories get a small step and two seeds; long ones half the trees, at no loss."""
    if n < 2000:
        return Growing(0.05, 2, GRID, threads, seed, contributions)
    grid = LONG_GRID if n >= LONG else GRID
    halved = tuple(dict.fromkeys(r // 2 for r in grid))
    return Growing(0.1, 1, halved, threads, seed, contributions)


@dataclass(frozen=True)
class Matrix:
    """Encoded leads with their outcomes: what a booster is grown from. X has shape (n, p)."""

    encoding: Encoding
    X: Floats
    y: Floats
    w: Floats
    start: Floats


def grow(style: str, data: Matrix, how: Growing, rounds: int) -> list[lgb.Booster]:
    """Boosters of one style, one per seed, from the log-odds in `data.start`."""
    found = []
    for repeat in range(how.seeds):
        params = _COMMON | STYLES[style] | _seeds(style, how.seed + 101 * repeat)
        params |= {"learning_rate": how.learning_rate, "num_threads": how.threads}
        if any(c != 1.0 for c in how.contributions):
            params["feature_contri"] = list(how.contributions)
        dataset = lgb.Dataset(
            data.X,
            label=data.y,
            weight=data.w,
            init_score=data.start,
            categorical_feature=data.encoding.categories,
            params={k: params[k] for k in ("max_bin", "min_data_in_leaf", "verbosity")}
            | {"feature_pre_filter": False},
        )
        found.append(lgb.train(params, dataset, num_boost_round=rounds))
    return found


def _seeds(style: str, seed: int) -> dict[str, int]:
    base = 1 + seed + 7919 * list(STYLES).index(style)
    names = ("seed", "bagging_seed", "feature_fraction_seed", "extra_seed", "data_random_seed")
    return {name: base + i for i, name in enumerate(names)}


def staged(boosters: list[lgb.Booster], X: Floats, how: Growing) -> Floats:
    """Margins added by the first r trees, for every r of the grid. Shape (n, len(grid))."""
    total = np.zeros((len(X), len(how.grid)))
    for booster in boosters:
        for k in range(1, len(how.grid)):
            first, last = how.grid[k - 1], how.grid[k]
            total[:, k] += booster.predict(
                X,
                raw_score=True,
                start_iteration=first,
                num_iteration=last - first,
                num_threads=how.threads,
            )
    return np.asarray(np.cumsum(total, axis=1) / len(boosters))


def weigh_rounds(start: Floats, stages: Floats, y: Floats, w: Floats) -> Floats:
    """`pi_r ~ exp(-(D_r - min D))` with D_r the summed loss of predicted leads after r rounds.

    Args:
        start: (n,) log-odds before any tree.
        stages: (n, R) margins added.
        y: (n,) outcomes.
        w: (n,) weights; leads predicted twice count half.
    """
    D = np.array([w @ log_loss_of(start + stages[:, r], y) for r in range(stages.shape[1])])
    pi = np.exp(-(D - D.min()))
    return np.asarray(pi / pi.sum())


def tree_weights(pi: Floats, how: Growing) -> Floats:
    """`c_t = sum of pi_r over r >= t`, for every tree worth keeping. Shape (trees,)."""
    rounds = np.arange(1, how.grid[-1] + 1)
    c = np.array([pi[np.array(how.grid) >= t].sum() for t in rounds])
    return c[: int(np.sum(c >= NEGLIGIBLE))]
