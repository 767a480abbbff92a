"""`/`: a lead typed into a form, its score, and why."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from serving.guarding import allow, form_of
from serving.pages import frame
from serving.pages.form import (
    ROWS,
    Did,
    activities_of,
    controls,
    example,
    known_activities,
    lead_of,
)
from serving.pages.pact_bar import grade_spans, place
from serving.pages.waterfall import draw
from serving.scoring import Asked, Refused, score
from serving.state import Worker, worker_of

router = APIRouter(include_in_schema=False, dependencies=[Depends(allow("score.ask", page=True))])


@router.get("/")
async def show_form(request: Request, empty: str | None = None) -> Response:
    """The form with an example in it, already scored; or an empty one."""
    worker = worker_of(request)
    typed = {} if empty is not None else example(worker.scorer)
    return _page(request, worker, typed, [], is_example=bool(typed))


@router.post("/")
async def score_form(request: Request) -> Response:
    """The form as typed, with the score of that lead. Nothing is stored."""
    typed = await form_of(request)
    return _page(request, worker_of(request), typed, _rows(typed), is_example=False)


def _rows(typed: dict[str, str]) -> list[Did]:
    def text(name: str, i: int) -> str:
        return typed.get(f"{name}-{i}", "").strip()

    return [Did(text("kind", i), text("channel", i), text("days-ago", i)) for i in range(ROWS)]


def _page(
    request: Request, worker: Worker, typed: dict[str, str], rows: list[Did], is_example: bool
) -> Response:
    scorer, now = worker.scorer, worker.clock()
    rulebook = scorer.rulebook
    activities, fault = activities_of(rows, now)
    errors: dict[str, str] = {}
    answer: dict[str, Any] | None = None
    if typed or activities:
        [found] = score(scorer, [Asked(lead_of(scorer, typed), activities, None)], now)
        if isinstance(found, Refused):
            errors = {p.field: f"{p.why} Got {p.got}." for p in found.problems}
        elif not fault:
            answer = found
    context = {
        "known": known_activities(scorer),
        "controls": controls(scorer, typed, errors),
        "rows": (rows + [Did("", "", "")] * ROWS)[:ROWS],
        "fault": fault,
        "errors": errors,
        "answer": answer,
        "is_example": is_example,
        "picture": answer and draw(answer["reasons"], rulebook.hand_over_from),
        "bar": answer and place(answer["score"], answer["agreed_score"], rulebook.hand_over_from),
        "grades": answer and grade_spans(rulebook.grades, answer["grade"]),
    }
    return frame.show(request, "home.html", context, 422 if errors or fault else 200)
