"""The ladder as a scikit-learn estimator: agreed -> fitted -> updated -> corrected.

Each rung is taken as far as predictions of leads that were not in its fit say so.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from features.arrays import Floats, Table, texts
from features.errors import NothingToLearn
from models.climb import Climb
from models.history import History, Leads
from models.scale import Scale, sigmoid

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
            climb = Climb(self._stated(), history, self.boosters, self.threads, self.random_state)
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
