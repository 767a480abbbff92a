"""A stored lead scored from what is stored: the same inputs give the same score, bit for bit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Row

from features.arrays import Instants, texts
from features.columns import from_records
from features.snapshot import Snapshot
from features.timeline import Activities, no_activities, see
from models.answer import answer
from models.scorer import Scorer
from serving.canonical import canonical, sha256_of
from serving.storage.base import to_number

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

    @property
    def first_channel(self) -> str | None:
        """The channel of the lead's own first touch; None without one."""
        return next((a.channel for a in self.activities if a.lead_id == self.lead_id), None)

    def fingerprint(self, as_of: np.datetime64) -> str:
        """sha256 over everything that decides the score, but model and rulebook."""
        did = [(a.event_id, a.content_sha256) for a in self.activities]
        told = {"lead": self.lead_id, "fields": self.fields, "activities": did}
        return sha256_of(told | {"as_of": to_number(as_of)})


def score_inputs(scorer: Scorer, inputs: Inputs, as_of: np.datetime64) -> dict[str, Any]:
    """The answer (see `models.answer`) for one stored lead; values that are no longer allowed
    by the fields file count as missing, and are told in `warnings`."""
    [told] = score_many(scorer, [inputs], as_of)
    return told


def score_many(
    scorer: Scorer, many: Sequence[Inputs], as_of: np.datetime64
) -> list[dict[str, Any]]:
    """`score_inputs` of many leads at once; each comes out as if alone, in every bit."""
    if not many:
        return []
    snapshot, warnings = snapshot_of(scorer, many, np.full((len(many), 1), as_of))
    scores = scorer.score_snapshot(snapshot)
    return [
        answer(inputs.lead_id, scores, i, scorer) | {"warnings": warnings[i]}
        for i, inputs in enumerate(many)
    ]


def snapshot_of(
    scorer: Scorer, many: Sequence[Inputs], as_of: Instants
) -> tuple[Snapshot, list[list[str]]]:
    """What is known of n stored leads at k instants each, and what was taken as missing.

    Args:
        as_of: (n, k) instants; the snapshot has the n k rows of it, lead by lead.
    """
    taken = from_records([inputs.fields for inputs in many], scorer.fields)
    # Names of their own: what is stored with one lead is never seen of another.
    leads = texts(f"{i} {inputs.lead_id}" for i, inputs in enumerate(many))
    accounts = texts(f"{i} {_ACCOUNT}" for i in range(len(many)))
    rows = np.repeat(np.arange(len(many)), as_of.shape[1])
    at = as_of.ravel()
    seen = see(leads[rows], accounts[rows], at, _activities_of_all(many))
    warnings: list[list[str]] = [[] for _ in many]
    for p in taken.problems:
        warnings[p.row or 0].append(f"{replace(p, row=None).sentence()} Taken as missing.")
    return Snapshot(taken.columns.take(rows), seen, at), warnings


def score_rows(
    scorer: Scorer, many: Sequence[Inputs], as_of: np.datetime64, cause: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Scores as stored, and the answers they hold; of many leads at once."""
    for inputs, told in zip(many, score_many(scorer, many, as_of), strict=True):
        yield _as_stored(inputs, told, as_of, cause, uuid.uuid4().hex)


def _as_stored(
    inputs: Inputs, told: dict[str, Any], as_of: np.datetime64, cause: str, score_id: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    told = told | {"score_id": score_id, "cause": cause}
    row = {
        "id": score_id,
        "lead_id": inputs.lead_id,
        "lead_version": inputs.version,
        "activity_seqs": canonical([a.seq for a in inputs.activities]),
        "inputs_sha256": inputs.fingerprint(as_of),
        "as_of": to_number(as_of),
        "cause": cause,
        "model": told["versions"]["model"],
        "answer": canonical(told),
        **{k: told[k] for k in _COLUMNS},
    }
    return row, told


_COLUMNS = ("score", "score_exact", "agreed_score", "grade", "likelihood")


def activities_of(rows: Sequence[Row[Any]]) -> Activities:
    """Stored activities of one lead and its account; they all bear one account's name."""
    return _activities(rows, [r.lead_id for r in rows], [_ACCOUNT] * len(rows))


def _activities_of_all(many: Sequence[Inputs]) -> Activities:
    """Stored activities of many leads, each under its lead's own names."""
    pairs = [(i, row) for i, inputs in enumerate(many) for row in inputs.activities]
    leads, accounts = [f"{i} {r.lead_id}" for i, r in pairs], [f"{i} {_ACCOUNT}" for i, _ in pairs]
    return _activities([row for _, row in pairs], leads, accounts)


def _activities(
    rows: Sequence[Row[Any]], leads: Sequence[str], accounts: Sequence[str]
) -> Activities:
    if not rows:
        return no_activities()
    return Activities(
        lead=texts(leads),
        account=texts(accounts),
        occurred_at=_instants([r.occurred_at for r in rows]),
        recorded_at=_instants([r.recorded_at for r in rows]),
        channel=texts(r.channel for r in rows),
        kind=texts(r.kind for r in rows),
        team=texts(r.team for r in rows),
        value=np.array([np.nan if r.value is None else r.value for r in rows], dtype=np.float64),
    )


def _instants(stored: Sequence[int | None]) -> Instants:
    nothing = np.iinfo(np.int64).min  # how numpy writes NaT
    told = [nothing if at is None else at for at in stored]
    return np.array(told, dtype=np.int64).view("datetime64[us]")
