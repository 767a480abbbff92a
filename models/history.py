"""What the rungs look at: leads as known, and the history that says how they ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Floats, Ints, Table


@dataclass(frozen=True)
class Leads:
    """n leads as a model sees them.

    Attributes:
        f0: (n,) log-odds of the agreed points on the stated scale.
        features: n rows.
        criteria: (n, k) how much of each criterion applied, 1 for in full.
    """

    f0: Floats
    features: Table
    criteria: Floats

    def __len__(self) -> int:
        return len(self.f0)

    def take(self, rows: Ints) -> Leads:
        """The leads at `rows`."""
        return Leads(self.f0[rows], self.features.take(rows), self.criteria[rows])


@dataclass(frozen=True)
class History:
    """n leads whose outcome is known.

    Attributes:
        leads: as they were known at their snapshot.
        y: (n,) 1 converted within the horizon, 0 not.
        w: (n,) weights, positive.
        order: (n,) grows with time; None when the order of leads is not known.
        groups: (n,) accounts, so that colleagues are never on both sides of a fold; or None.
    """

    leads: Leads
    y: Floats
    w: Floats
    order: Floats | None = None
    groups: Ints | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def rarer(self) -> float:
        """m: the rarer of conversions and non-conversions, counted."""
        won = float(self.y.sum())
        return min(won, len(self.y) - won)

    @property
    def base_rate(self) -> float:
        """Weighted share of conversions, kept off 0 and 1 by half a lead on either side."""
        total = float(self.w.sum())
        return (float(self.w @ self.y) + 0.5) / (total + 1.0)

    def take(self, rows: Ints) -> History:
        """The leads at `rows`, with all that is known of them."""
        order = None if self.order is None else self.order[rows]
        groups = None if self.groups is None else self.groups[rows]
        return History(self.leads.take(rows), self.y[rows], self.w[rows], order, groups)

    def weighted(self, factors: Floats) -> History:
        """The same leads with their weights multiplied by `factors` (n,)."""
        return replace(self, w=np.asarray(self.w * factors))
