"""The frame of all pages: templates, style sheet, and what every page shows of model and reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from serving.access.secrets import form_token
from serving.guarding import caller_of, session_of
from serving.pages.words import day, thousands, when
from serving.problems import Trouble
from serving.state import worker_of
from serving.top_reasons import points_text

_HERE = Path(__file__).parent


def mount(app: FastAPI) -> None:
    """Give an app its templates and its style sheet. Everything in a page is escaped."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.filters |= {"when": when, "day": day, "thousands": thousands, "points": points_text}
    app.state.templates = templates
    app.state.refusal_page = refuse
    files = StaticFiles(directory=_HERE / "static")
    # Only what holds no secret is compressed: a page's length would tell of the token in it.
    app.mount("/static", GZipMiddleware(files, minimum_size=500), name="static")


def show(request: Request, name: str, context: dict[str, Any], status: int = 200) -> HTMLResponse:
    """A page for somebody who has come through a guard."""
    common = {
        "scorer": worker_of(request).scorer,
        "caller": caller_of(request),
        "token": form_token(session_of(request)),
        "here": request.url.path,
    }
    return show_plain(request, name, common | context, status)


def show_plain(
    request: Request, name: str, context: dict[str, Any], status: int = 200
) -> HTMLResponse:
    """A page for anybody: it tells nothing of company or model."""
    templates = cast(Environment, request.app.state.templates)
    return HTMLResponse(templates.get_template(name).render(context), status)


def refuse(request: Request, trouble: Trouble, instance: str) -> HTMLResponse:
    """A refusal as a page: what, where, why and what now. It tells nothing of company or model."""
    told = trouble.as_json()
    context = {"told": told, "instance": instance}
    answer = show_plain(request, "refused.html", context, told["status"])
    answer.headers.update(trouble.headers)
    return answer
