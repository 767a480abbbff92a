"""One climb of the ladder: every rung fitted, predicted out of fold, weighed and calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from models.booster_text import combine
from models.corrections import (
    IN_FOLDS,
    RATED,
    STYLES,
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
from models.folds import Fold, apart, folds_of
from models.history import History
from models.likelihood import FittedLadder
from models.recency import choose_half_life, clock_penalties, weights_by_age
from models.rungs import Affine
from models.scale import Scale, logit
from models.stacking import calibrate, calibrate_in_time, stack
from models.target_statistics import learn_rates, ordered_rates
from models.updated import Taught, fit_scale, refit_points, update_points


@dataclass(frozen=True)
class _OutOfFold:
    """Predictions of leads that were not in the fit, fold after fold.

    Attributes:
        rows: (n,) which leads.
        blocks: (n,) which fold predicted them; in time order where folds are chained.
        margins: (n,) log-odds of rungs 1 and 2.
        parts: per booster style, its folds.
    """

    rows: Ints
    blocks: Ints
    margins: dict[str, Floats]
    parts: dict[str, list[Part]]


class Climb:
    """One fit, step by step; its attributes are the estimator's results.

    Attributes:
        fitted: all that was learned.
        half_life: share of the training period after which a lead counts half, or None.
        penalties: per feature, what its prior variance was multiplied by.
        out_of_fold: per rung log-odds of leads that were not in its fit; y, w and combined.
        mixed: whether accounts could not be kept whole: see `models.folds.shuffled`.
    """

    def __init__(
        self,
        stated: Scale,
        history: History,
        boosters: bool,
        threads: int,
        seed: int,
        monotone: Mapping[str, int],
        tuned: Mapping[str, Any],
    ) -> None:
        self.stated, self.seed, self.plain = stated, seed, history
        order = history.order
        self.penalties = {} if order is None else clock_penalties(history.leads.features, order)
        self.fresh = update_points(history, self.penalties, monotone)
        self.half_life = None if order is None else choose_half_life(self.fresh, history)
        if self.half_life is not None and order is not None:
            history = history.weighted(weights_by_age(order, self.half_life))
            self.fresh = update_points(history, self.penalties, monotone)
        self.history = history
        encoding = learn_encoding(history.leads.features)
        self.codes = encoding.codes(history.leads.features)
        self.encoding = learn_rates(encoding, self.codes, history.y, history.w)
        self.encoded = self.encoding.matrix(history.leads.features)
        contributions = tuple(self.penalties.get(o, 1.0) for o in self.encoding.owners)
        how = growing_for(len(history), threads, seed, contributions)
        bound = tuple(monotone.get(owner, 0) for owner in self.encoding.owners)
        self.how = replace(how, monotone=bound, tuned=tuned)
        self.styles = tuple(STYLES) if boosters and self.encoding.width else ()
        self.fitted = self._fit()

    def _fit(self) -> FittedLadder:
        found = self._predict_folds()
        y, w = self.history.y[found.rows], self._weights(found.rows)
        rounds: dict[str, Floats] = {}
        margins = dict(found.margins)
        for style, parts in found.parts.items():
            stages = grow_in_step(style, parts, self.how)
            start = np.concatenate([part.start for part in parts])
            pi = weigh_rounds(start, stages, y, w)
            margins[style] = start + stages @ pi
            rounds[style] = tree_weights(pi, self.how)
        # A booster without a tree worth keeping repeats what it starts from.
        margins = {k: v for k, v in margins.items() if k not in rounds or len(rounds[k])}
        weights = stack(margins, y, w, self.history.rarer)
        F = np.sum([share * margins[rung] for rung, share in weights.items()], axis=0)
        self.out_of_fold: dict[str, Floats] = {**margins, "y": y, "w": w, "combined": F}
        affine, between = self._calibrate(F, y, w, found.blocks)
        # Where boosters find that columns miss something, a lead on which they happen to agree is
        # not known better: what they find on average widens every interval.
        missed = np.average((affine.beta * (F - margins["updated"])) ** 2, weights=w)
        return FittedLadder(
            stated=self.stated,
            fitted=fit_scale(self.history),
            updated=self.fresh.rung.widened(between + float(missed)),
            weights=weights,
            affine=affine,
            base=logit(self.history.base_rate),
            encoding=self.encoding,
            trees=self._trees(weights, rounds),
        )

    def _calibrate(self, F: Floats, y: Floats, w: Floats, blocks: Ints) -> tuple[Affine, float]:
        """The map, and the variance of the level between blocks in time."""
        if self.history.order is None:
            return calibrate(F, y, w), 0.0
        return calibrate_in_time(F, y, w, blocks)

    def _weights(self, rows: Ints) -> Floats:
        """Weights of predicted leads: twice as many folds for few leads must not count twice."""
        return self.history.w[rows] * min(1.0, len(self.history) / max(len(rows), 1))

    def _predict_folds(self) -> _OutOfFold:
        X = self.fresh.rung.rows(self.history.leads)
        h = self.history
        f0, folds = h.leads.f0, folds_of(h.y, h.order, h.groups, self.seed)
        self.mixed = h.order is None and not apart(folds, h.groups)
        rows = np.concatenate([fold.test for fold in folds])
        w = self._weights(rows)
        margins: dict[str, list[Floats]] = {"fitted": [], "updated": []}
        parts: dict[str, list[Part]] = {style: [] for style in self.styles}
        at = 0
        for fold in folds:
            past, test = self._past(fold), fold.test
            margins["fitted"].append(fit_scale(past).log_odds(f0[test]))
            taught = refit_points(self.fresh, X[fold.train], past)
            updated = np.asarray(f0[test] + X[test] @ taught.rung.b)
            margins["updated"].append(updated)
            base = np.full(len(test), logit(past.base_rate))
            weight = w[at : at + len(test)]
            at += len(test)
            for style in self.styles:
                data = self._matrix(style, fold.train, past, taught, IN_FOLDS)
                asked = self._asked(style, fold, past)
                start = updated if style == "g" else base
                parts[style].append(Part(data, asked, start, self.history.y[test], weight))
        blocks = np.concatenate([np.full(len(fold.test), fold.block) for fold in folds])
        return _OutOfFold(rows, blocks, {k: np.concatenate(v) for k, v in margins.items()}, parts)

    def _past(self, fold: Fold) -> History:
        past = self.plain.take(fold.train)
        if past.order is None:
            return past
        return past.weighted(weights_by_age(past.order, self.half_life))

    def _matrix(
        self, style: str, rows: Ints, past: History, taught: Taught, boosters: int
    ) -> Matrix:
        """The leads that teach a style's boosters; target statistics for those that rate levels."""
        base = np.full(len(past), logit(past.base_rate))
        start = taught.left_out if style == "g" else base
        made = []
        for repeat in range(boosters):
            X = self.encoded[rows]
            X[:, self.encoding.of_rates] = 0.0
            if style in RATED and len(self.encoding.rates):
                order = self._order(past, repeat)
                rates = ordered_rates(self.codes[rows], past.y, past.w, order)
                X[:, self.encoding.of_rates] = rates
            made.append(X)
        return Matrix(self.encoding, tuple(made), past.y, past.w, start)

    def _order(self, past: History, repeat: int) -> Ints:
        if past.order is not None:
            return np.argsort(past.order, kind="stable")
        return np.random.default_rng([self.seed, repeat]).permutation(len(past))

    def _asked(self, style: str, fold: Fold, past: History) -> Floats:
        X = self.encoded[fold.test]
        X[:, self.encoding.of_rates] = 0.0
        if style in RATED:
            rated = learn_rates(self.encoding, self.codes[fold.train], past.y, past.w)
            for k, name in enumerate(rated.rates):
                at = self.encoding.of_rates.start + k
                X[:, at] = np.array(rated.rates[name])[self.codes[fold.test, k]]
        return X

    def _trees(self, weights: dict[str, float], rounds: dict[str, Floats]) -> str:
        found: list[str] = []
        factors: list[Floats] = []
        every = np.arange(len(self.history))
        for style in self.styles:
            if style not in weights:
                continue
            c = rounds[style]
            data = self._matrix(style, every, self.history, self.fresh, self.how.boosters)
            boosters = begin(style, data, self.how)
            grow(boosters, 0, len(c))
            for booster in boosters:
                found.append(booster.model_to_string())
                # A booster that found nothing more to split stops early.
                factors.append(c[: booster.num_trees()] * weights[style] / self.how.boosters)
        return combine(found, factors) if found else ""
