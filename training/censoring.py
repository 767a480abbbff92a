"""Open leads still teach: inverse probability of censoring weights (Robins & Rotnitzky 1992).

A lead younger than the horizon is known to be a conversion once it has converted, and is never
known to be lost. Taking such young winners in as they come would say that young leads convert
more. So every lead whose end has been seen stands for those of its kind that were too young to
show it: a conversion after `d` days is seen of leads at least `d` days old, no conversion of leads
at least as old as the horizon. With `G(t)` the share of all leads that are at least `t` days old,
their weights are `1 / G(d)` and `1 / G(horizon)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import Floats, Ints, days_between
from models.ladder import LadderClassifier
from training.cohort import Cohort, repeat_weights
from training.dataset import Dataset
from training.labels import OPEN

if TYPE_CHECKING:
    import pandas as pd

FLOOR = 0.02
"""Of G: no lead stands for more than fifty."""


@dataclass(frozen=True)
class Teaching:
    """All leads that teach: those whose end is known, then the young that have converted.

    Attributes:
        X: frame of n leads, as `LadderClassifier` takes it.
        y, w: (n,) outcomes and weights.
        order, groups: (n,) or None; see `training.dataset.Dataset`.
        young: how many open leads teach because they have converted already.
        why_not: why open leads do not teach; "" where they do.
    """

    X: pd.DataFrame = field(repr=False)
    y: Floats = field(repr=False)
    w: Floats = field(repr=False)
    order: Floats | None = field(repr=False)
    groups: Ints | None = field(repr=False)
    young: int
    why_not: str

    def fit(self, ladder: LadderClassifier) -> LadderClassifier:
        """The ladder, taught by all of them."""
        return ladder.fit(self.X, self.y, self.w, order=self.order, groups=self.groups)


def share_as_old(ages: Floats, at: Floats) -> Floats:
    """`G(t)`: the share of leads that are at least `t` days old, and `FLOOR` at least. Shape (k,).

    Args:
        ages: (n,) days from each lead's snapshot to the export, 0 or more.
        at: (k,) days.
    """
    older = len(ages) - np.searchsorted(np.sort(ages), at, side="left")
    return np.asarray(np.maximum(older / len(ages), FLOOR))


def censoring_weights(ages: Floats, seen_after: Floats) -> Floats:
    """Weights of n leads whose end was seen, `1 / G(seen_after)`, worth what they tell. Shape (n,).

    Unequal weights tell less than as many equal ones. They are scaled to sum to the number of
    equal leads that would tell as much, `(sum w)^2 / sum w^2` (Kish 1965), so that priors keep
    their part; where G is the same for all, every weight is 1.
    """
    w = 1.0 / share_as_old(ages, seen_after)
    return np.asarray(w * w.sum() / (w @ w))


def teaching(dataset: Dataset) -> Teaching:
    """Every lead that may teach, weighted so that open leads are stood for."""
    young = _young_winners(dataset)
    why_not = _why_not(dataset, young)
    if why_not:
        w = repeat_weights(dataset.person)
        told = dataset.frame(), dataset.y, w, dataset.order, dataset.groups
        return Teaching(*told, young=0, why_not=why_not)
    import pandas as pd

    horizon = dataset.rulebook.horizon_days
    seen_after = np.concatenate([np.where(dataset.y == 1, dataset.delay, horizon), young.delay])
    groups = None
    if dataset.groups is not None and young.groups is not None:
        groups = np.concatenate([dataset.groups, young.groups])
    return Teaching(
        X=pd.concat([dataset.frame(), young.frame()], ignore_index=True),
        y=np.concatenate([dataset.y, np.ones(young.n)]),
        w=censoring_weights(_ages(dataset), seen_after)
        * repeat_weights(np.concatenate([dataset.person, young.person])),
        order=_order(dataset, young.n),
        groups=groups,
        young=young.n,
        why_not="",
    )


def _young_winners(dataset: Dataset) -> Cohort:
    others = dataset.others
    won = (others.state == OPEN) & ~np.isnan(others.delay)
    return others.take(np.flatnonzero(won))


def _why_not(dataset: Dataset, young: Cohort) -> str:
    if not (dataset.others.state == OPEN).any():
        return "no lead is open"
    if np.isnan(dataset.delay[dataset.y == 1]).any() or not dataset.n:
        return "outcomes carry no time, so a conversion cannot be told from one still to come"
    return "" if young.n else "none of them has converted yet"


def _ages(dataset: Dataset) -> Floats:
    """Days from the snapshots of all leads, whatever became of them, to the export."""
    as_of = np.concatenate([dataset.snapshot.as_of, dataset.others.snapshot.as_of])
    ages = days_between(np.full(len(as_of), dataset.history_until), as_of)
    return np.asarray(ages[ages >= 0])


def _order(dataset: Dataset, young: int) -> Floats | None:
    """The leads' order, young winners spread evenly over the whole of it.

    At their own place they would make the newest leads winners all: rates by block, ageing and
    clocks would read that as a rate that rose. Weights hold on average over the whole period, and
    that is where the leads stand that they stand for.
    """
    if dataset.order is None:
        return None
    places = (np.arange(young) + 0.5) / young
    return np.concatenate([dataset.order, np.quantile(dataset.order, places)])
