"""Scores made and kept: the one place where a stored lead gets its current score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from models.scorer import Scorer
from serving.announcing import Announcer
from serving.canonical import read
from serving.rescoring import Inputs, score_rows
from serving.storage.base import to_number
from serving.storage.scores import ScoreStore

FIRST_LOOK = np.timedelta64(1, "h")
"""How long a new score is told before anybody looks whether time has moved it."""
CHANGED_POINTS = 5
"""A score that moved by so much since `score.changed` told it last is told anew: also one that
drifted there a point at a time."""
_SHOWN = ("score", "agreed_score", "grade", "likelihood", "grid")
UNSCORED: dict[str, Any] = {
    "score_seq": None,
    "stale": False,
    "due_at": None,
    "scored_with": "",
    "channel": None,
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
        self._announcer = Announcer(connection, now)

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
        made = list(score_rows(self.scorer, many, self.now, cause))
        seqs = self._scores.append([row for row, _ in made])
        self.made += [row["score"] for row, _ in made]
        return [
            Fresh(told, self._columns(told, seq, one, was))
            for (_, told), seq, one, was in zip(made, seqs, many, before, strict=True)
        ]

    def _columns(
        self, told: dict[str, Any], seq: int, inputs: Inputs, was: Row[Any] | None
    ) -> dict[str, Any]:
        """What a lead's row repeats of a score; what changed is announced."""
        return {
            "score_seq": seq,
            "stale": False,
            "due_at": to_number(self.now + FIRST_LOOK),
            "scored_with": self.scorer.versions.decides,
            "told_score": self._tell(told, was),
            "channel": inputs.first_channel,
            **{k: told[k] for k in _SHOWN},
        }

    def _tell(self, told: dict[str, Any], was: Row[Any] | None) -> int:
        """Announce what changed for a lead; the score that `score.changed` told last."""
        known = was is not None and was.score is not None
        data = {k: told[k] for k in ("lead_id", "score_id", "agreed_score", "as_of")}
        data |= {"score": told["score"], "grade": told["grade"]}
        before = {"score_before": was.score, "grade_before": was.grade} if was and known else {}
        lead_id = str(told["lead_id"])
        self._tell_handoff(data | before, was if known else None, over=told["handed_over"])
        if was is None or not known:
            return int(told["score"])
        if was.grade != told["grade"]:
            self._announcer.announce("grade.changed", lead_id, data | before)
        last = was.score if was.told_score is None else was.told_score
        if abs(told["score"] - last) < CHANGED_POINTS:
            return int(last)
        self._announcer.announce("score.changed", lead_id, data | before | {"score_told": last})
        return int(told["score"])

    def _tell_handoff(self, data: dict[str, Any], was: Row[Any] | None, *, over: bool) -> None:
        # The score before is looked up only where somebody asked: it is a whole answer.
        if not any(map(self._announcer.wants, ("handoff.reached", "handoff.left"))):
            return
        before = was is not None and read(self._scores.by_seq(was.score_seq).answer)["handed_over"]
        if over != before:
            event = "handoff.reached" if over else "handoff.left"
            self._announcer.announce(event, str(data["lead_id"]), data)
