"""The second horizon's end: whether a customer who is won is one still a year after.

A logistic regression on what was known of the lead, of the same columns and priors as rung 2; see
`training.retention` for how it is learned. It never enters the score. numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.arrays import Floats, Table
from models.design import Design
from models.history import Leads
from models.rowwise import quadratic
from models.rungs import UpdatedPoints
from models.scale import sigmoid

DAYS = 365
"""After the win; who has not left by then has stayed."""
Z90 = 1.6448536269514722
"""Standard normal quantile of a 90 % interval."""


@dataclass(frozen=True)
class Stays:
    """Of n leads, if they are won. Arrays of shape (n,).

    Attributes:
        likelihood: to be a customer still a year after.
        low, high: its 90 % interval.
    """

    likelihood: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class RetentionModel:
    """`log-odds of staying = base + intercept + X b`, with covariance V.

    Attributes:
        names: the features it looks at.
        base: log-odds of all customers that taught.
        rung: columns, coefficients and their covariance.
        taught: how many customers.
    """

    names: tuple[str, ...]
    base: float
    rung: UpdatedPoints = field(repr=False)
    taught: int

    def stays(self, features: Table) -> Stays:
        """What n leads would do if they were won."""
        leads = customers(features.only(self.names), self.base)
        f = self.rung.log_odds(leads)
        half = Z90 * np.sqrt(np.maximum(quadratic(self.rung.rows(leads), self.rung.V), 0.0))
        return Stays(sigmoid(f), sigmoid(f - half), sigmoid(f + half))

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        rung = self.rung
        told = {"design": rung.design.to_json(), "b": rung.b.tolist(), "V": rung.V.tolist()}
        return {"names": list(self.names), "base": self.base, "taught": self.taught} | told

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> RetentionModel:
        """The model that `to_json` told."""
        b, V = (np.array(told[name], dtype=np.float64) for name in ("b", "V"))
        base = told["base"]
        rung = UpdatedPoints(Design.from_json(told["design"]), base, b, V)
        return cls(tuple(told["names"]), base, rung, told["taught"])


def customers(features: Table, base: float) -> Leads:
    """Leads as rung 2 takes them: one log-odds for all, no criteria."""
    return Leads(np.full(features.n, base), features, np.zeros((features.n, 0)))
