"""Every current score made anew from history and held against what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from models.scorer import Scorer
from serving.answering import as_told
from serving.canonical import canonical, read
from serving.editions import NoSuchEdition
from serving.record import Record
from serving.rescoring import Inputs, score_inputs
from serving.storage.base import from_number
from serving.storage.database import Database
from serving.storage.leads import Filter

_PAGE = 500
_REPEATED = ("score", "agreed_score", "grade", "likelihood")


@dataclass(frozen=True)
class Fault:
    """A lead whose current score is not what its history gives."""

    lead_id: str
    why: str


@dataclass(frozen=True)
class Verified:
    """What a walk over all leads found.

    Attributes:
        leads: how many were looked at.
        scores: current scores that were made anew and compared in every bit.
        waiting: of these, scores that wait for a sweep and say so.
        faults: what is wrong.
    """

    leads: int
    scores: int
    waiting: int
    faults: tuple[Fault, ...]


def verify(
    database: Database, scorer: Scorer, scorer_of: Callable[[str], Scorer], now: np.datetime64
) -> Verified:
    """Walk over all leads.

    Args:
        scorer: the model that answers now.
        scorer_of: the scorer of a model's name, for scores that were made by one before.
    """
    leads = scores = waiting = after = 0
    faults: list[Fault] = []
    while True:
        with database.reading() as connection:
            record = Record(connection, scorer, now)
            page = record.leads.page(Filter(), after, _PAGE)
            scored = [row for row in page if row.scoring_allowed]
            faults += [
                Fault(row.id, why)
                for row, inputs in zip(scored, _inputs(record, scored), strict=True)
                for why in _faults(record, row, inputs, scorer_of)
            ]
        if not page:
            return Verified(leads, scores, waiting, tuple(faults))
        leads, scores, after = leads + len(page), scores + len(scored), page[-1].seq
        waiting += sum(row.stale for row in scored)


def _inputs(record: Record, rows: Sequence[Row[Any]]) -> list[Inputs]:
    return record.inputs_of(rows) if rows else []


def _faults(
    record: Record, row: Row[Any], inputs: Inputs, scorer_of: Callable[[str], Scorer]
) -> Iterator[str]:
    score = record.scores.by_seq(row.score_seq)
    if any(getattr(score, name) != getattr(row, name) for name in _REPEATED):
        yield "the lead's row repeats another score than its current one"
    as_of = from_number(score.as_of)
    if row.stale:
        return
    if score.inputs_sha256 != inputs.fingerprint(as_of):
        yield "its score was made from other inputs than are stored, and it does not say so"
        return
    stored = read(score.answer)
    try:
        by = as_told(record.connection, scorer_of(score.model), stored)
    except NoSuchEdition as error:
        yield str(error)
        return
    told = score_inputs(by, inputs, as_of) | {"score_id": score.id, "cause": score.cause}
    if read(canonical(told)) != stored:
        yield "its score comes out otherwise when it is made anew"
