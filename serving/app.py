"""The frame of the service: routes, errors as problem+json, and the edge around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from features.errors import BundleRefused, DocumentRefused, InputRefused
from models.workspace import NoChampion, Workspace
from serving.access.gate import Gate
from serving.api import (
    about,
    access,
    bulk,
    events,
    feedback,
    handoffs,
    ingest,
    jobs,
    leads,
    pact,
    privacy,
    reports,
    score,
    views,
    webhooks,
    what_if,
    wishes,
)
from serving.api import worklist as api_worklist
from serving.beginning.folder import Beginning
from serving.edges import Edge, Limits, respond
from serving.guarding import install
from serving.incoming import ID
from serving.pages import disputes as contested
from serving.pages import (
    doors,
    first_lead,
    frame,
    health,
    home,
    lead,
    model,
    model_card,
    proposal,
    proposals,
    rulebook,
    sign_in,
)
from serving.pages import handoffs as waiting
from serving.pages import leads as worklist
from serving.privacy.copies import CopyNotCut
from serving.problems import Trouble, refused, wrong
from serving.readiness import Readiness
from serving.schema import components, examples, stored_lead_schema
from serving.settings import Settings
from serving.state import Desk, Worker
from serving.storage.database import StoreUnreachable
from serving.what_if_schema import counterfactual_examples, question_schemas, what_if_examples
from serving.wishes import PersonErased

DESCRIPTION = """\
One lead score that marketing and sales both signed: calibrated against their rulebook, and taken
apart to the last point. Send a lead as your CRM knows it; the answer holds the score, the
likelihood behind it, and every reason in points."""

MODEL_DAMAGED = (
    "What the workspace holds of the model that waits for its promotion is damaged, of another "
    "version or gone. The champion answers on. The service's log names the file, under this "
    "request's id; copy the bundle again, train anew, or run `leadpact promote VERSION`."
)

Watch = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs beside the requests until the process ends."""


def create_app(
    desk: Desk, gate: Gate, watches: Sequence[Watch] = (), readiness: Readiness | None = None
) -> FastAPI:
    """The service around a desk, behind a gate; `watches` run beside the requests."""
    worker = desk.now
    app = FastAPIOffline(
        title="Leadpact",
        version="1",
        description=DESCRIPTION,
        redoc_url=None,
        lifespan=_lifespan(desk, watches),
        generate_unique_id_function=_operation_id,
    )
    app.state.desk = desk
    workspace = Workspace(worker.settings.workspace)
    app.state.beginning = Beginning(workspace, worker.database, worker.clock)
    app.state.readiness = readiness or Readiness(worker.database)
    app.include_router(score.routes(worker.settings))
    app.include_router(bulk.routes())
    app.include_router(what_if.routes(worker.settings))
    app.include_router(leads.router)
    app.include_router(api_worklist.router)
    app.include_router(events.router)
    app.include_router(ingest.router)
    app.include_router(feedback.router)
    app.include_router(privacy.router)
    app.include_router(pact.router)
    app.include_router(wishes.router)
    app.include_router(jobs.router)
    app.include_router(webhooks.router)
    app.include_router(handoffs.router)
    app.include_router(reports.router)
    app.include_router(views.router)
    app.include_router(about.router)
    app.include_router(access.create_access_router())
    frame.mount(app)
    app.include_router(home.router)
    app.include_router(worklist.router)
    app.include_router(worklist.keeping)
    app.include_router(lead.router)
    app.include_router(waiting.router)
    app.include_router(contested.router)
    app.include_router(health.router)
    app.include_router(doors.router)
    app.include_router(model.router)
    app.include_router(model_card.router)
    app.include_router(rulebook.router)
    app.include_router(proposals.router)
    app.include_router(proposal.router)
    app.include_router(first_lead.router)
    app.include_router(sign_in.router)
    handle_errors(app)
    install(app, gate)
    _describe(app, desk)
    app.add_middleware(Edge, telemetry=worker.telemetry, limits=_limits(worker.settings))
    return app


def _limits(settings: Settings) -> Limits:
    """What the edge lets in: bulk bodies are read piece by piece and may be of any size."""
    streams = {"/v1/score/bulk": None, "/v1/jobs": settings.max_upload_bytes}
    return Limits(settings.max_body_bytes, settings.max_in_flight, streams)


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def _lifespan(desk: Desk, watches: Sequence[Watch]) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        desk.now.telemetry.serves(desk.now.scorer.versions)
        beside = [asyncio.create_task(watch()) for watch in watches]
        for task in beside:
            task.add_done_callback(_tell_when_broken)
        yield
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        desk.now.database.close()

    return lifespan


def _tell_when_broken(task: asyncio.Task[Any]) -> None:
    """Whatever runs beside the requests must not end by an error that nobody sees."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log: Any = structlog.get_logger("leadpact")
        log.error(
            "stopped working", what=getattr(task.get_coro(), "__qualname__", ""), exc_info=error
        )


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def _describe(app: FastAPI, desk: Desk) -> None:
    """OpenAPI with the workspace's own lead schema; made once a model and edition."""
    told: dict[str, dict[str, Any]] = {}

    def openapi() -> dict[str, Any]:
        worker = desk.now
        decides = worker.scorer.versions.decides
        if decides not in told:
            told.clear()
            told[decides] = _description(app, worker)
        return told[decides]

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI, worker: Worker) -> dict[str, Any]:
    told = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    fields = worker.scorer.fields
    told["components"]["schemas"].update(components(fields, worker.settings.max_activities))
    told["components"]["schemas"]["StoredLead"] = stored_lead_schema(fields, ID)
    told["components"]["schemas"]["StoredActivity"] = events.STORED_ACTIVITY
    told["components"]["schemas"]["Outcome"] = events.OUTCOME
    told["components"]["schemas"].update(question_schemas(worker.scorer))
    for path, shown in {
        "/v1/score": examples(fields),
        "/v1/what-if": what_if_examples(worker.scorer),
        "/v1/counterfactual": counterfactual_examples(worker.scorer),
    }.items():
        body = told["paths"][path]["post"]["requestBody"]
        body["content"]["application/json"]["examples"] = shown
    return told


def handle_errors(app: FastAPI) -> None:
    """Answer errors as problem+json."""

    def tell(request: Request, trouble: Trouble) -> Response:
        return respond(request, trouble)

    async def on_trouble(request: Request, error: Exception) -> Response:
        assert isinstance(error, Trouble)
        return tell(request, error)

    async def on_refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, InputRefused)
        return tell(request, Trouble("input-refused", str(error), error.problems))

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [
            wrong("/" + "/".join(map(str, e["loc"])), e.get("input"), f"{e['msg']}.", "")
            for e in error.errors()
        ]
        return tell(request, refused(found))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        told = {
            404: ("not-found", "See /docs for the addresses of this service."),
            405: ("method-not-allowed", "See /docs for the methods of this address."),
        }
        other = "input-refused" if error.status_code < 500 else "internal-error"
        kind, detail = told.get(error.status_code, (other, str(error.detail)))
        headers = dict(error.headers or {})
        return tell(request, Trouble(kind, detail, headers=headers))

    async def on_erased(request: Request, error: Exception) -> Response:
        return tell(request, Trouble("person-erased", str(error)))

    app.add_exception_handler(Trouble, on_trouble)
    app.add_exception_handler(PersonErased, on_erased)
    app.add_exception_handler(InputRefused, on_refused)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    _handle_mendable(app)


def _handle_mendable(app: FastAPI) -> None:
    """Answer what is no fault of who asks, and can be mended by who runs the service."""

    async def on_unreachable(request: Request, error: Exception) -> Response:
        assert isinstance(error, StoreUnreachable)
        log: Any = structlog.get_logger("leadpact")
        log.error("store unreachable", error=" ".join(error.__notes__))
        return respond(request, Trouble("not-ready", str(error), headers={"retry-after": "1"}))

    async def on_mendable(request: Request, error: Exception) -> Response:
        return respond(request, Trouble("not-ready", str(error)))

    async def on_damaged(request: Request, error: Exception) -> Response:
        # For who runs the service, not for who asks it: paths stand in here.
        log: Any = structlog.get_logger("leadpact")
        log.error("model damaged", error=str(error))
        return respond(request, Trouble("model-damaged", MODEL_DAMAGED))

    app.add_exception_handler(StoreUnreachable, on_unreachable)
    app.add_exception_handler(CopyNotCut, on_mendable)
    app.add_exception_handler(DocumentRefused, on_mendable)
    app.add_exception_handler(NoChampion, on_damaged)
    app.add_exception_handler(BundleRefused, on_damaged)
