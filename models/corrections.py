"""Rung 3: LightGBM boosters that correct the agreement, and three that do not know it.

| name | starts from | style | sees how good levels were |
| g | rung 2's log-odds | extra trees | no |
| x | the base rate | extra trees | yes |
| n | the base rate | greedy trees | no |
| r | the base rate | greedy trees | yes |

Categories are split one level against the rest. How good a category's levels were is told by
ordered target statistics; see `models.target_statistics`.

Rounds are averaged, not picked: the loss of predicted leads at several numbers of rounds gives
each a weight, and tree t counts as much as all the numbers of rounds that include it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
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
IN_FOLDS = 2
"""Boosters of each style that are averaged in every fold."""
NEGLIGIBLE = 0.01
"""Trees that count less are dropped."""
HOPELESS = 8.0
"""Nats above the best number of rounds, so e^-8 in weight, at which more rounds are not tried."""
_WIDE = 4000
"""Leads from which a second thread pays in LightGBM."""

_COMMON: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "max_cat_to_onehot": 256,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
_EXTRA = {"extra_trees": True, "min_data_in_leaf": 5}
_GREEDY = {"min_data_in_leaf": 10}
STYLES: dict[str, dict[str, Any]] = {"g": _EXTRA, "x": _EXTRA, "n": _GREEDY, "r": _GREEDY}
"""The boosters of rung 3, each with what sets it apart."""
RATED = ("x", "r")
"""Styles that see how good a category's levels were; the others see a constant there."""


@dataclass(frozen=True)
class Growing:
    """How boosters are grown.

    Attributes:
        learning_rate: shrinkage of each tree.
        boosters: of each style that are averaged in the model.
        grid: numbers of rounds that are weighed against each other, ascending from 0.
        threads: of LightGBM; the result does not depend on it.
        seed: of everything random.
        contributions: per column, what its gain is multiplied by (1 believes it fully).
        monotone: per column 1 where the log-odds may only rise with it, -1 only fall, 0 either;
            empty without such a column.
        tuned: LightGBM's parameters that replace those below; see `training.tune`.
    """

    learning_rate: float
    boosters: int
    grid: tuple[int, ...]
    threads: int
    seed: int
    contributions: tuple[float, ...]
    monotone: tuple[int, ...] = ()
    tuned: Mapping[str, Any] = field(default_factory=dict)


def growing_for(n: int, threads: int, seed: int, contributions: tuple[float, ...]) -> Growing:
    """Small histories take small steps; long ones twice the step, half as often, averaged more."""
    if n < 2000:
        return Growing(0.05, 2, GRID, threads, seed, contributions)
    grid = LONG_GRID if n >= LONG else GRID
    halved = tuple(dict.fromkeys(r // 2 for r in grid))
    return Growing(0.1, 4, halved, threads, seed, contributions)


@dataclass(frozen=True)
class Matrix:
    """Encoded leads with their outcomes: what boosters are grown from.

    Attributes:
        encoding: of the columns.
        X: (n, p) per booster to be averaged; they differ in ordered target statistics alone.
        y, w, start: (n,) outcomes, weights, log-odds before any tree.
    """

    encoding: Encoding
    X: tuple[Floats, ...]
    y: Floats
    w: Floats
    start: Floats


@dataclass(frozen=True)
class Part:
    """One fold: leads that teach, and leads that are predicted from them.

    Attributes:
        taught: those that teach.
        X: (n, p) those that are predicted.
        start: (n,) their log-odds before any tree.
        y: (n,) their outcomes.
        w: (n,) their weights; leads predicted twice count half.
    """

    taught: Matrix
    X: Floats
    start: Floats
    y: Floats
    w: Floats


def begin(style: str, data: Matrix, how: Growing) -> list[lgb.Booster]:
    """Boosters of one style, one per matrix, without a tree yet."""
    found = []
    for repeat, X in enumerate(data.X):
        params = _COMMON | STYLES[style] | _seeds(style, how.seed + 101 * repeat)
        threads = how.threads if len(data.y) >= _WIDE else 1
        params |= {"learning_rate": how.learning_rate, "num_threads": threads}
        params |= how.tuned
        if any(how.monotone):
            params["monotone_constraints"] = list(how.monotone)
        if any(c != 1.0 for c in how.contributions):
            params["feature_contri"] = list(how.contributions)
        dataset = lgb.Dataset(
            X,
            label=data.y,
            weight=data.w,
            init_score=data.start,
            categorical_feature=data.encoding.categories,
            params={k: params[k] for k in ("max_bin", "min_data_in_leaf", "verbosity")}
            | {"feature_pre_filter": False, "num_threads": threads},
        )
        found.append(lgb.Booster(params, dataset))
    return found


def grow(boosters: list[lgb.Booster], first: int, last: int) -> None:
    """Grow from `first` trees to `last`, or fewer where once nothing was left to split."""
    for booster in boosters:
        if booster.num_trees() < first:
            continue
        for _ in range(last - first):
            if booster.update():
                break


def grow_in_step(style: str, parts: list[Part], how: Growing) -> Floats:
    """Margins that the first r trees add to predicted leads, for r in the grid.

    All folds grow together, and stop when more rounds are hopeless: their pooled loss stands so
    far above the best that they would weigh nothing.

    Returns:
        (leads of all parts, R): R numbers of rounds from the grid were tried.
    """
    boosters = [begin(style, part.taught, how) for part in parts]
    start, y, w = (np.concatenate([getattr(p, k) for p in parts]) for k in ("start", "y", "w"))
    total = np.zeros(len(y))
    stages, losses = [total], [float(w @ log_loss_of(start, y))]
    for first, last in pairwise(how.grid):
        added = []
        for fold, part in zip(boosters, parts, strict=True):
            grow(fold, first, last)
            added.append(_staged(fold, part.X, first, last))
        total = total + np.concatenate(added)
        stages.append(total)
        losses.append(float(w @ log_loss_of(start + total, y)))
        if losses[-1] > min(losses) + HOPELESS:
            break
    return np.column_stack(stages)


def _staged(boosters: list[lgb.Booster], X: Floats, first: int, last: int) -> Floats:
    told = [
        booster.predict(X, raw_score=True, start_iteration=first, num_iteration=last - first)
        if booster.num_trees() > first
        else np.zeros(len(X))
        for booster in boosters
    ]
    return np.asarray(np.mean(told, axis=0))


def _seeds(style: str, seed: int) -> dict[str, int]:
    base = 1 + seed + 7919 * list(STYLES).index(style)
    names = ("seed", "bagging_seed", "feature_fraction_seed", "extra_seed", "data_random_seed")
    return {name: base + i for i, name in enumerate(names)}


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
    tried = np.array(how.grid[: len(pi)])
    c = np.array([pi[tried >= t].sum() for t in range(1, tried[-1] + 1)])
    return c[: int(np.sum(c >= NEGLIGIBLE))]
