"""`/leads`: the worklist, and the same as CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, BinaryIO
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from features.errors import InputRefused
from features.stages import STAGES
from serving.access.caller import Caller, Conflict
from serving.guarding import allow, caller_of, form_of
from serving.pages import frame
from serving.pages.leads_file import sent, write_leads
from serving.pages.sparkline import DAYS
from serving.pages.store import reading, writing
from serving.pages.worklist import Shown, rows_of
from serving.record import NEW
from serving.state import Worker, worker_of
from serving.storage.base import to_number
from serving.storage.worklist import Worklist
from serving.viewing import ASKS, forget_view, save_view, views_of
from serving.working import DAY, SORTED_BY, VIEWS, Asked, counts_of, look

PAGE = 36
"""Leads of a page, which stays under 60 kB with them."""
_LISTED = 200
"""Names of one drop-down list."""
router = APIRouter(include_in_schema=False, dependencies=[Depends(allow("leads.read", page=True))])
keeping = APIRouter(include_in_schema=False)


async def _read(request: Request, ask: Callable[[Worklist, Worker], Any]) -> Any:
    worker = worker_of(request)

    def work() -> Any:
        with worker.database.reading() as connection:
            return ask(Worklist(connection), worker)

    return await run_in_threadpool(work)


@router.get("/leads")
async def show_leads(request: Request, asked: Annotated[Asked, Depends()]) -> Response:
    """Open leads, the highest score first, with why in one line."""
    return await _page(request, asked)


async def _page(request: Request, asked: Asked, name: str = "", fault: str = "") -> Response:
    """The page, with the name that was typed for a view and what was wrong with it."""
    context = await _read(request, lambda store, worker: _context(store, worker, asked))
    mine = await reading(request, lambda c, _w: views_of(c, caller_of(request)))
    saved = [view | {"address": _address(view["asks"])} for view in mine]
    context |= {"saved": saved, "name": name, "fault": fault}
    return frame.show(request, "leads.html", context, 422 if fault else 200)


def _address(asks: dict[str, str]) -> str:
    return f"/leads?{urlencode(asks)}" if asks else "/leads"


@keeping.post("/leads")
async def change_views(
    request: Request, caller: Annotated[Caller, Depends(allow("own.views", page=True))]
) -> Response:
    """Keep this view under a name, or forget one; back to the worklist."""
    typed = await form_of(request)
    asks = {key: typed.get(key, "") for key in ASKS}
    if typed.get("forget"):
        await writing(request, lambda c, _w: forget_view(c, caller, typed["forget"]))
        return Response(None, 303, {"location": "/leads"})
    name = typed.get("name", "")
    try:
        await writing(request, lambda c, w: save_view(c, caller, name, asks, w.clock()))
    except (InputRefused, Conflict) as refusal:
        told = {key: value for key, value in asks.items() if value}
        return await _page(request, Asked(**told), name, str(refusal))
    return Response(None, 303, {"location": _address({k: v for k, v in asks.items() if v})})


def _context(store: Worklist, worker: Worker, asked: Asked) -> dict[str, Any]:
    rulebook = worker.scorer.rulebook
    now = to_number(worker.clock())
    rows, after = look(store, rulebook, asked, now, PAGE)
    counts = counts_of(store, rulebook, now)
    return {
        "asked": asked,
        "leads": _shown(store, worker, rows),
        "counts": counts,
        "views": [(key, name, counts[count]) for key, (name, count) in VIEWS.items()],
        "owners": store.owners(_LISTED),
        "channels": store.channels(_LISTED),
        "cells": [f + e for f in "ABCD" for e in "1234"] if rulebook.grid else [],
        "keeps": ASKS,
        "stages": [NEW, *STAGES],
        "sorts": SORTED_BY,
        "hand_over": round(rulebook.hand_over_from),
        "next": after,
        "at": worker.clock(),
        "page": PAGE,
    }


def _shown(store: Worklist, worker: Worker, rows: list[Any]) -> list[Shown]:
    now = to_number(worker.clock())
    answers = store.answers(r.score_seq for r in rows)
    courses = store.courses((r.id for r in rows), now - DAYS * DAY)
    return rows_of(worker.scorer, rows, answers, courses, store.duties(r.id for r in rows), now)


@router.get("/leads.csv")
async def export_leads(request: Request, asked: Annotated[Asked, Depends()]) -> Response:
    """The view as a file: all of its leads in its order; every cell inert in a spreadsheet."""
    file = await _read(request, lambda store, worker: _as_file(store, worker, asked))
    name = "leads-simulated.csv" if worker_of(request).scorer.simulated else "leads.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(sent(file), 200, headers, "text/csv; charset=utf-8")


def _as_file(store: Worklist, worker: Worker, asked: Asked) -> BinaryIO:
    wanted = asked.wanted(worker.scorer.rulebook, to_number(worker.clock()))
    return write_leads(store.every(wanted), worker.scorer)
