"""Odoo's predictive lead scoring: naive Bayes on counts, as a baseline to beat.

Own words and own code, after reading `_pls_get_naive_bayes_probabilities` in Odoo 19's
`addons/crm/models/crm_lead.py`. Its golden vector is in `tests/golden/test_odoo.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import Column, Floats
from models.scale import sigmoid

START = 0.1
"""What every count starts from, so that nothing is ever impossible."""
LOWEST, HIGHEST = 0.0001, 0.9999

Counts = Mapping[str, tuple[float, float]]
"""Value -> (won, lost)."""


@dataclass(frozen=True)
class NaiveBayes:
    """What the counts say.

    Attributes:
        won, lost: leads that ended so, with the start.
        counts: variable -> value -> (won, lost), with the start.
        stage: the variable that holds the stage, whose counts are shares of all leads; or None.
    """

    won: float
    lost: float
    counts: Mapping[str, Counts]
    stage: str | None = None

    def likelihoods(self, values: Mapping[str, Column]) -> Floats:
        """Likelihood of winning, kept within .01 and 99.99 %. Shape (n,).

        `W = won share x product over known variables of won(value) / sum of won(values)`, L alike,
        and `W / (W + L)`; values never seen and variables not set are skipped on both sides.
        """
        n = len(next(iter(values.values())))
        log_odds = np.full(n, np.log(self.won / self.lost))
        for variable, column in values.items():
            table = self.counts.get(variable, {})
            won, lost = self._totals(variable, table)
            added = {v: np.log(a / won) - np.log(b / lost) for v, (a, b) in table.items()}
            log_odds += np.array([added.get(v, 0.0) for v in column])
        return np.asarray(np.clip(sigmoid(log_odds), LOWEST, HIGHEST))

    def _totals(self, variable: str, table: Counts) -> tuple[float, float]:
        if variable == self.stage:
            return self.won, self.lost
        return sum(a for a, _ in table.values()), sum(b for _, b in table.values())


def learn_naive_bayes(
    values: Mapping[str, Column],
    y: Floats,
    stage: str | None = None,
    stages: Sequence[str] = (),
) -> NaiveBayes:
    """Count won and lost leads per value of every variable; None is not set.

    Args:
        values: variable -> (n,) texts or None.
        y: (n,) 1 won, 0 lost.
        stage: the variable that holds the stage. A won lead counts in every stage, a lost one
            in its own and all before.
        stages: the stages in order.
    """
    counts: dict[str, dict[str, tuple[float, float]]] = {}
    for variable, column in values.items():
        table: dict[str, list[float]] = {}
        for value, won in zip(column, y, strict=True):
            if value is None:
                continue
            through = _through(value, won, stages) if variable == stage else (value,)
            for passed in through:
                table.setdefault(passed, [START, START])[0 if won else 1] += 1
        counts[variable] = {value: (won, lost) for value, (won, lost) in table.items()}
    won = float(y.sum())
    return NaiveBayes(won + START, len(y) - won + START, counts, stage)


def _through(value: str, won: float, stages: Sequence[str]) -> Sequence[str]:
    return stages if won else stages[: list(stages).index(value) + 1]
