"""`/proposals`: every proposal, and how to begin one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from serving.access.caller import Caller
from serving.guarding import allow, form_of
from serving.pact.asking import evidence_of
from serving.pact.proposals import Pact, Wanted
from serving.pact.telling import PactReading
from serving.pages import frame
from serving.pages.names import names_of
from serving.pages.rulebook import MOST_TEXT, READER
from serving.pages.store import reading, writing
from serving.state import Worker
from serving.storage.pact import EditionStore, PactWishStore
from serving.storage.tables import MAX_ID

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST = 100
router = APIRouter(include_in_schema=False)
Proposer = Annotated[Caller, Depends(allow("rulebook.propose", page=True))]


@router.get("/proposals", dependencies=[READER])
async def show_proposals(request: Request) -> Response:
    """Newest first, with the form that begins another."""
    return frame.show(request, "proposals.html", await reading(request, _context))


def _context(connection: Connection, worker: Worker) -> dict[str, Any]:
    pact = PactReading(connection, worker.clock(), evidence_of(worker.scorer))
    wishes = [w for w in pact.wishes(MOST)["wishes"] if w["proposal_id"] is None]
    return {
        "proposals": pact.proposals(MOST)["proposals"],
        "wishes": wishes,
        "names": names_of(connection),
        "typed": {},
        "problem": "",
    }


@router.post("/proposals")
async def begin(request: Request, caller: Proposer) -> Response:
    """A draft that says what the last edition says, to be changed on its own page."""
    typed = await form_of(request)
    title, rationale = typed.get("title", "").strip(), typed.get("rationale", "").strip()
    problem = wrong(title, rationale)
    if problem:
        context = await reading(request, _context)
        told = context | {"typed": typed, "problem": problem}
        return frame.show(request, "proposals.html", told, 422)

    def use(connection: Connection, worker: Worker) -> str:
        wished = [w.id for w in PactWishStore(connection).latest(MOST)]
        taken = tuple(w for w in wished if typed.get(f"wish-{w}"))
        pact = Pact(connection, worker.scorer.fields, worker.clock(), caller)
        latest = EditionStore(connection).latest()
        text = "" if latest is None else latest.text
        return pact.draft(Wanted(title, rationale, text, None, taken))

    proposal_id = await writing(request, use)
    return Response(None, 303, {"location": f"/proposals/{proposal_id}"})


def wrong(title: str, rationale: str) -> str:
    """What is wrong with what a proposal says of itself, in words; "" for nothing."""
    if not title:
        return "A proposal needs a title, such as: opens count less."
    if len(title) > MAX_ID or len(rationale) > MOST_TEXT:
        return f"A title has {MAX_ID} characters at most, the reasons {MOST_TEXT:,}."
    return "A text cannot hold the character NUL." if "\x00" in title + rationale else ""
