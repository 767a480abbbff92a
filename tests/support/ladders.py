"""Fitted ladders made up at random: for what must hold whatever history taught."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np

from features.arrays import Table
from features.rulebook.document import Rulebook
from models.booster_text import combine
from models.design import learn_design
from models.encoding import Encoding, learn_encoding
from models.likelihood import FittedLadder
from models.rungs import RUNGS, Affine, FittedScale, UpdatedPoints
from models.scale import Scale
from models.target_statistics import learn_rates


def stated_scale(rulebook: Rulebook) -> Scale:
    """The scale that a rulebook states."""
    s = rulebook.scale
    return Scale(s.anchor_points, s.anchor_likelihood, s.points_to_double_odds)


def random_ladder(
    rulebook: Rulebook, features: Table, share: np.ndarray, seed: int
) -> FittedLadder:
    """A ladder over these features whose every parameter is drawn, boosters included."""
    rng = np.random.default_rng(seed)
    design = learn_design(features, share)
    k = 2 + len(design.centre)
    encoding = learn_encoding(features)
    y = rng.integers(0, 2, features.n).astype(float)
    encoding = learn_rates(encoding, encoding.codes(features), y, np.ones(features.n))
    weights = dict(zip(RUNGS, rng.dirichlet(np.ones(len(RUNGS))), strict=True))
    spread = rng.normal(0, 0.3, (k, k))
    return FittedLadder(
        stated=stated_scale(rulebook),
        fitted=FittedScale(rng.normal(), rng.uniform(-1.2, 1.0), rng.normal(-2, 2)),
        updated=UpdatedPoints(design, rng.normal(-2, 2), rng.normal(0, 0.5, k), spread @ spread.T),
        weights={name: float(w) for name, w in weights.items()},
        affine=Affine(rng.normal(), rng.uniform(0.5, 1.5)),
        base=rng.normal(-2, 1),
        encoding=encoding,
        trees=random_trees(encoding, features, rng) if encoding.width else "",
    )


def random_trees(encoding: Encoding, features: Table, rng: np.random.Generator) -> str:
    """Two boosters of a few trees, grown on random outcomes of repeated leads, as one."""
    X = np.repeat(encoding.matrix(features), 12, axis=0)
    texts, factors = [], []
    for seed in (1, 2):
        y = rng.integers(0, 2, len(X)).astype(float)
        y[:2] = 0, 1
        data = lgb.Dataset(X, y, categorical_feature=encoding.categories, params={"verbosity": -1})
        how = {
            "objective": "binary",
            "verbosity": -1,
            "min_data_in_leaf": 2,
            "num_leaves": 6,
            "min_data_per_group": 2,
            "num_threads": 1,
            "seed": seed,
        }
        booster = lgb.train(how, data, num_boost_round=4)
        texts.append(booster.model_to_string())
        factors.append(rng.uniform(0, 1, booster.num_trees()))
    return combine(texts, factors)
