"""What the steps of the first run share: who may, which step is open, and their pages' frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.access.secrets import form_token
from serving.beginning.folder import STEPS, Beginning, Step
from serving.guarding import allow, session_of
from serving.pages.frame import show_plain

MAY = [Depends(allow("jobs.run", page=True))]


def beginning_of(request: Request) -> Beginning:
    """The first run of this app's workspace."""
    return cast(Beginning, request.app.state.beginning)


def go(step: Step) -> Response:
    """On to a step."""
    return Response(None, 303, {"location": f"/begin/{step}"})


def page(request: Request, step: Step, context: dict[str, Any], status: int = 200) -> Response:
    """A step's page."""
    common = {
        "steps": STEPS,
        "step": step,
        "is_empty": beginning_of(request).is_empty,
        "ahead": list(STEPS).index(beginning_of(request).step()),
        "token": form_token(session_of(request)),
        "busy": None,
        "faults": {},
    }
    return show_plain(request, f"begin_{step}.html", common | context, status)


async def when(
    request: Request, allowed: tuple[Step, ...], show: Callable[[Beginning], Response]
) -> Response:
    """The page, or on to the step that comes next where this one is not open."""

    def work() -> Response:
        now = beginning_of(request).step()
        return show(beginning_of(request)) if now in allowed else go(now)

    return await run_in_threadpool(work)
