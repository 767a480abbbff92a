"""Scores made and kept: the one place where a stored lead gets its current score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from models.scorer import Scorer
from serving.rescoring import Inputs, score_rows
from serving.storage.base import to_number
from serving.storage.scores import ScoreStore

FIRST_LOOK = np.timedelta64(1, "h")
"""How long a new score is told before anybody looks whether time has moved it."""
_SHOWN = ("score", "agreed_score", "grade", "likelihood")
UNSCORED: dict[str, Any] = {
    "score_seq": None,
    "stale": False,
    "due_at": None,
    "scored_with": "",
    **dict.fromkeys(_SHOWN),
}
"""Where a score would stand, of a lead whose person does not want one."""


@dataclass(frozen=True)
class Fresh:
    """A score that was just kept: the answer it holds, and the lead's columns that repeat it."""

    answer: dict[str, Any]
    columns: dict[str, Any]


class Scorebook:
    """Makes scores on one transaction, by one model, as of one instant.

    Attributes:
        made: every score that was made, 0 to 100.
    """

    def __init__(self, connection: Connection, scorer: Scorer, now: np.datetime64) -> None:
        self.scorer, self.now = scorer, now
        self.made: list[int] = []
        self._scores = ScoreStore(connection)

    def score(
        self, many: Sequence[Inputs], before: Sequence[Row[Any] | None], cause: str
    ) -> list[Fresh]:
        """Score leads as of now and keep the scores.

        Args:
            many: what each is scored from.
            before: the lead's row as it was, or None where it is new.
            cause: why, a few words.
        """
        assert len(many) == len(before)
        rows = score_rows(self.scorer, many, self.now, cause)
        return [self._keep(row, told) for row, told in rows]

    def _keep(self, row: dict[str, Any], told: dict[str, Any]) -> Fresh:
        seq = self._scores.append(row)
        self.made.append(row["score"])
        columns = {
            "score_seq": seq,
            "stale": False,
            "due_at": to_number(self.now + FIRST_LOOK),
            "scored_with": self.scorer.versions.decides,
            **{k: row[k] for k in _SHOWN},
        }
        return Fresh(told, columns)
