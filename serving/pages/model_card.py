"""`/model/card/{model}`: a model's card as its training wrote it, with its figures."""

from __future__ import annotations

import gzip
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as PathParameter
from starlette.responses import HTMLResponse

from models.workspace import Workspace
from serving.access.caller import NoSuch
from serving.guarding import allow
from serving.state import worker_of

_HERE = (
    ("<style>", '<link rel="icon" href="/static/mark.svg" type="image/svg+xml">\n<style>'),
    ("<main>", '<main>\n<p class="meta"><a href="/model">Model</a> › Card</p>'),
)
"""What only the card as a page needs: an icon, and the way back."""
_ELSE = "default-src 'none'; img-src 'self'; base-uri 'none'; form-action 'none'"
router = APIRouter(include_in_schema=False)


@router.get("/model/card/{model}", dependencies=[Depends(allow("model.read", page=True))])
def show_card(
    request: Request, model: Annotated[str, PathParameter(pattern="^[0-9a-z]{1,64}$")]
) -> Response:
    """The card: one document that brings its own style and neither script nor form.

    Raises:
        NoSuch: when no card of this model lies in the workspace.
    """
    file = card_of(Workspace(Path(worker_of(request).settings.workspace)), model)
    if not file.is_file():
        raise NoSuch(f"Model {model} has no card here: it was trained in another workspace.")
    text = file.read_text(encoding="utf-8")
    headers = {"content-security-policy": policy_of(text), "vary": "accept-encoding"}
    for place, told in _HERE:
        text = text.replace(place, told, 1)
    body = text.encode()
    if "gzip" in request.headers.get("accept-encoding", ""):
        # There is no token in it whose length could be told from the page's.
        body, headers["content-encoding"] = gzip.compress(body, 6), "gzip"
    return HTMLResponse(body, headers=headers)


def card_of(workspace: Workspace, model: str) -> Path:
    """Where a training in this workspace writes a model's card."""
    return workspace.home / "cards" / model / "card.html"


def policy_of(text: str) -> str:
    """A policy that allows a document's own style sheet, by its hash, and hardly anything else."""
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"{_ELSE}; style-src 'sha256-{digest}'; frame-ancestors 'none'"
