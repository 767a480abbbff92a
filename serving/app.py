"""The frame of the service: routes, errors as problem+json, and the edge around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from features.errors import InputRefused
from serving.api import about, events, leads, score
from serving.edges import Edge, instance_of
from serving.pages import home
from serving.problems import Trouble, refused, wrong
from serving.schema import components
from serving.scoring import Asked
from serving.scoring import score as score_leads
from serving.state import Worker

DESCRIPTION = """\
One lead score that marketing and sales both signed: calibrated against their rulebook, and taken
apart to the last point. Send a lead as your CRM knows it; the answer holds the score, the
likelihood behind it, and every reason in points."""


def create_app(worker: Worker) -> FastAPI:
    """The service around one worker's model."""
    app = FastAPIOffline(
        title="Leadpact",
        version="1",
        description=DESCRIPTION,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
    )
    app.state.worker = worker
    app.include_router(score.routes(worker.scorer.fields, worker.settings))
    app.include_router(leads.router)
    app.include_router(events.router)
    app.include_router(about.router)
    home.mount(app)
    _handle_errors(app)
    _describe(app, worker)
    app.add_middleware(
        Edge, telemetry=worker.telemetry, max_body_bytes=worker.settings.max_body_bytes
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A worker takes requests only after it has scored a lead."""
    worker: Worker = app.state.worker
    score_leads(worker.scorer, [Asked({}, [], None)], worker.clock())
    worker.telemetry.serves(worker.scorer.versions)
    yield
    worker.database.close()


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def _describe(app: FastAPI, worker: Worker) -> None:
    """OpenAPI with the workspace's own lead schema; made once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            added = components(worker.scorer.fields, worker.settings.max_activities)
            told["components"]["schemas"].update(added)
            told["components"]["schemas"]["StoredActivity"] = events.STORED_ACTIVITY
            told["components"]["schemas"]["Outcome"] = events.OUTCOME
            app.openapi_schema = told
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _handle_errors(app: FastAPI) -> None:
    def tell(request: Request, trouble: Trouble) -> Response:
        return trouble.response(instance_of(request.scope))

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
        kind, detail = told.get(error.status_code, ("internal-error", str(error.detail)))
        headers = dict(error.headers or {})
        return tell(request, Trouble(kind, detail, headers=headers))

    app.add_exception_handler(Trouble, on_trouble)
    app.add_exception_handler(InputRefused, on_refused)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
