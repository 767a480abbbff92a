"""`/begin/lead`: the last step of the first run, once a model answers."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.beginning.first_leads import Brought, brought
from serving.guarding import allow
from serving.pages import frame
from serving.pages.begin_frame import beginning_of
from serving.state import worker_of
from serving.storage.leads import Filter
from serving.storage.worklist import Wanted, Worklist

router = APIRouter(include_in_schema=False)


@router.get("/begin", dependencies=[Depends(allow("leads.read", page=True))])
@router.get("/begin/{step}", dependencies=[Depends(allow("leads.read", page=True))])
async def first_lead(request: Request, step: str = "lead") -> Response:
    """The leads on their way into the record; then the first of them."""
    if step != "lead":
        return Response(None, 303, {"location": "/begin/lead"})
    worker = worker_of(request)

    def work() -> tuple[Brought | None, str | None]:
        with worker.database.reading() as connection:
            found = brought(beginning_of(request), connection)
            rows = Worklist(connection).page(Wanted(Filter()), 1)
        return found, rows[0].id if rows else None

    told, lead = await run_in_threadpool(work)
    if lead is not None and (told is None or (told.ended and not told.refused)):
        return Response(None, 303, {"location": f"/leads/{quote(lead, safe='')}"})
    is_empty = beginning_of(request).is_empty
    return frame.show(
        request, "begin_lead.html", {"told": told, "lead": lead, "is_empty": is_empty}
    )
