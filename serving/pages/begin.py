"""`/begin`: five steps from a CSV to the first explained lead. Each step is an address of its own;
what was done stays, so one may close the browser and come back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from features.errors import DocumentRefused, InputRefused
from features.rulebook.cases import run_cases
from features.rulebook.sentences import sentence
from serving.access.secrets import form_token
from serving.beginning.drafts import give_points, suspects, use, wrong_points
from serving.beginning.folder import FILES, SAMPLE_LEADS, STEPS, Beginning, Step
from serving.beginning.tables import columns_of, guess, take
from serving.guarding import allow, form_of, session_of
from serving.pages.frame import show_plain

router = APIRouter(include_in_schema=False)
MAY = [Depends(allow("jobs.run", page=True))]
MAY_SEND = [Depends(allow("jobs.run", page=True, files=len(FILES)))]
_NOT_OURS = (
    "The folder holds files that this first run did not bring. They are left alone: learn from "
    "them, or serve an empty folder."
)


def beginning_of(request: Request) -> Beginning:
    """The first run of this app's workspace."""
    return cast(Beginning, request.app.state.beginning)


def _go(step: Step) -> Response:
    return Response(None, 303, {"location": f"/begin/{step}"})


def _page(request: Request, step: Step, context: dict[str, Any], status: int = 200) -> Response:
    common = {
        "steps": STEPS,
        "step": step,
        "ahead": list(STEPS).index(beginning_of(request).step()),
        "token": form_token(session_of(request)),
        "busy": None,
        "faults": {},
    }
    return show_plain(request, f"begin_{step}.html", common | context, status)


async def _when(
    request: Request, allowed: tuple[Step, ...], show: Callable[[Beginning], Response]
) -> Response:
    """The page, or on to the step that comes next where this one is not open."""

    def work() -> Response:
        now = beginning_of(request).step()
        return show(beginning_of(request)) if now in allowed else _go(now)

    return await run_in_threadpool(work)


@router.get("/begin", dependencies=MAY)
async def begin(request: Request) -> Response:
    """On to the step that comes next."""
    return _go(await run_in_threadpool(beginning_of(request).step))


@router.get("/begin/leads", dependencies=MAY)
async def show_leads(request: Request) -> Response:
    """Which files to bring."""
    return await _when(request, ("leads", "columns", "rulebook"), lambda b: _leads(request, b))


def _leads(request: Request, b: Beginning, faults: dict[str, str] | None = None) -> Response:
    errand = b.errand("sample")
    if errand.is_running:
        return _page(request, "leads", {"busy": f"Simulating {SAMPLE_LEADS:,} leads"})
    told = dict(faults or {})
    if errand.was_started and b.has_drafts:
        errand.forget()
        return _go("rulebook")
    if errand.was_started:
        told["sample"] = errand.fault()
    there = {of: _size(b.file(of)) for of in FILES}
    context = {"faults": told, "there": there, "sample": SAMPLE_LEADS}
    return _page(request, "leads", context, 422 if faults else 200)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB" if path.is_file() else ""


@router.post("/begin/leads", dependencies=MAY_SEND)
async def take_leads(request: Request) -> Response:
    """Keep the files that were sent; what was sent before stays where nothing came in its place."""
    form = await request.form()
    sent = {of: f for of in FILES if isinstance(f := form.get(of), UploadFile) and f.filename}

    def work(b: Beginning) -> Response:
        if not b.is_ours:
            return _leads(request, b, {"leads": _NOT_OURS})
        b.claim()
        if sent:
            b.leave_sample()
        faults: dict[str, str] = {}
        for of, file in sent.items():
            try:
                _keep(b, of, file)
            except InputRefused as error:
                faults[of] = f"{file.filename}: {error}"
        if not faults and not b.file("leads").is_file():
            faults["leads"] = "Choose the file with your leads first."
        if faults:
            return _leads(request, b, faults)
        b.drop_drafts()
        b.errand("draft").forget()
        return _go("columns")

    return await _when(request, ("leads", "columns", "rulebook"), work)


def _keep(b: Beginning, of: str, file: UploadFile) -> None:
    with NamedTemporaryFile(dir=b.folder, suffix=".upload") as copy:
        shutil.copyfileobj(file.file, copy)
        copy.flush()
        b.choose({f"rows-{of}": str(take(Path(copy.name), b.file(of)))})


@router.post("/begin/sample", dependencies=MAY)
async def take_sample(request: Request) -> Response:
    """Begin with the simulated company."""

    def work(b: Beginning) -> Response:
        if not b.is_ours:
            return _leads(request, b, {"sample": _NOT_OURS})
        b.start_sample()
        return _go("leads")

    return await _when(request, ("leads", "columns", "rulebook"), work)


@router.get("/begin/columns", dependencies=MAY)
async def show_columns(request: Request) -> Response:
    """Which column is what; after the draft, what was noticed."""
    return await _when(request, ("columns", "rulebook"), lambda b: _columns(request, b))


def _columns(request: Request, b: Beginning, faults: dict[str, str] | None = None) -> Response:
    chosen, draft = b.choices(), b.errand("draft")
    if draft.is_running:
        rows = int(chosen.get("rows-leads", 0))
        busy = f"Reading {rows:,} leads, and looking for what is known only afterwards"
        return _page(request, "columns", {"busy": busy})
    columns = columns_of(b.file("leads"))
    told = dict(faults or {})
    if draft.was_started and not b.has_drafts and not faults:
        told = _placed(draft.fault())
    found = vars(guess(columns)) | {k: v for k, v in chosen.items() if k in _CONTROLS}
    has_drafts = b.has_drafts
    context = {
        "columns": columns,
        "chosen": found,
        "faults": told,
        "has_drafts": has_drafts,
        "notes": [n for n in draft.notes() if "left out as suspicious" not in n],
        "suspects": suspects(b.workspace.fields()) if has_drafts else [],
        "used": b.used,
    }
    return _page(request, "columns", context, 422 if faults else 200)


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
        return _go("columns")

    return await _when(request, ("columns", "rulebook"), work)


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
        return _go("rulebook")

    return await _when(request, ("rulebook",), work)


@router.get("/begin/rulebook", dependencies=MAY)
async def show_rulebook(request: Request) -> Response:
    """The draft as sentences."""
    return await _when(request, ("rulebook",), lambda b: _rulebook(request, b, {}, {}))


def _rulebook(
    request: Request, b: Beginning, typed: dict[str, str], faults: dict[str, str]
) -> Response:
    try:
        rulebook, fields = b.workspace.rulebook(), b.workspace.fields()
    except DocumentRefused as error:
        told: dict[str, Any] = {"refused": str(error), "rulebook": None}
        return _page(request, "rulebook", told, 422)
    cases = run_cases(rulebook, fields)
    context = {
        "refused": "",
        "rulebook": rulebook,
        "rows": [(c, sentence(c.when)) for c in rulebook.criteria],
        "typed": typed,
        "faults": faults,
        "missed": [v for v in cases if not v.holds],
        "cases": len(cases),
    }
    return _page(request, "rulebook", context, 422 if faults else 200)


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
            return _go("rulebook")
        b.start_training()
        return _go("learn")

    return await _when(request, ("rulebook",), work)


@router.get("/begin/learn", dependencies=MAY)
async def show_learn(request: Request) -> Response:
    """How far the training is."""

    def work(b: Beginning) -> Response:
        errand = b.errand("train")
        if not errand.was_started:
            return _go(b.step())
        fault = b.fault
        busy = errand.is_running
        if not busy and not b.workspace.has_champion:
            fault = errand.fault() or "The training ended and told no reason."
        context = {
            "busy": None if fault else "Learning from your history",
            "progress": errand.progress(),
            "fault": fault,
        }
        return _page(request, "learn", context)

    return await _when(request, ("learn", "rulebook", "lead"), work)


@router.post("/begin/learn", dependencies=MAY)
async def learn_again(request: Request) -> Response:
    """Start the training anew."""

    def work(b: Beginning) -> Response:
        b.start_training()
        return _go("learn")

    return await _when(request, ("rulebook",), work)
