"""`/begin`: five steps from a CSV to the first explained lead. Each step is an address of its own;
what was done stays, so one may close the browser and come back."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.pages import begin_columns, begin_leads, begin_learning
from serving.pages.begin_frame import MAY, beginning_of, go

router = APIRouter(include_in_schema=False)


@router.get("/begin", dependencies=MAY)
async def begin(request: Request) -> Response:
    """On to the step that comes next."""
    return go(await run_in_threadpool(beginning_of(request).step))


for step in (begin_leads, begin_columns, begin_learning):
    router.include_router(step.router)
