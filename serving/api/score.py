"""`POST /v1/score`: one lead, or a list of them."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.answers import Score, Scores
from serving.api.common import json_response, refusals
from serving.bodies import json_body
from serving.guarding import GUARDED, allow
from serving.problems import as_json, refused, wrong
from serving.schema import request_body
from serving.scoring import Asked, Refused, parse, score
from serving.settings import Settings
from serving.state import Worker, worker_of

FEW = 4
"""Up to so many leads are scored where they arrive; more go to a thread, so that others are not
kept waiting."""

_REFUSALS = refusals("not-json", "body-too-large", "not-json-type", "input-refused", *GUARDED)


def routes(settings: Settings) -> APIRouter:
    """The router; its description names the limits that were set."""
    router = APIRouter(prefix="/v1", tags=["scores"])
    body = request_body(settings.max_leads, settings.max_activities)
    router.add_api_route(
        "/score",
        score_leads,
        methods=["POST"],
        response_model=None,
        responses={200: {"model": Score | Scores}, **_REFUSALS},
        openapi_extra={"requestBody": body},
        summary="Score one lead, or a list of leads",
        dependencies=[Depends(allow("score.ask"))],
    )
    return router


async def score_leads(request: Request) -> Response:
    """Score `{"lead": {...}, "activities": [...], "as_of": "..."}`, or `{"leads": [...]}`.

    Nothing is stored. In a list, a lead that cannot be taken is told in its place and the others
    are scored; a single one is refused with 422. The points of `reasons` add up to `score_exact`.
    """
    worker = worker_of(request)
    told = await json_body(request)
    if not isinstance(told, dict):
        allowed = 'an object such as {"lead": {...}}'
        raise refused([wrong("", told, "An object was expected.", allowed)])
    if "leads" in told:
        return await _many(worker, told)
    asked = parse(told, "", worker.settings.max_activities)
    if not isinstance(asked, Asked):
        raise refused(asked, "The lead")
    [result] = await _timed(worker, [asked])
    if isinstance(result, Refused):
        raise refused(result.problems, "The lead")
    return json_response(result)


async def _many(worker: Worker, told: dict[str, Any]) -> Response:
    leads, most = told["leads"], worker.settings.max_leads
    if "lead" in told:
        raise refused([wrong("/lead", told["lead"], "Give `lead` or `leads`, not both.", "one")])
    if not isinstance(leads, list) or not 1 <= len(leads) <= most:
        got = f"{len(leads):,} leads" if isinstance(leads, list) else leads
        raise refused([wrong("/leads", got, "A list was expected.", f"1 to {most:,} leads")])
    parsed = [parse(x, f"/leads/{i}", worker.settings.max_activities) for i, x in enumerate(leads)]
    asked = [a for a in parsed if isinstance(a, Asked)]
    found = iter(await _timed(worker, asked))
    results = [next(found) if isinstance(a, Asked) else Refused(None, a) for a in parsed]
    scored = sum(isinstance(r, dict) for r in results)
    return json_response(
        {
            "results": [r if isinstance(r, dict) else _refusal(r) for r in results],
            "scored": scored,
            "refused": len(results) - scored,
        }
    )


async def _timed(worker: Worker, asked: list[Asked]) -> list[dict[str, Any] | Refused]:
    began = time.perf_counter()
    call = (worker.scorer, asked, worker.clock())
    results = score(*call) if len(asked) <= FEW else await run_in_threadpool(score, *call)
    worker.telemetry.scoring_seconds.observe(time.perf_counter() - began)
    scored = [r["score"] for r in results if isinstance(r, dict)]
    worker.telemetry.scored(scored)
    worker.telemetry.leads.labels("refused").inc(len(results) - len(scored))
    return results


def _refusal(result: Refused) -> dict[str, Any]:
    return {"lead_id": result.lead_id, "errors": [as_json(p) for p in result.problems]}
