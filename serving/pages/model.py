"""`/model`: champion and challenger side by side, and who becomes which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from features.errors import BundleRefused, InputRefused
from models.challenger import Challenger
from models.scorer import Scorer
from models.workspace import NoChampion, Workspace
from serving.access.caller import Caller
from serving.driving import driven
from serving.guarding import allow, form_of
from serving.pages import frame
from serving.pages.model_card import card_of
from serving.pages.model_figures import curve, drift, reliability, segment_rows
from serving.pages.notes import note_of
from serving.pages.store import reading
from serving.promoting import Promoting
from serving.state import Worker, worker_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

TESTED = (
    *("leadpact", "rulebook", "corp", "gain", "gain_rulebook", "segments", "same_meaning"),
    *("told_histogram", "of_model"),
)
"""What a card tells of leads held back; all None where there were too few to hold any back."""
router = APIRouter(include_in_schema=False)
FIGURES = (
    ("log_loss", "Log loss", "{:.4f}"),
    ("auc", "AUC", "{:.3f}"),
    ("brier", "Brier score", "{:.4f}"),
    ("ece", "Calibration error (ECE)", "{:.4f}"),
    ("lift10", "Lift of the best 10 in 100", "{:.2f}"),
)


@router.get("/model", dependencies=[Depends(allow("model.read", page=True))])
async def show_model(request: Request) -> Response:
    """The model that answers beside the one that waits."""
    return await _page(request)


async def _page(request: Request, note: str = "", fault: str = "") -> Response:
    """The page, with the note that was typed and what was wrong with it."""
    worker = worker_of(request)
    workspace = Workspace(Path(worker.settings.workspace))
    challenger, why_not = await run_in_threadpool(_challenger, workspace)

    def ask(connection: Connection, worker: Worker) -> dict[str, Any]:
        moves = driven(connection, worker.scorer)
        sides = [side_of("champion", worker.scorer, workspace)]
        if challenger is not None:
            sides.append(side_of("challenger", challenger, workspace))
        return sides_told(sides) | {
            "why_not": why_not,
            "drivers": moves.drivers,
            "driven": moves.scores,
            "shapes": moves.shapes,
            "widest": max(
                (max(abs(x.agreed), abs(x.learned)) for one in moves.shapes for x in one.steps),
                default=1.0,
            ),
            "most": max((d["agreed"] + d["learned"] for d in moves.drivers), default=1.0),
        }

    context = await reading(request, ask) | {"note": note, "fault": fault}
    return frame.show(request, "model.html", context, 422 if fault else 200)


def _challenger(workspace: Workspace) -> tuple[Scorer | None, str]:
    """The model that waits, and why it cannot be shown where it cannot."""
    try:
        return Challenger(workspace).scorer(), ""
    except (BundleRefused, NoChampion) as error:
        return None, str(error)


def sides_told(sides: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page tells of one or two models beside each other."""
    grouped = [(s["role"], s["tested"]["segments"]) for s in sides if s["tested"]["segments"]]
    return {"sides": sides, "figures": FIGURES, "segments": segment_rows(grouped)}


def side_of(role: str, scorer: Scorer, workspace: Workspace) -> dict[str, Any]:
    """What the page tells of a model, in its role."""
    card = scorer.card
    tested = dict.fromkeys(TESTED) | (card.get("evaluation") or {})
    return {
        "role": role,
        "model": scorer.versions.model,
        "versions": scorer.versions,
        "card": card,
        "has_card": card_of(workspace, scorer.versions.model).is_file(),
        "tested": tested,
        "reliability": reliability(tested["corp"], tested["told_histogram"]),
        "gain": curve(tested["gain"]) if tested["gain"] else "",
        "gain_rulebook": curve(tested["gain_rulebook"]) if tested["gain_rulebook"] else "",
        "drift": drift(card.get("drift", [])),
    }


@router.post("/model")
async def decide(
    request: Request, caller: Annotated[Caller, Depends(allow("model.promote", page=True))]
) -> Response:
    """Promote or reject the challenger, with a note."""
    typed, worker = await form_of(request), worker_of(request)
    act = typed.get("act", "")
    try:
        note = note_of(typed, "note", "Say why")
    except InputRefused as refusal:
        return await _page(request, typed.get("note", ""), str(refusal))
    promoting = Promoting(worker.database, Path(worker.settings.workspace), worker.clock())
    steps = {"promote": promoting.promote, "reject": promoting.reject}
    if act not in steps:
        raise InputRefused("Promote or reject the challenger by a button of the page.")
    await run_in_threadpool(steps[act], typed.get("model", ""), note, caller)
    return Response(None, 303, {"location": "/model"})
