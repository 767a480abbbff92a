"""What moves scores: lines and fields, by what the newest scores say of them. No HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from models.scorer import Scorer
from serving.canonical import read
from serving.shapes import Shape, shapes
from serving.storage.leads import LeadStore
from serving.storage.worklist import Worklist

MOST_DRIVERS, MOST_SHAPES, DRIVEN = 12, 3, 300
"""Lines and fields that are told; newest scores that they are told of."""


@dataclass(frozen=True)
class Driven:
    """What moves scores.

    Attributes:
        scores: how many were looked at.
        drivers: see `drivers`.
        shapes: of the fields that move scores most, the widest first.
    """

    scores: int
    drivers: list[dict[str, Any]]
    shapes: list[Shape]


def driven(connection: Connection, scorer: Scorer) -> Driven:
    """What moves the newest scores of the record."""
    answers = [read(text) for text in Worklist(connection).newest_answers(DRIVEN)]
    rows = LeadStore(connection).find_many({str(a["lead_id"]) for a in answers})
    known = {row.id: read(row.fields) for row in rows}
    pairs = [(known[a["lead_id"]], a) for a in answers if a["lead_id"] in known]
    drawn = shapes(scorer.fields, scorer.rulebook, pairs, MOST_SHAPES)
    return Driven(len(answers), drivers(answers, MOST_DRIVERS), drawn)


def drivers(answers: Sequence[Mapping[str, Any]], most: int) -> list[dict[str, Any]]:
    """What moves scores: mean size of each line's agreed and learned points over these scores.

    Args:
        answers: whole answers, as stored.
        most: lines that are told, the largest first; one that moves nothing is not told.
    """
    sums: dict[str, dict[str, Any]] = {}
    for answer in answers:
        for r in answer["reasons"]:
            if r["kind"] in ("base", "limit"):
                continue
            told = sums.setdefault(
                r["key"], {"label": r["label"], "agreed": 0.0, "learned": 0.0, "leads": 0}
            )
            told["agreed"] += abs(r["agreed"])
            told["learned"] += abs(r["learned"])
            told["leads"] += 1
    n = max(len(answers), 1)
    found = [
        {"key": key, "label": t["label"], "agreed": t["agreed"] / n, "learned": t["learned"] / n}
        for key, t in sums.items()
        if t["agreed"] + t["learned"] > 0
    ]
    found.sort(key=lambda t: -(t["agreed"] + t["learned"]))
    return found[:most]
