"""The service of an installation that has no model yet: signing in, and the first run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response

from serving.access.gate import Gate
from serving.app import handle_errors
from serving.beginning.folder import Beginning
from serving.edges import Edge, Limits
from serving.guarding import install
from serving.pages import begin, frame, sign_in
from serving.pages.begin_frame import MAY
from serving.problems import Trouble
from serving.settings import Settings
from serving.telemetry import Telemetry

NO_MODEL = "Nothing has been learned yet, so nothing can be scored. An admin begins at /begin."
router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """200 as long as the worker answers at all."""
    return {"status": "ok", "model": ""}


@router.get("/readyz")
async def readyz() -> Response:
    """503 until there is a model."""
    raise Trouble("not-ready", NO_MODEL, headers={"retry-after": "5"})


@router.get("/", dependencies=MAY)
async def home(_request: Request) -> Response:
    """On to the first run."""
    return Response(None, 303, {"location": "/begin"})


def create_first_app(
    beginning: Beginning, gate: Gate, settings: Settings, telemetry: Telemetry
) -> FastAPI:
    """The first run behind a gate."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        beginning.database.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.beginning = beginning
    frame.mount(app)
    for part in (router, begin.router, sign_in.router):
        app.include_router(part)
    app.add_api_route("/v1/{rest:path}", no_model, methods=["GET", "POST", "PUT", "DELETE"])
    handle_errors(app)
    install(app, gate)
    streams = {"/begin/leads": settings.max_upload_bytes}
    limits = Limits(settings.max_body_bytes, settings.max_in_flight, streams)
    app.add_middleware(Edge, telemetry=telemetry, limits=limits)
    return app


async def no_model(rest: str) -> Response:  # noqa: ARG001
    """What the API answers meanwhile."""
    raise Trouble("not-ready", NO_MODEL, headers={"retry-after": "5"})
