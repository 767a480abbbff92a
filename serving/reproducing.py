"""A past score made again from what is stored, by the model that made it, compared bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from features.errors import LeadpactError
from models.scorer import Scorer
from serving.answering import as_told
from serving.canonical import canonical, read
from serving.rescoring import Inputs, score_inputs
from serving.storage.base import from_number
from serving.storage.events import EventStore
from serving.storage.leads import LeadStore
from serving.storage.scores import ScoreStore


class NotReproducible(LeadpactError):
    """The score, or something it was made from, is no longer there."""


@dataclass(frozen=True)
class Reproduction:
    """A score as told, and as made again.

    Attributes:
        score_id, lead_id: which score, of which lead.
        model: name of the bundle that made it.
        stored, again: both answers; equal in every bit when `same`.
        differs: the parts of the stored answer that are not told again.
    """

    score_id: str
    lead_id: str
    model: str
    stored: dict[str, Any]
    again: dict[str, Any]

    @property
    def differs(self) -> tuple[str, ...]:
        """Which parts are not equal; floats are compared by their bits, as JSON tells them.

        An older version may have told less of a score: what it told must come out again.
        """
        return tuple(k for k in self.stored if not _tells(self.again.get(k), self.stored[k]))

    @property
    def same(self) -> bool:
        """Whether everything came out as it was told."""
        return not self.differs


def _tells(again: Any, stored: Any) -> bool:
    """Whether `again` holds all that `stored` does, with the same values."""
    if isinstance(stored, dict) and isinstance(again, dict):
        return all(k in again and _tells(again[k], value) for k, value in stored.items())
    if isinstance(stored, list) and isinstance(again, list):
        same = len(stored) == len(again)
        return same and all(map(_tells, again, stored))
    return bool(again == stored)


def model_of(connection: Connection, score_id: str) -> str:
    """The name of the bundle that made a score.

    Raises:
        NotReproducible: when there is no such score.
    """
    found = ScoreStore(connection).find(score_id)
    if found is None:
        raise NotReproducible(
            f"There is no score {score_id!r}; its lead may have been removed. Ids are in "
            "GET /v1/leads/ID/scores."
        )
    return str(found.model)


def reproduce(connection: Connection, scorer: Scorer, score_id: str) -> Reproduction:
    """Make a score again with the model that made it, under the edition that was in force.

    Raises:
        NotReproducible: when the score, a version or an activity is gone, or its inputs are not
            those that were hashed.
    """
    inputs, as_of = inputs_of(connection, score_id)
    score = ScoreStore(connection).find(score_id)
    assert score is not None
    stored = read(score.answer)
    by = as_told(connection, scorer, stored)
    # Both sides pass through JSON once: tuples become lists, floats keep every bit.
    again = score_inputs(by, inputs, as_of) | {"score_id": score.id, "cause": score.cause}
    return Reproduction(score.id, score.lead_id, score.model, stored, read(canonical(again)))


def inputs_of(connection: Connection, score_id: str) -> tuple[Inputs, np.datetime64]:
    """What a score was made from, and the instant it looked at.

    Raises:
        NotReproducible: when the score, a version or an activity is gone, or its inputs are not
            those that were hashed.
    """
    model_of(connection, score_id)
    score = ScoreStore(connection).find(score_id)
    assert score is not None
    version = LeadStore(connection).version(score.lead_id, score.lead_version)
    seqs = read(score.activity_seqs)
    rows = EventStore(connection).by_seq(seqs)
    if version is None or len(rows) != len(seqs):
        raise NotReproducible(
            f"Score {score_id} was made from {len(seqs)} activities, of which {len(rows)} are "
            "still stored; the others, or the lead's version, have been erased."
        )
    inputs = Inputs(score.lead_id, score.lead_version, read(version.fields), rows)
    as_of = from_number(score.as_of)
    if inputs.fingerprint(as_of) != score.inputs_sha256:
        raise NotReproducible(
            f"The stored inputs of score {score_id} are not those it was made from: their sha256 "
            "differs. Somebody changed the store behind the service's back."
        )
    return inputs, as_of
