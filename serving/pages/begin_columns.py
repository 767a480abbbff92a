"""`/begin/columns`: which column is what; after the draft, what was noticed."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from features.errors import DocumentRefused
from serving.beginning.drafts import suspects, use
from serving.beginning.folder import FILES, Beginning
from serving.beginning.tables import aside_of, columns_of, guess
from serving.guarding import form_of
from serving.pages.begin_frame import MAY, beginning_of, go, page, when
from serving.problems import Trouble

router = APIRouter(include_in_schema=False)


@router.get("/begin/columns", dependencies=MAY)
async def show_columns(request: Request) -> Response:
    """Which column is what; after the draft, what was noticed."""
    return await when(request, ("columns", "rulebook"), lambda b: _open(request, b))


def _open(request: Request, b: Beginning) -> Response:
    # Who began with none has no columns to name.
    return go("rulebook") if b.is_empty else _columns(request, b)


def _columns(request: Request, b: Beginning, faults: dict[str, str] | None = None) -> Response:
    chosen, draft = b.choices(), b.errand("draft")
    if draft.is_running:
        rows = int(chosen.get("rows-leads", 0))
        busy = f"Reading {rows:,} leads, and looking for what is known only afterwards"
        return page(request, "columns", {"busy": busy})
    columns = columns_of(b.file("leads"))
    told = dict(faults or {})
    if draft.was_started and not b.has_drafts and not faults:
        told = _placed(draft.fault())
    found = vars(guess(columns)) | {k: v for k, v in chosen.items() if k in _CONTROLS}
    has_drafts = b.has_drafts
    context = {
        "columns": columns,
        "aside": _set_aside(chosen),
        "chosen": found,
        "faults": told,
        "has_drafts": has_drafts,
        "notes": [n for n in draft.notes() if "left out as suspicious" not in n],
        "suspects": suspects(b.workspace.fields()) if has_drafts else [],
        "used": b.used,
    }
    return page(request, "columns", context, 422 if faults else 200)


def _set_aside(chosen: dict[str, str]) -> list[dict[str, Any]]:
    """Of which uploaded files lines were set aside: how many of how many, and the first."""
    counts = {of: int(chosen.get(f"aside-{of}") or 0) for of in FILES}
    return [
        {
            "of": of,
            "aside": n,
            "lines": n + int(chosen[f"rows-{of}"]),
            "first": chosen[f"first-{of}"],
        }
        for of, n in counts.items()
        if n
    ]


@router.get("/begin/aside.csv", dependencies=MAY)
async def show_aside(request: Request, of: Literal["leads", "activities", "outcomes"]) -> Response:
    """The lines of an uploaded file that were set aside."""
    path = aside_of(beginning_of(request).folder / f"{of}.csv")
    if not path.is_file():
        raise Trouble("not-found", f"Nothing was set aside of {of}.")
    name = f"{of}-set-aside.csv"
    return FileResponse(path, media_type="text/csv; charset=utf-8", filename=name)


_CONTROLS = ("lead", "as_of", "converted")


def _placed(fault: str) -> dict[str, str]:
    """An error of the draft beside the control that it is about."""
    for word, name in (("--as-of", "as_of"), ("--lead", "lead")):
        if word in fault:
            return {name: fault}
    return {"converted": fault}


@router.post("/begin/columns", dependencies=MAY)
async def take_columns(request: Request) -> Response:
    """Keep which column is what, and draft."""
    form = await form_of(request)

    def work(b: Beginning) -> Response:
        told = {k: form.get(k, "") for k in _CONTROLS}
        b.choose(told)
        known = {c.name for c in columns_of(b.file("leads"))}
        faults = {
            k: "The file has no such column." for k, v in told.items() if v and v not in known
        }
        if not told["converted"]:
            faults["converted"] = "Choose the column that tells whether a lead converted."
        if len({v for v in told.values() if v}) < sum(bool(v) for v in told.values()):
            faults["converted"] = "One column was chosen twice; each means something else."
        if faults:
            return _columns(request, b, faults)
        b.drop_drafts()
        b.start_draft(told["lead"], told["as_of"], told["converted"])
        return go("columns")

    return await when(request, ("columns", "rulebook"), work)


@router.post("/begin/suspects", dependencies=MAY)
async def take_suspects(request: Request) -> Response:
    """Look at those suspects that somebody ticked."""
    form = await form_of(request)

    def work(b: Beginning) -> Response:
        names = [f.name for f in suspects(b.workspace.fields()) if form.get(f"use-{f.name}")]
        try:
            for name in names:
                use(b.workspace, name)
                b.use(name)
        except DocumentRefused as error:
            return _columns(request, b, {"suspects": str(error)})
        return go("rulebook")

    return await when(request, ("rulebook",), work)
