"""What anybody else would do with the same leads: the methods that Leadpact is held against.

Every baseline is taught by the same leads, sees the same features and answers for the same leads
as the ladder. None of them is part of a bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from features.arrays import Floats, Ints, Table, texts
from models.history import History, Leads
from models.metrics import log_loss
from models.scale import Scale, sigmoid
from models.updated import fit_scale
from training.dataset import Dataset
from training.odoo import learn_naive_bayes
from training.split import held_out

Baseline = Callable[[History, Leads, int], Floats]
"""(leads that teach, leads asked about, seed) -> (n,) likelihoods of conversion."""

_FOLDS = 5
_STRENGTHS = tuple(10.0**e for e in np.arange(-3.0, 2.1, 0.5))
"""Values of scikit-learn's C that the logistic regression chooses from."""
_BINS = 10
"""Quantile bins of a number for naive Bayes, which knows no numbers."""
_ROUNDS, _PATIENCE = 1000, 50
_TRIED = tuple(
    {"num_leaves": leaves, "min_data_in_leaf": least, "lambda_l2": l2}
    for leaves in (7, 31)
    for least in (5, 30)
    for l2 in (0.0, 10.0)
)
"""What the tuned LightGBM chooses from, by cross-validated log loss with early stopping."""

_TUNED: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_pre_filter": False,
    "verbosity": -1,
    "num_threads": 1,
}


def rulebook(past: History, next_: Leads, _seed: int) -> Floats:
    """The agreed points alone, on the scale that history fits (rung 1)."""
    return sigmoid(fit_scale(past).log_odds(next_.f0))


def logistic(past: History, next_: Leads, seed: int) -> Floats:
    """Ridge logistic regression: standardised numbers, one-hot categories, C by CV log loss."""
    return _logistic(frame_of(past.leads.features), frame_of(next_.features), past, seed)


def logistic_rulebook(past: History, next_: Leads, seed: int) -> Floats:
    """The same with the agreed points as one more number."""
    old = frame_of(past.leads.features).assign(agreed_points=past.leads.f0)
    new = frame_of(next_.features).assign(agreed_points=next_.f0)
    return _logistic(old, new, past, seed)


def lightgbm_default(past: History, next_: Leads, seed: int) -> Floats:
    """LightGBM as it comes, categories native."""
    old, new = _coded(past.leads.features, next_.features)
    model = lgb.LGBMClassifier(random_state=seed, n_jobs=1, verbosity=-1)
    model.fit(old, past.y.astype(int))
    told: Any = model.predict_proba(new)
    return np.asarray(told[:, 1])


def lightgbm_tuned(past: History, next_: Leads, seed: int) -> Floats:
    """LightGBM with leaves, leaf size, ridge and rounds chosen by cross-validation."""
    old, new = _coded(past.leads.features, next_.features)
    if not _splittable(past):
        return lightgbm_default(past, next_, seed)
    folds = list(_folds(past, seed).split(past.y, past.y))
    best: tuple[float, dict[str, Any], int] = (np.inf, {}, 0)
    for choice in _TRIED:
        settings = {**_TUNED, **choice, "seed": seed}
        stop = lgb.early_stopping(_PATIENCE, verbose=False)
        told: Any = lgb.cv(
            settings, lgb.Dataset(old, past.y), _ROUNDS, folds=folds, callbacks=[stop]
        )
        losses = told["valid binary_logloss-mean"]
        if losses[-1] < best[0]:
            best = (losses[-1], settings, len(losses))
    booster = lgb.train(best[1], lgb.Dataset(old, past.y), best[2])
    return np.asarray(booster.predict(new))


def odoo_naive_bayes(past: History, next_: Leads, _seed: int) -> Floats:
    """Odoo's predictive lead scoring, without numbers as Odoo has it, or with them in bins.

    Whichever of the two did better on leads held out of the history; bins of correlated numbers
    can ruin naive Bayes, and a ruined rival proves nothing.
    """
    every = past.leads.features.names
    bare = [name for name in every if not past.leads.features.is_number(name)]
    if not bare or bare == every:
        return _odoo(past, next_, every)
    test = held_out(texts(str(i) for i in range(len(past))), past.order, 0.2)
    inner, seen = past.take(np.flatnonzero(~test)), past.take(np.flatnonzero(test))
    losses = [log_loss(seen.y, _odoo(inner, seen.leads, names)) for names in (bare, every)]
    return _odoo(past, next_, bare if losses[0] <= losses[1] else every)


def _odoo(past: History, next_: Leads, names: list[str]) -> Floats:
    seen, asked = past.leads.features.only(names), next_.features.only(names)
    return learn_naive_bayes(_binned(seen, seen), past.y).likelihoods(_binned(seen, asked))


BASELINES: dict[str, Baseline] = {
    "rulebook": rulebook,
    "logistic": logistic,
    "logistic_rulebook": logistic_rulebook,
    "lightgbm_default": lightgbm_default,
    "lightgbm_tuned": lightgbm_tuned,
    "odoo_naive_bayes": odoo_naive_bayes,
}


def history_of(dataset: Dataset, rows: Ints) -> History:
    """Some of a dataset's leads as a history, their agreed points on the stated scale."""
    signed = dataset.rulebook.scale
    scale = Scale(signed.anchor_points, signed.anchor_likelihood, signed.points_to_double_odds)
    f0 = scale.log_odds(dataset.agreed.total[rows])
    leads = Leads(f0, dataset.features.take(rows), dataset.agreed.share[rows])
    order = None if dataset.order is None else dataset.order[rows]
    groups = None if dataset.groups is None else dataset.groups[rows]
    return History(leads, dataset.y[rows], np.ones(len(rows)), order, groups)


def frame_of(features: Table) -> pd.DataFrame:
    """Features as pandas columns: numbers as they are, categories as texts, "" for missing."""
    return pd.DataFrame(
        {
            name: features[name]
            if features.is_number(name)
            else texts("" if v is None else v for v in features[name])
            for name in features.names
        }
    )


def _logistic(old: pd.DataFrame, new: pd.DataFrame, past: History, seed: int) -> Floats:
    known = [c for c in old if old[c].notna().any()]
    numbers = [c for c in known if pd.api.types.is_numeric_dtype(old[c])]
    categories = [c for c in known if c not in numbers]
    numeric = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = ColumnTransformer(
        [
            ("numbers", numeric, numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
        ]
    )
    X = columns.fit_transform(old)
    model = LogisticRegression(solver="newton-cholesky", max_iter=200)
    if _splittable(past):
        grid = {"C": _STRENGTHS}
        model = GridSearchCV(model, grid, scoring="neg_log_loss", cv=_folds(past, seed))
    model.fit(X, past.y.astype(int))
    return np.asarray(model.predict_proba(columns.transform(new))[:, 1])


def _splittable(past: History) -> bool:
    return past.rarer >= 2


def _folds(past: History, seed: int) -> StratifiedKFold:
    return StratifiedKFold(min(_FOLDS, int(past.rarer)), shuffle=True, random_state=seed)


def _coded(old: Table, new: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both parts as frames with the categories of the older one; unseen ones are missing."""
    columns: list[dict[str, Any]] = [{}, {}]
    for name in old.names:
        if old.is_number(name):
            columns[0][name], columns[1][name] = old[name], new[name]
            continue
        levels = sorted({v for v in old[name] if v is not None})
        for part, told in zip((old, new), columns, strict=True):
            seen = texts(v if v in levels else None for v in part[name])
            told[name] = pd.Categorical(seen, categories=levels)
    return pd.DataFrame(columns[0]), pd.DataFrame(columns[1])


def _binned(old: Table, table: Table) -> Mapping[str, Any]:
    """Every feature as texts; the bins of numbers are quantiles of `old`."""
    found = {}
    for name in table.names:
        if not table.is_number(name):
            found[name] = table[name]
            continue
        known = old[name][~np.isnan(old[name])]
        share = np.arange(1, _BINS) / _BINS
        edges = np.unique(np.quantile(known, share)) if len(known) else np.zeros(0)
        bins = np.searchsorted(edges, table[name], side="right")
        missing = np.isnan(table[name])
        found[name] = texts(None if gone else str(b) for gone, b in zip(missing, bins, strict=True))
    return found
