"""The second horizon: what a lead is worth if it is won, and so what it is worth now.

`value = likelihood x amount`, the exchange rate between them that the rulebook states. The amount
if won is a log-normal regression on what is known of the lead, its coefficients shrunk as far as
history asks (evidence approximation: MacKay 1992). It never enters the score. numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.arrays import Floats, Table
from models.design import Design, learn_design
from models.rowwise import quadratic, times

FEWEST = 30
"""Won leads with an amount under which no amount is told."""
Z90 = 1.6448536269514722
"""Standard normal quantile of a 90 % interval."""
LEAST_NOISE = 1e-4
"""Least variance of a log amount, about 1 % of the amount: off a price list nothing is left of it
but rounding, of either sign."""
_ROUNDS, _STILL = 100, 1e-6


@dataclass(frozen=True)
class Amounts:
    """Of n leads, in the rulebook's currency, if they are won. Arrays of shape (n,).

    Attributes:
        mean: the expected amount.
        low, high: the 90 % interval of the lead's own amount.
    """

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class AmountModel:
    """`log amount ~ N(intercept + X b, noise + x'Vx)`.

    Attributes:
        names: the features it looks at.
        design: their columns X, centred on the won leads that taught.
        intercept: mean log amount of these.
        b, V: (k,) coefficients and (1 + k, 1 + k) covariance, the intercept's first.
        noise: variance of a single log amount.
        taught: how many won leads.
    """

    names: tuple[str, ...]
    design: Design = field(repr=False)
    intercept: float
    b: Floats = field(repr=False)
    V: Floats = field(repr=False)
    noise: float
    taught: int

    def amounts(self, features: Table) -> Amounts:
        """What n leads would bring if they were won."""
        X = _rows(self.design, features.only(self.names))
        centre = self.intercept + times(X[:, 1:], self.b)
        variance = self.noise + quadratic(X, self.V)
        half = Z90 * np.sqrt(variance)
        return Amounts(np.exp(centre + variance / 2), np.exp(centre - half), np.exp(centre + half))

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        told = {"names": list(self.names), "design": self.design.to_json()}
        plain = {"intercept": self.intercept, "noise": self.noise, "taught": self.taught}
        return told | plain | {"b": self.b.tolist(), "V": self.V.tolist()}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> AmountModel:
        """The model that `to_json` told."""
        return cls(
            names=tuple(told["names"]),
            design=Design.from_json(told["design"]),
            intercept=told["intercept"],
            b=np.array(told["b"], dtype=np.float64),
            V=np.array(told["V"], dtype=np.float64),
            noise=told["noise"],
            taught=told["taught"],
        )


def _rows(design: Design, features: Table) -> Floats:
    """(n, 1 + k): a one and the design's columns."""
    X = design.matrix(features, np.zeros((features.n, 0)))
    return np.concatenate([np.ones((features.n, 1)), X], axis=1)


def learn_amounts(features: Table, amount: Floats) -> AmountModel | None:
    """The amount model of n won leads, or None with fewer than `FEWEST`.

    Args:
        features: what was known of each at its snapshot.
        amount: (n,) what each was won for, above 0; others are left out, NaN among them.
    """
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(amount > 0)
    if len(rows) < FEWEST:
        return None
    seen, z = features.take(rows), np.log(amount[rows])
    design = learn_design(seen, np.zeros((len(rows), 0)))
    X = _rows(design, seen)[:, 1:]
    b, V, noise = _shrunk(X, z - z.mean())
    whole = np.zeros((1 + len(b), 1 + len(b)))
    whole[0, 0], whole[1:, 1:] = noise / len(z), V
    return AmountModel(tuple(seen.names), design, float(z.mean()), b, whole, noise, len(rows))


def _shrunk(X: Floats, z: Floats) -> tuple[Floats, Floats, float]:
    """Coefficients, their covariance and the noise of `z = X b + e`, b ~ N(0, 1/alpha).

    alpha and the noise's precision beta by the fixed point of the evidence (MacKay 1992, eq. 2.6;
    Bishop 2006, section 3.5.2), with one degree of freedom spent on the mean; the noise is at
    least `LEAST_NOISE`.
    """
    n, k = X.shape
    if k == 0:
        return np.zeros(0), np.zeros((0, 0)), max(float(z @ z) / (n - 1), LEAST_NOISE)
    eigen, Q = np.linalg.eigh(X.T @ X)
    eigen, c = np.maximum(eigen, 0.0), Q.T @ (X.T @ z)
    alpha, beta = 1.0, (n - 1) / max(float(z @ z), LEAST_NOISE * (n - 1))
    for _ in range(_ROUNDS):
        before = alpha
        m = beta * c / (alpha + beta * eigen)
        gamma = float(np.sum(beta * eigen / (alpha + beta * eigen)))
        residual = float(z @ z - 2 * m @ c + m @ (eigen * m))
        alpha = min(gamma / max(float(m @ m), 1e-12), 1e9)
        spare = max(n - 1 - gamma, 1.0)
        beta = spare / max(residual, LEAST_NOISE * spare)
        if abs(alpha / before - 1) < _STILL:
            break
    spread = 1.0 / (alpha + beta * eigen)
    return Q @ (beta * c * spread), (Q * spread) @ Q.T, 1.0 / beta
