"""Rows of the worklist as people read them: a bar, a course, and why in one line. No HTML here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from features.columns import readable
from features.fields import Fields
from models.scorer import Scorer
from models.wording import signed
from serving.canonical import read
from serving.pages.pact_bar import PactBar, place
from serving.pages.queue import Clock, duty_of
from serving.pages.sparkline import DAYS, Spark, draw
from serving.top_reasons import points_text, top_reasons

if TYPE_CHECKING:
    from sqlalchemy import Row

_REASONS = 2
"""Parts of a score in a row's one line; the lead's own page has them all."""
_FACTS = 2
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Part:
    """A part of a score in words: its sentence, its points, and whether it is agreed or learned."""

    sentence: str
    points: str
    kind: str


@dataclass(frozen=True)
class Shown:
    """One row.

    Attributes:
        id: the lead's.
        facts: what it is, in a few words.
        score, grade, agreed: as stored.
        bar, spark: the pictures.
        why: the largest parts.
        disagreement: said when the two scores part by more than the tolerance; else "".
        stage, owner: as stored; "" for nobody.
        duty: what sales owes next; None where it owes nothing.
    """

    id: str
    facts: str
    score: int
    grade: str
    agreed: int
    bar: PactBar
    spark: Spark
    why: tuple[Part, ...]
    disagreement: str
    stage: str
    owner: str
    duty: Clock | None


def rows_of(
    scorer: Scorer,
    rows: Sequence[Row[Any]],
    answers: Mapping[int, str],
    courses: Mapping[str, Sequence[tuple[int, int]]],
    duties: Mapping[str, Row[Any]],
    now: int,
) -> list[Shown]:
    """Stored leads as rows.

    Args:
        rows: leads as stored.
        answers: whole answers by the number of the score, as stored.
        courses: scores of 90 days by lead.
        duties: hand-offs that wait, by lead.
        now: the instant, in microseconds.
    """

    def shown(row: Row[Any]) -> Shown:
        waits = duties.get(row.id)
        duty = None if waits is None else duty_of(waits, now)
        return _shown(scorer, row, read(answers[row.score_seq]), courses.get(row.id, ()), duty, now)

    return [shown(row) for row in rows]


def _shown(
    scorer: Scorer,
    row: Row[Any],
    answer: Mapping[str, Any],
    course: Sequence[tuple[int, int]],
    duty: Clock | None,
    now: int,
) -> Shown:
    rulebook = scorer.rulebook
    told = course or [(now - DAYS * _DAY, row.score)]
    return Shown(
        id=row.id,
        facts=facts_of(scorer.fields, read(row.fields)),
        score=row.score,
        grade=row.grade,
        agreed=row.agreed_score,
        bar=place(row.score, row.agreed_score, rulebook.hand_over_from),
        spark=draw(told, now - DAYS * _DAY, now, rulebook.hand_over_from),
        why=largest(answer["reasons"], _REASONS),
        disagreement=disagreement(answer),
        stage=row.stage,
        owner=row.owner or "",
        duty=duty,
    )


def facts_of(fields: Fields, told: Mapping[str, Any]) -> str:
    """What a lead is, in the first texts that its fields hold: "Head of Operations, logistics"."""
    texts = (
        str(told[f.name])
        for f in readable(fields)
        if f.is_input and f.type in ("text", "category") and f.format != "email"
        if told.get(f.name) is not None
    )
    return ", ".join(t for t, _ in zip(texts, range(_FACTS), strict=False))


def largest(reasons: Sequence[Mapping[str, Any]], count: int) -> tuple[Part, ...]:
    """The largest agreed or learned parts of a score, whatever their sign."""
    found = top_reasons(reasons, count)
    return tuple(Part(r.sentence, points_text(r.points, r.kind), r.kind) for r in found)


def disagreement(answer: Mapping[str, Any]) -> str:
    """What is said where the two scores part by more than the tolerance; else ""."""
    told = answer.get("disagreement")  # answers of older versions have none
    if not told:
        return ""
    behind = next(r for r in answer["reasons"] if r["key"] == told["responsible"])
    return (
        f"We disagree by {abs(told['difference'])}: agreed {answer['agreed_score']}, with what was "
        f"learned {answer['score']}; most of it {behind['label']} {signed(behind['learned'])}"
    )
