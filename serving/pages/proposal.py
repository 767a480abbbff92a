"""`/proposals/ID`: the text as sentences with controls, what it would do, who signs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from features.errors import InputRefused
from features.rulebook.document import parse_rulebook
from serving.access.caller import Caller, Conflict, NotAllowed
from serving.editions import read_edition
from serving.following import follow
from serving.guarding import caller_of, form_of
from serving.pact.asking import evidence_of, replay_proposal
from serving.pact.drafts import findings
from serving.pact.proposals import Pact, Wanted, find_proposal
from serving.pact.replaying import replay_stored
from serving.pact.scope import TEAMS, scope_of
from serving.pact.telling import DRAFT, PROPOSED, PactReading, conflict_as_json
from serving.pact.wishing import comment
from serving.pages import frame
from serving.pages.names import names_of
from serving.pages.proposal_form import MOVES, Typed, editing, read_form, rearrange, shown_book
from serving.pages.proposals import Proposer
from serving.pages.replay import crossings, measures
from serving.pages.replay_figures import crossed_of, weeks_of
from serving.pages.rulebook import READER, said_in
from serving.pages.store import reading, writing
from serving.state import Worker, worker_of
from serving.storage.access import PeopleStore
from serving.storage.base import from_number
from serving.storage.pact import EditionStore, ProposalStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

router = APIRouter(include_in_schema=False)
ProposalId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
STEPS = ("check", "save", "yaml", "propose", "sign", "withdraw", "rebase", "comment")
"""What the page's forms ask for, by the button that was pressed."""


@router.get("/proposals/{proposal_id}", dependencies=[READER])
async def show_proposal(request: Request, proposal_id: ProposalId, leads: bool = False) -> Response:
    """The proposal as stored.

    Args:
        leads: replay it now, and name leads that cross: what is kept with a proposal names none.
    """
    return await _page(request, proposal_id, Typed(replayed=leads and _may_name(request)))


def _may_name(request: Request) -> bool:
    """Whether leads that cross are told to who asks; see `GET /v1/proposals/{id}/flips`."""
    return "rulebook.propose" in caller_of(request).permissions


@router.post("/proposals/{proposal_id}")
async def act(request: Request, proposal_id: ProposalId, caller: Proposer) -> Response:
    """Whatever the pressed button asks for; then the page again, with what is wrong."""
    typed = await form_of(request)
    step = typed.get("act", "")
    moving = step.partition(" ")[0] in MOVES
    if step not in STEPS and not moving:
        raise InputRefused(f"There is no such step: {step[:40]!r}. Use a button of the page.")
    try:
        if moving:
            return await _page(request, proposal_id, await rearrange(request, proposal_id, typed))
        if step == "check":
            return await _page(request, proposal_id, await read_form(request, proposal_id, typed))
        again = await _take(request, proposal_id, caller, typed, step)
    except (InputRefused, Conflict, NotAllowed) as refused:
        form = await read_form(request, proposal_id, typed)
        told = Typed(form.form, form.errors, form.text, str(refused))
        status = 422 if isinstance(refused, InputRefused) else 409
        status = 403 if isinstance(refused, NotAllowed) else status
        return await _page(request, proposal_id, told, status)
    if again is not None:
        return await _page(request, proposal_id, again, 409 if again.conflicts else 422)
    place = {"comment": "#said", "sign": "#signatures", "propose": "#replay"}.get(step, "")
    return Response(None, 303, {"location": f"/proposals/{proposal_id}{place}"})


async def _take(
    request: Request, proposal_id: str, caller: Caller, typed: dict[str, str], step: str
) -> Typed | None:
    """Do one step; what is to be shown instead of the page as stored, or None."""
    worker = worker_of(request)
    if step in ("save", "yaml"):
        form = await read_form(request, proposal_id, typed)
        if form.errors or form.problem:
            return form
        wanted = await reading(request, lambda c, _w: _wanted(c, proposal_id, typed, form.text))
        await writing(request, lambda c, w: _pact(c, w, caller).edit(proposal_id, wanted))
    elif step == "propose":
        asked = (worker.scorer.fields, worker.clock(), caller, proposal_id)
        replayed, sha256 = await run_in_threadpool(replay_proposal, worker.database, *asked)
        await writing(
            request, lambda c, w: _pact(c, w, caller).propose(proposal_id, replayed, sha256)
        )
    elif step == "sign":
        if not typed.get("read"):
            raise InputRefused("Tick that you have read the replay before you sign.")
        sha256 = typed.get("sha256", "")
        await writing(request, lambda c, w: _pact(c, w, caller).sign(proposal_id, sha256))
        # Who signed and looks again sees it; the other processes look by themselves.
        await run_in_threadpool(follow, request.app.state.desk)
    elif step == "withdraw":
        await writing(request, lambda c, w: _pact(c, w, caller).withdraw(proposal_id))
    elif step == "comment":
        text = said_in(typed)
        await writing(request, lambda c, w: comment(c, caller, proposal_id, text, w.clock()))
    else:
        return await _rebase(request, proposal_id, caller, typed)
    return None


async def _rebase(
    request: Request, proposal_id: str, caller: Caller, typed: dict[str, str]
) -> Typed | None:
    chosen: dict[str, Any] = {
        key.removeprefix("choice-"): value
        for key, value in typed.items()
        if key.startswith("choice-") and value in ("mine", "theirs")
    }
    left = await writing(request, lambda c, w: _pact(c, w, caller).rebase(proposal_id, chosen))
    if not left:
        return None
    told = tuple(conflict_as_json(c) for c in left)
    return Typed(problem="Both sides changed the same. Say whose counts.", conflicts=told)


def _pact(connection: Connection, worker: Worker, caller: Caller) -> Pact:
    return Pact(connection, worker.scorer.fields, worker.clock(), caller)


def _wanted(
    connection: Connection, proposal_id: str, typed: Mapping[str, str], text: str | None
) -> Wanted:
    row = find_proposal(ProposalStore(connection), proposal_id)
    until = None if row.effective_wanted is None else from_number(row.effective_wanted)
    title = typed.get("title", row.title).strip()
    rationale = typed.get("rationale", row.rationale).strip()
    return Wanted(title, rationale, row.text if text is None else text, until)


async def _page(request: Request, proposal_id: str, typed: Typed, status: int = 200) -> Response:
    caller = caller_of(request)

    def ask(connection: Connection, worker: Worker) -> dict[str, Any]:
        told = _context(connection, worker, caller, proposal_id, typed)
        return told | {"may_name": _may_name(request)}

    return frame.show(request, "proposal.html", await reading(request, ask), status)


def _context(
    connection: Connection, worker: Worker, caller: Caller, proposal_id: str, typed: Typed
) -> dict[str, Any]:
    scorer, now = worker.scorer, worker.clock()
    row = find_proposal(ProposalStore(connection), proposal_id)
    told = PactReading(connection, now, evidence_of(scorer)).proposal(row)
    base = read_edition(EditionStore(connection).find(row.base_sha256)).rulebook
    book, scope = shown_book(row.text, typed, worker), scope_of(connection)
    live = None
    if typed.replayed:
        replayed = replay_stored(connection, scorer.fields, base, book, now, scope.capacity_a_week)
        live = {
            "measures": measures(replayed.told, scope.capacity_a_week),
            "crossings": crossings(replayed.examples),
            "weeks": weeks_of(replayed.told, scope.capacity_a_week),
            "crossed": crossed_of(replayed.told),
        }
    is_open = told["state"] in (DRAFT, PROPOSED) or told["state"].startswith("signed")
    return {
        "proposal": told,
        "base": base,
        "book": book,
        "is_open": is_open,
        "may_edit": is_open and "rulebook.propose" in caller.permissions,
        "may_withdraw": is_open and (caller.actor == row.created_by or caller.role == "management"),
        **editing(base, parse_rulebook(row.text, "The proposal"), book, typed, worker),
        "typed": typed,
        "text": typed.form.get("yaml", book.text()),
        "findings": findings(book, base, scorer.fields, scope),
        "kept": told["replay"] and measures(told["replay"], scope.capacity_a_week),
        "weeks": told["replay"] and weeks_of(told["replay"], scope.capacity_a_week),
        "crossed": told["replay"] and crossed_of(told["replay"]),
        "live": live,
        "boxes": _boxes(connection, told, caller),
        "names": names_of(connection),
    }


def _boxes(connection: Connection, told: Mapping[str, Any], caller: Caller) -> list[dict[str, Any]]:
    """The two boxes for signatures: who signed, or who can."""
    signed = {s["team"]: s for s in told["signatures"]}
    people = [p for p in PeopleStore(connection).every() if p.disabled_at is None]
    waits = told["state"] == PROPOSED or told["state"].startswith("signed")
    return [
        {
            "team": team,
            "signature": signed.get(team),
            "needed": told["keys_needed"] in ("both", team),
            "waits": waits,
            "mine": caller.kind == "person" and caller.role == team,
            "others": [p.name for p in people if p.role == team][:6],
        }
        for team in TEAMS
    ]
