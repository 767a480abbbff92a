"""The ladder as a scikit-learn estimator: agreed -> fitted -> updated -> corrected.

Each rung is taken as far as predictions of leads that were not in its fit say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from features.arrays import Floats, Table, texts
from features.errors import NothingToLearn
from models.climb import Climb
from models.cold_start import FEWEST, start_cold
from models.history import History, Leads
from models.scale import Scale, sigmoid

AGREED, CRITERION = "agreed points", "criterion: "
"""Names of the columns of a frame that hold the agreement; every other column is a feature."""


class LadderClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Likelihood of conversion that starts from what was agreed and learns what evidence supports.

    Parameters:
        anchor_points, anchor_likelihood, points_to_double_odds: the stated scale.
        boosters: whether rung 3 may be climbed.
        threads: of LightGBM; results do not depend on it.
        random_state: seed of folds and boosters.
        monotone: numbers that what is learned may only rise (1) or only fall (-1) with. What the
            rulebook says of them, and what history says of its criteria, is not bound.
        tuned: LightGBM's parameters that replace the defaults of rung 3.

    Attributes (after fit):
        classes_: the two outcomes, the conversion second.
        fitted_: `models.likelihood.FittedLadder`, all that was learned.
        half_life_: share of the training period after which a lead counts half, or None.
        penalties_: per feature that is a clock, what its prior variance was multiplied by.
        out_of_fold_: dict of rung -> log-odds of leads that were not in its fit, with `y` and `w`;
            empty where nothing was predicted.
        mixed_: whether folds had to part accounts, as one holds all leads of an outcome.

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
        monotone: Mapping[str, int] | None = None,
        tuned: Mapping[str, Any] | None = None,
    ) -> None:
        self.anchor_points = anchor_points
        self.anchor_likelihood = anchor_likelihood
        self.points_to_double_odds = points_to_double_odds
        self.boosters = boosters
        self.threads = threads
        self.random_state = random_state
        self.monotone = monotone
        self.tuned = tuned

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        order: Any = None,
        groups: Any = None,
    ) -> Self:
        """Climb the ladder, as far as there is history: see `models.cold_start` for very little.

        Args:
            X: frame or array of n leads, 0 or more.
            y: (n,) outcomes of two classes; the greater is the conversion. Where all are of one
                kind, or there are none, 0 means not and 1 converted.
            sample_weight: (n,) positive weights.
            order: (n,) grows with time; folds are then chained and old leads may fade.
            groups: (n,) accounts; without an order no account stands on both sides of a fold, as
                far as outcomes allow (`mixed_`). In time it may: its earlier outcomes are known.

        Raises:
            ValueError: when `monotone` names what is no number of X.
            NothingToLearn: when all outcomes are of one kind and it is neither 0 nor 1.
        """
        history = self._history(X, y, sample_weight, order, groups)
        if history.rarer < FEWEST:
            self.fitted_ = start_cold(self._stated(), history)
            self.half_life_, self.penalties_, self.out_of_fold_ = None, {}, {}
            self.mixed_ = False
            return self
        # Small dense solves gain nothing from threads and lose much to busy neighbours.
        with threadpool_limits(1, user_api="blas"):
            climb = Climb(
                self._stated(),
                history,
                self.boosters,
                self.threads,
                self.random_state,
                self.monotone or {},
                self.tuned or {},
            )
        self.fitted_ = climb.fitted
        self.half_life_ = climb.half_life
        self.penalties_ = {k: v for k, v in climb.penalties.items() if v < 0.5}
        self.out_of_fold_, self.mixed_ = climb.out_of_fold, climb.mixed
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
        likelier = (self.decision_function(X) > 0).astype(int)
        return self.classes_[likelier]

    def _stated(self) -> Scale:
        return Scale(self.anchor_points, self.anchor_likelihood, self.points_to_double_odds)

    def _leads(self, X: Any) -> Leads:
        features, points, criteria = split_frame(X, self.anchor_points)
        return Leads(self._stated().log_odds(points), features, criteria)

    def _history(self, X: Any, y: Any, weight: Any, order: Any, groups: Any) -> History:
        leads = self._leads(X)
        self.features_ = leads.features.names
        numbers = [name for name in self.features_ if leads.features.is_number(name)]
        unknown = sorted(set(self.monotone or {}) - set(numbers))
        if unknown:
            raise ValueError(f"monotone names {unknown[0]!r}, which is no number of X")
        self.n_features_in_ = np.shape(X)[1]
        if isinstance(X, pd.DataFrame):
            self.feature_names_in_ = np.array([str(c) for c in X.columns], dtype=object)
        self.classes_, codes = _two_outcomes(np.asarray(y))
        if len(codes) != len(leads):
            raise ValueError(f"X has {len(leads)} leads and y {len(codes)}; they must agree")
        w = np.ones(len(codes)) if weight is None else np.asarray(weight, dtype=np.float64)
        grouped = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        ordered = None if order is None else np.asarray(order, dtype=np.float64)
        return History(leads, codes.astype(np.float64), w, ordered, grouped)


def _two_outcomes(y: Any) -> tuple[Any, Any]:
    """The two outcomes in order, and which of them each of n leads had: 0 or 1."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) > 2:
        raise ValueError(f"y has {len(classes)} outcomes; a conversion has two")
    if len(classes) == 2:
        return classes, codes
    if len(classes) == 1 and classes[0] not in (0, 1):
        raise NothingToLearn(
            f"All {len(codes)} outcomes are {classes[0]!r}, which does not tell whether that is a "
            "conversion. Say it as 1 (converted) or 0, or bring leads of the other outcome too."
        )
    return np.array([0, 1]), np.asarray(y).astype(np.int64)


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
