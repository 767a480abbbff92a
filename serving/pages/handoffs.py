"""`/handoffs`: what waits for sales, what came back, and whether both teams keep their promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from features.errors import InputRefused
from serving.access.caller import Caller, NoSuch
from serving.addresses import without_addresses
from serving.canonical import read
from serving.feedback import REASONS
from serving.guarding import allow, form_of
from serving.pact.deciding import Decision, decide, promises
from serving.pact.exploring import exploration
from serving.pact.reporting import ACCOUNT, CRITERION, Reported, digest, report
from serving.pages import frame
from serving.pages.notes import note_of
from serving.pages.queue import waiting_of
from serving.pages.store import reading, recording
from serving.pages.worklist import facts_of
from serving.record import Record
from serving.schema import NO_NUL
from serving.state import Worker
from serving.storage.handoffs import HandoffStore
from serving.storage.leads import LeadStore
from serving.storage.tables import MAX_ID

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST, WEEKS, DIGEST_DAYS, EXPLORED_DAYS = 25, 8, 30, 365
router = APIRouter(include_in_schema=False)
Giver = Annotated[Caller, Depends(allow("feedback.write", page=True))]
_ID = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]


@router.get("/handoffs", dependencies=[Depends(allow("leads.read", page=True))])
async def show_handoffs(
    request: Request, owner: Annotated[str, Query(max_length=MAX_ID, pattern=NO_NUL)] = ""
) -> Response:
    """The most urgent first; of one owner, or all."""
    return await _page(request, owner)


async def _page(
    request: Request,
    owner: str = "",
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    """The page, with the report that was typed and what was wrong with it."""

    def ask(connection: Connection, worker: Worker) -> dict[str, Any]:
        return _context(Record(connection, worker.scorer, worker.clock()), worker, owner)

    context = await reading(request, ask) | {"typed": typed or {}, "faults": faults or {}}
    return frame.show(request, "handoffs.html", context, 422 if faults else 200)


def _context(record: Record, worker: Worker, owner: str) -> dict[str, Any]:
    store = HandoffStore(record.connection)
    rows = store.queue(owner or None, MOST + 1)
    back = store.returned(MOST)
    kept = promises(record, WEEKS)
    return {
        "waiting": [waiting_of(record, row) for row in rows[:MOST]],
        "more": len(rows) > MOST,
        "back": back,
        "leads": _leads(record, worker, {row.lead_id for row in (*rows, *back)}),
        "loads": sorted(store.loads().items(), key=lambda item: (-item[1], item[0] or "")),
        "owner_of": owner,
        "kept": kept,
        "ticks": [_tick(week, kept["owed"]) for week in kept["weeks"][::-1]],
        "digest": digest(record, DIGEST_DAYS),
        "digest_days": DIGEST_DAYS,
        "by_lot": exploration(record, EXPLORED_DAYS),
        "codes": REASONS,
        "criteria": [(c.id, c.says) for c in worker.scorer.rulebook.criteria],
        "at": record.now,
    }


def _leads(record: Record, worker: Worker, ids: set[str]) -> dict[str, tuple[Any, str]]:
    rows = LeadStore(record.connection).find_many(ids)
    return {row.id: (row, facts_of(worker.scorer.fields, read(row.fields))) for row in rows}


def _tick(week: dict[str, Any], owed: dict[str, Any]) -> dict[str, Any]:
    """A week of both promises: None where nothing can be said."""
    handed = week["handed_over"]
    late = week["never_touched"] + week["touched_late"]
    return {
        "from": week["from"],
        "hit_rate": week["hit_rate"],
        "hit_kept": week["hit_rate_kept"],
        "touched": None if not handed else 1 - late / handed,
        "touch_kept": None if not handed else late == 0,
        "week": week,
        "owed": owed,
    }


@router.post("/handoffs/{handoff_id}")
async def put_decision(request: Request, handoff_id: _ID, caller: Giver) -> Response:
    """Accept, return or recycle by the form; back to where it stood."""
    typed = await form_of(request)
    note = note_of(typed, "note")
    reason, line = typed.get("reason") or None, typed.get("line") or None
    if reason is not None and reason not in REASONS:
        raise InputRefused(f"There is no such reason: {reason[:40]!r}.")
    told = Decision(typed.get("act", ""), reason, line, without_addresses(note))
    if told.decision not in ("accepted", "returned", "recycled"):
        raise InputRefused("Accept, return or recycle it by a button of the page.")
    leads: list[str] = []

    def use(record: Record) -> None:
        row = HandoffStore(record.connection).find(handoff_id)
        if row is None:
            raise NoSuch(f"There is no hand-off {handoff_id}.")
        decide(record, handoff_id, told, caller)
        leads[:] = [row.lead_id]

    await recording(request, use)
    on_lead = typed.get("back") == "lead"
    place = f"/leads/{quote(leads[0])}#handed" if on_lead else "/handoffs"
    return Response(None, 303, {"location": place})


@router.post("/reports")
async def make_report(request: Request, caller: Giver) -> Response:
    """A report from the ground by the form."""
    typed = await form_of(request)
    about, subject = typed.get("about", ""), typed.get("subject", "").strip()
    if about not in (ACCOUNT, CRITERION) or not 0 < len(subject) <= MAX_ID or "\x00" in subject:
        why = "Say which account or criterion the report is about."
        return await _page(request, typed=typed, faults={"subject": why})
    try:
        text = note_of(typed, "text", "Say what you see")
    except InputRefused as refusal:
        return await _page(request, typed=typed, faults={"text": str(refusal)})
    try:
        await recording(request, lambda r: report(r, Reported(about, subject, text), caller))
    except (InputRefused, NoSuch) as refusal:
        return await _page(request, typed=typed, faults={"subject": str(refusal)})
    return Response(None, 303, {"location": "/handoffs#ground"})
