"""The ladder as a scikit-learn estimator: agreed -> fitted -> updated -> corrected.

Each rung is taken as far as predictions of leads that were not in its fit say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from features.arrays import Floats, Ints, Table, texts
from features.errors import NothingToLearn
from models.booster_text import combine
from models.corrections import (
    STYLES,
    Matrix,
    grow,
    growing_for,
    staged,
    tree_weights,
    weigh_rounds,
)
from models.encoding import learn_encoding
from models.folds import Fold, chained, shuffled
from models.history import History, Leads
from models.likelihood import FittedLadder
from models.recency import choose_half_life, clock_penalties, weights_by_age
from models.scale import Scale, logit, sigmoid
from models.stacking import calibrate, stack
from models.updated import Taught, fit_scale, refit_points, update_points

AGREED, CRITERION = "agreed points", "criterion: "
"""Names of the columns of a frame that hold the agreement; every other column is a feature."""

FEWEST = 2
"""Leads of either outcome under which nothing is learned from history."""


class LadderClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Likelihood of conversion that starts from what was agreed and learns what evidence supports.

    Parameters:
        anchor_points, anchor_likelihood, points_to_double_odds: the stated scale.
        boosters: whether rung 3 may be climbed.
        threads: of LightGBM; results do not depend on it.
        random_state: seed of folds and boosters.

    Attributes (after fit):
        classes_: the two outcomes, the conversion second.
        fitted_: `models.likelihood.FittedLadder`, all that was learned.
        half_life_: share of the training period after which a lead counts half, or None.
        penalties_: per feature that is a clock, what its prior variance was multiplied by.
        out_of_fold_: dict of rung -> log-odds of leads that were not in its fit, with `y` and `w`.

    A frame's column `agreed points` and columns `criterion: ID` hold the agreement; without them
    every lead stands at the anchor, and the model still works.
    """

    def __init__(
        self,
        anchor_points: float = 50.0,
        anchor_likelihood: float = 0.1,
        points_to_double_odds: float = 12.0,
        boosters: bool = True,
        threads: int = 2,
        random_state: int = 0,
    ) -> None:
        self.anchor_points = anchor_points
        self.anchor_likelihood = anchor_likelihood
        self.points_to_double_odds = points_to_double_odds
        self.boosters = boosters
        self.threads = threads
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        order: Any = None,
        groups: Any = None,
    ) -> Self:
        """Climb the ladder.

        Args:
            X: frame or array of n leads.
            y: (n,) outcomes of two classes; the greater is the conversion.
            sample_weight: (n,) positive weights.
            order: (n,) grows with time; folds are then chained and old leads may fade.
            groups: (n,) accounts; no account stands on both sides of a fold.

        Raises:
            NothingToLearn: with fewer than 2 leads of either outcome.
        """
        history = self._history(X, y, sample_weight, order, groups)
        # Small dense solves gain nothing from threads and lose much to busy neighbours.
        with threadpool_limits(1, user_api="blas"):
            climb = _Climb(self._stated(), history, self.boosters, self.threads, self.random_state)
        self.fitted_ = climb.fitted
        self.half_life_ = climb.half_life
        self.penalties_ = {k: v for k, v in climb.penalties.items() if v < 0.5}
        self.out_of_fold_ = climb.out_of_fold
        return self

    def decision_function(self, X: Any) -> Floats:
        """Calibrated log-odds of conversion. Shape (n,)."""
        check_is_fitted(self)
        leads = self._leads(X)
        missing = [n for n in self.features_ if n not in leads.features]
        if missing:
            raise ValueError(f"X lacks the features {missing[:5]}, which the ladder was fitted on")
        return self.fitted_.log_odds(leads)

    def predict_proba(self, X: Any) -> Floats:
        """Likelihood of either outcome. Shape (n, 2)."""
        p = sigmoid(self.decision_function(X))
        return np.column_stack([1.0 - p, p])

    def predict(self, X: Any) -> Any:
        """The likelier outcome. Shape (n,)."""
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def _stated(self) -> Scale:
        return Scale(self.anchor_points, self.anchor_likelihood, self.points_to_double_odds)

    def _leads(self, X: Any) -> Leads:
        features, points, criteria = split_frame(X, self.anchor_points)
        return Leads(self._stated().log_odds(points), features, criteria)

    def _history(self, X: Any, y: Any, weight: Any, order: Any, groups: Any) -> History:
        leads = self._leads(X)
        self.features_ = leads.features.names
        self.n_features_in_ = np.shape(X)[1]
        if isinstance(X, pd.DataFrame):
            self.feature_names_in_ = np.array([str(c) for c in X.columns], dtype=object)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(f"y has {len(self.classes_)} outcomes; a conversion has two")
        if len(codes) != len(leads):
            raise ValueError(f"X has {len(leads)} leads and y {len(codes)}; they must agree")
        least = int(np.bincount(codes, minlength=2)[:2].min())
        if least < FEWEST:
            raise NothingToLearn(
                f"Of {len(codes)} leads {int(codes.sum())} converted; at least {FEWEST} that did "
                f"and {FEWEST} that did not are needed to learn. Until then score with the "
                "rulebook alone, or bring more history."
            )
        w = np.ones(len(codes)) if weight is None else np.asarray(weight, dtype=np.float64)
        grouped = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        ordered = None if order is None else np.asarray(order, dtype=np.float64)
        return History(leads, codes.astype(np.float64), w, ordered, grouped)


def split_frame(X: Any, anchor_points: float) -> tuple[Table, Floats, Floats]:
    """A frame or array as features, agreed points (n,) and criteria (n, k)."""
    if not isinstance(X, pd.DataFrame):
        array = np.asarray(X, dtype=np.float64)
        X = pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
    values: dict[str, Any] = {}
    criteria: list[Floats] = []
    points = np.full(len(X), anchor_points)
    for name in map(str, X.columns):
        column = X[name]
        if name == AGREED:
            points = column.to_numpy(dtype=np.float64)
        elif name.startswith(CRITERION):
            criteria.append(column.to_numpy(dtype=np.float64))
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values[name] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values[name] = texts(None if pd.isna(v) else str(v) for v in column)
    stacked = np.column_stack(criteria) if criteria else np.zeros((len(X), 0))
    return Table(len(X), values), points, stacked


@dataclass(frozen=True)
class _OutOfFold:
    """Predictions of leads that were not in the fit, fold after fold."""

    rows: Ints
    margins: dict[str, Floats]
    stages: dict[str, Floats]
    starts: dict[str, Floats]


class _Climb:
    """One fit, step by step; its attributes are the estimator's results."""

    def __init__(
        self, stated: Scale, history: History, boosters: bool, threads: int, seed: int
    ) -> None:
        self.stated, self.seed, self.plain = stated, seed, history
        order = history.order
        self.penalties = {} if order is None else clock_penalties(history.leads.features, order)
        self.fresh = update_points(history, self.penalties)
        self.half_life = None if order is None else choose_half_life(self.fresh, history)
        if self.half_life is not None and order is not None:
            history = history.weighted(weights_by_age(order, self.half_life))
            self.fresh = update_points(history, self.penalties)
        self.history = history
        self.encoding = learn_encoding(history.leads.features)
        contributions = tuple(self.penalties.get(o, 1.0) for o in self.encoding.owners)
        self.how = growing_for(len(history), threads, seed, contributions)
        self.styles = tuple(STYLES) if boosters and self.encoding.width else ()
        self.fitted = self._fit()

    def _folds(self) -> Iterator[Fold]:
        h = self.history
        if h.order is not None:
            return chained(h.y, h.order)
        return shuffled(h.y, h.groups, self.seed)

    def _fit(self) -> FittedLadder:
        found = self._predict_folds()
        y, w = self.history.y[found.rows], self.history.w[found.rows]
        # Twice as many folds for few leads must not count twice.
        w = w * min(1.0, len(self.history) / max(len(found.rows), 1))
        rounds: dict[str, Floats] = {}
        margins = dict(found.margins)
        for style in self.styles:
            pi = weigh_rounds(found.starts[style], found.stages[style], y, w)
            margins[style] = found.starts[style] + found.stages[style] @ pi
            rounds[style] = tree_weights(pi, self.how)
        # A booster without a tree worth keeping repeats what it starts from.
        margins = {k: v for k, v in margins.items() if k not in rounds or len(rounds[k])}
        weights = stack(margins, y, w, self.history.rarer)
        F = np.sum([share * margins[rung] for rung, share in weights.items()], axis=0)
        self.out_of_fold: dict[str, Floats] = {**margins, "y": y, "w": w, "combined": F}
        return FittedLadder(
            stated=self.stated,
            fitted=fit_scale(self.history),
            updated=self.fresh.rung,
            weights=weights,
            affine=calibrate(F, y, w),
            base=logit(self.history.base_rate),
            encoding=self.encoding,
            trees=self._trees(weights, rounds),
        )

    def _predict_folds(self) -> _OutOfFold:
        rows: list[Ints] = []
        margins: dict[str, list[Floats]] = {"fitted": [], "updated": []}
        stages: dict[str, list[Floats]] = {s: [] for s in self.styles}
        starts: dict[str, list[Floats]] = {s: [] for s in self.styles}
        for fold in self._folds():
            past, next_ = self.plain.take(fold.train), self.plain.take(fold.test)
            if past.order is not None:
                past = past.weighted(weights_by_age(past.order, self.half_life))
            rows.append(fold.test)
            margins["fitted"].append(fit_scale(past).log_odds(next_.leads.f0))
            taught = refit_points(self.fresh, past)
            margins["updated"].append(taught.rung.log_odds(next_.leads))
            base = np.full(len(next_), logit(past.base_rate))
            for style in self.styles:
                data = self._matrix(style, past, taught)
                boosters = grow(style, data, self.how, self.how.grid[-1])
                X = self.encoding.matrix(next_.leads.features)
                stages[style].append(staged(boosters, X, self.how))
                starts[style].append(margins["updated"][-1] if style == "g" else base)
        return _OutOfFold(
            np.concatenate(rows),
            {k: np.concatenate(v) for k, v in margins.items()},
            {k: np.concatenate(v) for k, v in stages.items()},
            {k: np.concatenate(v) for k, v in starts.items()},
        )

    def _matrix(self, style: str, history: History, taught: Taught) -> Matrix:
        base = np.full(len(history), logit(history.base_rate))
        start = taught.left_out if style == "g" else base
        X = self.encoding.matrix(history.leads.features)
        return Matrix(self.encoding, X, history.y, history.w, start)

    def _trees(self, weights: dict[str, float], rounds: dict[str, Floats]) -> str:
        found: list[str] = []
        factors: list[Floats] = []
        for style in self.styles:
            if style not in weights:
                continue
            c = rounds[style]
            data = self._matrix(style, self.history, self.fresh)
            for booster in grow(style, data, self.how, len(c)):
                text = booster.model_to_string()
                found.append(text)
                # A booster that found nothing more to split stops early.
                factors.append(c[: booster.num_trees()] * weights[style] / self.how.seeds)
        return combine(found, factors) if found else ""
