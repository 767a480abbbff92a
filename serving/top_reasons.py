"""The largest parts of a score in words, for where there is room for few: a row, a cell, a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models.wording import signed


class TopReason(NamedTuple):
    """A part of a score: what was found of the lead, points, and who gave them: `agreed` by both
    teams, or `learned` from outcomes."""

    sentence: str
    points: float
    kind: str


def top_reasons(reasons: Sequence[Mapping[str, Any]], count: int) -> tuple[TopReason, ...]:
    """The largest agreed or learned parts, whatever their sign; of equals the first.

    Args:
        reasons: of an answer.
    """
    parts = [
        TopReason(r["sentence"], r[kind], kind)
        for r in reasons
        if r["kind"] not in ("base", "limit")
        for kind in ("agreed", "learned")
        if r[kind]
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.points))[:count])


def points_text(points: float, kind: str) -> str:
    """Points as shown: agreed ones whole where they are whole, learned ones with one decimal."""
    return signed(points, 0 if kind == "agreed" and points == round(points) else 1)


def in_words(reason: TopReason) -> str:
    """Such as "Came to a webinar (+8 agreed)"."""
    points = points_text(reason.points, reason.kind)
    return f"{reason.sentence.removesuffix('.')} ({points} {reason.kind})"


def in_one_cell(reasons: Sequence[Mapping[str, Any]], count: int, most: int) -> str:
    """The same in one line of at most `most` characters: as many whole reasons as fit, and of the
    first what fits."""
    told = ""
    for reason in top_reasons(reasons, count):
        longer = f"{told}; {in_words(reason)}" if told else in_words(reason)
        if len(longer) > most:
            return told or f"{longer[: most - 3]}..."
        told = longer
    return told
