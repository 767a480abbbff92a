"""`/begin/rulebook`, the draft as sentences with points; `/begin/learn`, how far learning is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from features.errors import DocumentRefused
from features.rulebook.cases import run_cases
from features.rulebook.sentences import sentence
from serving.beginning.drafts import give_points, wrong_points
from serving.beginning.folder import Beginning
from serving.guarding import form_of
from serving.pages.begin_frame import MAY, go, page, when

_BUSY = {False: "Learning from your history", True: "Making the first model, from what is agreed"}
"""Whether there are no leads -> what is told meanwhile."""
router = APIRouter(include_in_schema=False)


@router.get("/begin/rulebook", dependencies=MAY)
async def show_rulebook(request: Request) -> Response:
    """The draft as sentences."""
    return await when(request, ("rulebook",), lambda b: _rulebook(request, b, {}, {}))


def _rulebook(
    request: Request, b: Beginning, typed: dict[str, str], faults: dict[str, str]
) -> Response:
    try:
        rulebook, fields = b.workspace.rulebook(), b.workspace.fields()
    except DocumentRefused as error:
        told: dict[str, Any] = {"refused": str(error), "rulebook": None}
        return page(request, "rulebook", told, 422)
    cases = run_cases(rulebook, fields)
    context = {
        "refused": "",
        "rulebook": rulebook,
        "rows": [(c, sentence(c.when)) for c in rulebook.criteria],
        "typed": typed,
        "faults": faults,
        "missed": [v for v in cases if not v.holds],
        "cases": len(cases),
        "fields": [f.label or f.name for f in fields.inputs],
    }
    return page(request, "rulebook", context, 422 if faults else 200)


@router.post("/begin/rulebook", dependencies=MAY)
async def take_rulebook(request: Request) -> Response:
    """Keep the points, and learn if that was asked for."""
    form = await form_of(request)

    def work(b: Beginning) -> Response:
        rulebook = b.workspace.rulebook()
        typed = {
            c.id: form[f"points-{c.id}"].strip()
            for c in rulebook.criteria
            if f"points-{c.id}" in form
        }
        faults = {name: why for name, text in typed.items() if (why := wrong_points(text))}
        try:
            if typed and not faults and rulebook.status != "signed":
                points = {k: float(v.replace("\N{MINUS SIGN}", "-")) for k, v in typed.items()}
                give_points(b.workspace, points)
        except DocumentRefused as error:
            faults = {"": str(error)}
        if faults:
            return _rulebook(request, b, typed, faults)
        if "learn" not in form:
            return go("rulebook")
        b.start_training()
        return go("learn")

    return await when(request, ("rulebook",), work)


@router.get("/begin/learn", dependencies=MAY)
async def show_learn(request: Request) -> Response:
    """How far the training is."""

    def work(b: Beginning) -> Response:
        errand = b.errand("train")
        if not errand.was_started:
            return go(b.step())
        fault = b.fault
        busy = errand.is_running
        if not busy and not b.workspace.has_champion:
            fault = errand.fault() or "The training ended and told no reason."
        context = {
            "busy": None if fault else _BUSY[b.is_empty],
            "progress": errand.progress(),
            "fault": fault,
        }
        return page(request, "learn", context)

    return await when(request, ("learn", "rulebook", "lead"), work)


@router.post("/begin/learn", dependencies=MAY)
async def learn_again(request: Request) -> Response:
    """Start the training anew."""

    def work(b: Beginning) -> Response:
        b.start_training()
        return go("learn")

    return await when(request, ("rulebook",), work)
