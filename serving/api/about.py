"""Routes about the service itself: alive, ready, which model, figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from features.columns import readable
from features.rulebook.sentences import rule_sentence, sentence
from features.values import allowed
from models.challenger import Challenger
from models.scorer import Scorer
from models.workspace import Workspace
from serving.access.caller import Caller
from serving.answers import Drivers, Health
from serving.api.access_models import parse
from serving.api.common import json_response, refusals
from serving.api.pact import body_of
from serving.api.pact_models import ModelDecision
from serving.bodies import json_body
from serving.driving import driven
from serving.freshness import freshness
from serving.guarding import GUARDED, allow
from serving.problems import Trouble
from serving.promoting import Promoting
from serving.state import worker_of

router = APIRouter(tags=["service"])
_BAD = ("not-json", "not-json-type", "body-too-large", "input-refused", "conflict", "model-damaged")


@router.get("/healthz", summary="Whether the worker runs")
async def healthz(request: Request) -> Health:
    """200 as long as the worker answers at all."""
    return Health(status="ok", model=worker_of(request).scorer.versions.model)


@router.get("/readyz", summary="Whether the worker can answer", responses=refusals("not-ready"))
async def readyz(request: Request) -> Health:
    """200 when a model is loaded, the store answers and is of this version, and the worker is not
    being stopped; else 503 with the reason."""
    why_not = await request.app.state.readiness.why_not()
    if why_not is not None:
        raise Trouble("not-ready", why_not, headers={"retry-after": "1"})
    return Health(status="ready", model=worker_of(request).scorer.versions.model)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **refusals(*GUARDED),
    },
    dependencies=[Depends(allow("figures.read"))],
)
async def metrics(request: Request) -> Response:
    """Counts and times in Prometheus' text format."""
    worker = worker_of(request)
    ask = (worker.database, worker.scorer.versions, worker.clock())
    told = await run_in_threadpool(freshness, *ask)
    return Response(worker.telemetry.text(told), media_type=CONTENT_TYPE_LATEST)


@router.get(
    "/v1/model",
    summary="The model that answers",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        **refusals(*GUARDED),
    },
    dependencies=[Depends(allow("model.read"))],
)
async def model(request: Request) -> Response:
    """Versions, the agreed scale and what it came to, grades, fields, and how it was tested."""
    content = msgspec.json.encode(about(worker_of(request).scorer))
    return Response(content, media_type="application/json")


@router.get(
    "/v1/model/drivers",
    summary="What moves scores",
    response_model=None,
    responses={200: {"model": Drivers}, **refusals(*GUARDED)},
    dependencies=[Depends(allow("model.read"))],
)
async def model_drivers(request: Request) -> Response:
    """Lines and fields, by the agreed and learned points that they have in the newest scores of
    the record."""
    worker = worker_of(request)

    def work() -> dict[str, Any]:
        with worker.database.reading() as connection:
            return asdict(driven(connection, worker.scorer))

    return json_response(await run_in_threadpool(work))


@router.post(
    "/v1/model/promotion",
    summary="Make the challenger champion",
    status_code=204,
    responses=refusals(*GUARDED, *_BAD),
    response_model=None,
    openapi_extra=body_of(ModelDecision),
)
async def promotion(
    request: Request, caller: Annotated[Caller, Depends(allow("model.promote"))]
) -> Response:
    """It answers in every process within a second. What waits is named by `GET /v1/challenger`.

    The champion stays where the challenger's bundle is refused (`conflict`), or where the word of
    who waits is damaged (`model-damaged`).
    """
    told = parse(ModelDecision, await json_body(request))
    await run_in_threadpool(_promoting(request).promote, told.model, told.note, caller)
    return Response(None, 204)


@router.post(
    "/v1/model/rejection",
    summary="Let the challenger wait no longer",
    status_code=204,
    responses=refusals(*GUARDED, *_BAD),
    response_model=None,
    openapi_extra=body_of(ModelDecision),
)
async def rejection(
    request: Request, caller: Annotated[Caller, Depends(allow("model.promote"))]
) -> Response:
    """The registry keeps it; it can be promoted there by its version."""
    told = parse(ModelDecision, await json_body(request))
    await run_in_threadpool(_promoting(request).reject, told.model, told.note, caller)
    return Response(None, 204)


@router.get(
    "/v1/challenger",
    summary="The model that waits for its promotion",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        **refusals("not-found", "model-damaged", *GUARDED),
    },
    dependencies=[Depends(allow("model.read"))],
)
async def challenger(request: Request) -> Response:
    """As `/v1/model` tells of the champion. Where its files are damaged: 409, `model-damaged`."""
    folder = worker_of(request).settings.workspace
    found = await run_in_threadpool(Challenger(Workspace(folder)).scorer)
    if found is None:
        raise Trouble("not-found", "No model waits for a promotion.")
    return Response(msgspec.json.encode(about(found)), media_type="application/json")


def _promoting(request: Request) -> Promoting:
    worker = worker_of(request)
    return Promoting(worker.database, worker.settings.workspace, worker.clock())


def about(scorer: Scorer) -> dict[str, Any]:
    """What stands behind this model's scores, plain values."""
    rulebook = scorer.rulebook
    return {
        "company": scorer.fields.company,
        "simulated": scorer.simulated,
        "versions": vars(scorer.versions),
        "horizon_days": rulebook.horizon_days,
        "hand_over_from": rulebook.hand_over_from,
        "grades": rulebook.grades,
        "grid": None if rulebook.grid is None else rulebook.grid.model_dump(mode="json"),
        "scale": {
            "stated": scorer.ladder.stated.says(rulebook.horizon_days),
            "fitted": scorer.ladder.scale.says(rulebook.horizon_days),
        },
        "fields": [
            {
                "name": f.name,
                "label": f.title,
                "type": f.type,
                "unit": f.unit,
                "owner": f.owner,
                "allowed": allowed(f),
                "example": f.example,
            }
            for f in readable(scorer.fields)
        ],
        "criteria": [
            {
                "id": c.id,
                "says": c.says,
                "group": c.group,
                "owner": c.owner,
                "points": c.points,
                "rule": rule_sentence(c),
            }
            for c in rulebook.criteria
        ],
        "disqualifiers": [
            d.model_dump(exclude={"when"}) | {"rule": sentence(d.when)}
            for d in rulebook.disqualifiers
        ],
        "card": scorer.card,
    }
