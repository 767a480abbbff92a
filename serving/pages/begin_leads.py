"""`/begin/leads`: a CSV, the simulated company, or none yet."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from features.errors import InputRefused
from serving.beginning.folder import FILES, SAMPLE_LEADS, Beginning, Step
from serving.beginning.tables import take
from serving.guarding import allow
from serving.pages.begin_frame import MAY, go, page, when

router = APIRouter(include_in_schema=False)
MAY_SEND = [Depends(allow("jobs.run", page=True, files=len(FILES)))]
_NOT_OURS = (
    "The folder holds files that this first run did not bring. They are left alone: learn from "
    "them, or serve an empty folder."
)
_OPEN: tuple[Step, ...] = ("leads", "columns", "rulebook")
"""Steps from which other leads may still be brought."""
_ERRANDS: dict[Literal["sample", "empty"], str] = {
    "sample": f"Simulating {SAMPLE_LEADS:,} leads",
    "empty": "Drafting fields and a small rulebook",
}
"""What may be running where no file was brought, in words."""


@router.get("/begin/leads", dependencies=MAY)
async def show_leads(request: Request) -> Response:
    """Which files to bring."""
    return await when(request, _OPEN, lambda b: _leads(request, b))


def _leads(request: Request, b: Beginning, faults: dict[str, str] | None = None) -> Response:
    told = dict(faults or {})
    for name, says in _ERRANDS.items():
        errand = b.errand(name)
        if errand.is_running:
            return page(request, "leads", {"busy": says})
        if errand.was_started and b.has_drafts:
            errand.forget()
            return go("rulebook")
        if errand.was_started:
            told.setdefault(name, errand.fault())
    there = {of: _size(b.file(of)) if b.has(of) else "" for of in FILES}
    context = {"faults": told, "there": there, "sample": SAMPLE_LEADS}
    return page(request, "leads", context, 422 if faults else 200)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"


@router.post("/begin/leads", dependencies=MAY_SEND)
async def take_leads(request: Request) -> Response:
    """Keep the files that were sent; what was sent before stays where nothing came in its place."""
    form = await request.form()
    sent = {of: f for of in FILES if isinstance(f := form.get(of), UploadFile) and f.filename}

    def work(b: Beginning) -> Response:
        if not b.is_ours:
            return _leads(request, b, {"leads": _NOT_OURS})
        b.claim()
        faults: dict[str, str] = {}
        for of, file in sent.items():
            try:
                _keep(b, of, file)
            except InputRefused as error:
                faults[of] = f"{file.filename}: {error}"
        if not faults and not b.has("leads"):
            faults["leads"] = "Choose the file with your leads first."
        if faults:
            return _leads(request, b, faults)
        b.leave_drafts()
        return go("columns")

    return await when(request, _OPEN, work)


def _keep(b: Beginning, of: str, file: UploadFile) -> None:
    """What was there before goes only once it is known that this can be used."""
    with NamedTemporaryFile(dir=b.folder, suffix=".upload") as copy:
        shutil.copyfileobj(file.file, copy)
        copy.flush()
        checked = b.folder / f"{of}.csv"
        taken = take(Path(copy.name), checked)
    b.leave_drafts()
    checked.replace(b.file(of))
    told = {"rows": str(taken.rows), "aside": str(taken.aside), "first": taken.first}
    b.choose({f"{key}-{of}": value for key, value in told.items()})


@router.post("/begin/sample", dependencies=MAY)
async def take_sample(request: Request) -> Response:
    """Begin with the simulated company."""
    return await _without_file(request, "sample", Beginning.start_sample)


@router.post("/begin/empty", dependencies=MAY)
async def take_none(request: Request) -> Response:
    """Begin with no lead at all."""
    return await _without_file(request, "empty", Beginning.start_empty)


async def _without_file(
    request: Request, name: str, start: Callable[[Beginning], None]
) -> Response:
    def work(b: Beginning) -> Response:
        if not b.is_ours:
            return _leads(request, b, {name: _NOT_OURS})
        start(b)
        return go("leads")

    return await when(request, _OPEN, work)
