"""`POST /v1/score`: one lead, or a list of them."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from features.fields import Fields
from serving.answers import ProblemTold, Score, Scores
from serving.bodies import json_body
from serving.problems import MEDIA_TYPE, TITLES, Trouble, refused, wrong
from serving.schema import request_body
from serving.scoring import Asked, Refused, parse, score
from serving.settings import Settings
from serving.state import Worker, worker_of

FEW = 4
"""Up to so many leads are scored where they arrive; more go to a thread, so that others are not
kept waiting."""

_REFUSALS: dict[int | str, dict[str, Any]] = {
    TITLES[kind][0]: {
        "description": TITLES[kind][1],
        "model": ProblemTold,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemTold"}}},
    }
    for kind in ("not-json", "body-too-large", "not-json-type", "input-refused", "internal-error")
}


def routes(fields: Fields, settings: Settings) -> APIRouter:
    """The router, whose description speaks of this workspace's fields."""
    router = APIRouter(prefix="/v1", tags=["scores"])
    body = request_body(fields, settings.max_leads, settings.max_activities)
    router.add_api_route(
        "/score",
        score_leads,
        methods=["POST"],
        response_model=None,
        responses={200: {"model": Score | Scores}, **_REFUSALS},
        openapi_extra={"requestBody": body},
        summary="Score one lead, or a list of leads",
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
    return _json(result)


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
    return _json(
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
    for shown in scored:
        worker.telemetry.scores.observe(shown)
    worker.telemetry.leads.labels("scored").inc(len(scored))
    worker.telemetry.leads.labels("refused").inc(len(results) - len(scored))
    return results


def _refusal(result: Refused) -> dict[str, Any]:
    told = Trouble("input-refused", "", result.problems).as_json()
    return {"lead_id": result.lead_id, "errors": told.get("errors", [])}


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
