"""A stored lead scored from what is stored: the same inputs give the same score, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from features.arrays import texts
from features.columns import from_records
from features.snapshot import Snapshot
from features.timeline import Activities, no_activities, see
from models.answer import answer
from models.scorer import Scorer
from serving.canonical import canonical, sha256_of
from serving.storage.base import from_number, to_number

_ACCOUNT = "account"
"""All activities that are looked at are the lead's own or its account's; one name is enough."""


@dataclass(frozen=True)
class Inputs:
    """What a score is made from.

    Attributes:
        lead_id: whose.
        version: of the lead's fields.
        fields: the lead's fields as stored.
        activities: rows of the lead's own activities and of its account's, in stored order.
    """

    lead_id: str
    version: int
    fields: dict[str, Any]
    activities: Sequence[Row[Any]]

    def fingerprint(self, as_of: np.datetime64) -> str:
        """sha256 over everything that decides the score, but model and rulebook."""
        did = [(a.event_id, a.content_sha256) for a in self.activities]
        told = {"lead": self.lead_id, "fields": self.fields, "activities": did}
        return sha256_of(told | {"as_of": to_number(as_of)})


def score_inputs(scorer: Scorer, inputs: Inputs, as_of: np.datetime64) -> dict[str, Any]:
    """The answer (see `models.answer`) for one stored lead; values that are no longer allowed
    by the fields file count as missing, and are told in `warnings`."""
    taken = from_records([inputs.fields], scorer.fields)
    at = np.array([as_of])
    lead, account = texts([inputs.lead_id]), texts([_ACCOUNT])
    seen = see(lead, account, at, activities_of(inputs.activities))
    scores = scorer.score_snapshot(Snapshot(taken.columns, seen, at))
    warnings = [f"{p.sentence()} Taken as missing." for p in taken.problems]
    return answer(inputs.lead_id, scores, 0, scorer) | {"warnings": warnings}


def score_row(
    scorer: Scorer, inputs: Inputs, as_of: np.datetime64, cause: str, score_id: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A score as stored, and the answer it holds."""
    told = score_inputs(scorer, inputs, as_of) | {"score_id": score_id, "cause": cause}
    row = {
        "id": score_id,
        "lead_id": inputs.lead_id,
        "lead_version": inputs.version,
        "activity_seqs": canonical([a.seq for a in inputs.activities]),
        "inputs_sha256": inputs.fingerprint(as_of),
        "as_of": to_number(as_of),
        "cause": cause,
        "model": scorer.versions.model,
        "answer": canonical(told),
        **{k: told[k] for k in _COLUMNS},
    }
    return row, told


_COLUMNS = ("score", "score_exact", "agreed_score", "grade", "likelihood")


def activities_of(rows: Sequence[Row[Any]]) -> Activities:
    """Stored activities of one lead and its account; they all bear one account's name."""
    if not rows:
        return no_activities()
    nothing = np.datetime64("NaT", "us")
    return Activities(
        lead=texts(r.lead_id for r in rows),
        account=texts(_ACCOUNT for _ in rows),
        occurred_at=np.array([from_number(r.occurred_at) for r in rows]),
        recorded_at=np.array(
            [nothing if r.recorded_at is None else from_number(r.recorded_at) for r in rows]
        ),
        channel=texts(r.channel for r in rows),
        kind=texts(r.kind for r in rows),
        team=texts(r.team for r in rows),
        value=np.array([np.nan if r.value is None else r.value for r in rows], dtype=np.float64),
    )
