"""`/leads/ID`: one lead, why it scores what it scores, what moved it and what would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from features.errors import InputRefused
from models.actionable import changes_of
from models.counterfactual import Change, happening
from models.wording import in_hundred
from serving.access.caller import Caller
from serving.addresses import without_addresses
from serving.canonical import read
from serving.counterfactual import Sought, counterfactual, sentence_of
from serving.feedback import KINDS, REASONS, give, said_of
from serving.guarding import allow, form_of
from serving.incoming import ID
from serving.pact.disputing import TOO_HIGH, TOO_LOW, Contested, contest
from serving.pages import frame, timeline
from serving.pages.notes import note_of
from serving.pages.pact_bar import grade_spans, place
from serving.pages.queue import Waiting, waiting_of
from serving.pages.store import recording
from serving.pages.waterfall import draw, rows_of
from serving.pages.worklist import disagreement, facts_of
from serving.problems import Trouble
from serving.reading import Reading
from serving.record import Record
from serving.schema import NO_NUL
from serving.state import Worker, worker_of
from serving.storage.base import to_number
from serving.storage.handoffs import DisputeStore, HandoffStore
from serving.storage.pact_tables import MAX_CRITERION
from serving.storage.worklist import Worklist
from serving.subjects import Known, stored_lead
from serving.what_if import Otherwise, what_if

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

ENOUGH = 30
"""Leads that a rate is told of."""
MOST_SCORES, MOST_COLLEAGUES, MOST_SAID, MOST_MOMENTS = 200, 6, 5, 12
"""Of one page, which has a weight to keep to: a link or the API has the others."""
_MOST_CHANGES = 3
router = APIRouter(include_in_schema=False)


@router.get("/leads/{lead_id}", dependencies=[Depends(allow("leads.read", page=True))])
async def show_lead(
    request: Request,
    lead_id: Annotated[str, Path(pattern=ID)],
    suppose: Annotated[str, Query(max_length=500, pattern=NO_NUL)] = "",
    back: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    exact: Annotated[bool, Query()] = False,
) -> Response:
    """The lead as stored. `suppose` names something that could be otherwise; nothing is stored.
    `back` is how many of the newest moments are passed over, `exact` asks for every digit."""
    worker = worker_of(request)

    def work() -> dict[str, Any]:
        with worker.database.reading() as connection:
            return _context(connection, worker, lead_id, suppose) | {"back": back, "exact": exact}

    try:
        context = await run_in_threadpool(work)
    except Trouble as trouble:
        if trouble.kind != "not-found":
            raise
        return frame.show(request, "no_lead.html", {"lead_id": lead_id}, 404)
    page = "lead.html" if context["lead"].scoring_allowed else "unscored_lead.html"
    return frame.show(request, page, context)


@router.post("/leads/{lead_id}")
async def say(
    request: Request,
    lead_id: Annotated[str, Path(pattern=ID)],
    caller: Annotated[Caller, Depends(allow("feedback.write", page=True))],
) -> Response:
    """Feedback from the form; back to the lead, where it stands."""
    said = said_of(dict(await form_of(request)))
    await recording(request, lambda r: give(r, lead_id, said, caller.actor, caller.role))
    return Response(None, 303, {"location": f"{request.url.path}#said"})


@router.post("/leads/{lead_id}/disputes")
async def dispute(
    request: Request,
    lead_id: Annotated[str, Path(pattern=ID)],
    caller: Annotated[Caller, Depends(allow("feedback.write", page=True))],
) -> Response:
    """A contested score from the form; the outcome settles it."""
    typed = await form_of(request)
    says, why = typed.get("says", ""), note_of(typed, "why", "Say why")
    if says not in (TOO_HIGH, TOO_LOW):
        raise InputRefused(f"A dispute says `{TOO_HIGH}` or `{TOO_LOW}`.")
    criterion = typed.get("criterion", "")[:MAX_CRITERION] or None
    contested = Contested(says, without_addresses(why), criterion)
    await recording(request, lambda r: contest(r, lead_id, contested, caller))
    return Response(None, 303, {"location": f"/leads/{quote(lead_id)}#contested"})


def _context(connection: Connection, worker: Worker, lead_id: str, suppose: str) -> dict[str, Any]:
    scorer, now = worker.scorer, worker.clock()
    reading, rulebook = Reading(connection), scorer.rulebook
    row = reading.row(lead_id)
    answer = reading.explanation(lead_id)
    hand_over = rulebook.hand_over_from
    known = {
        "lead": row,
        "facts": facts_of(scorer.fields, read(row.fields)),
        "known": _known_fields(worker, row),
    }
    if not row.scoring_allowed:
        return known | {"says": answer["says"]}
    said, disputes = (
        reading.feedback.of_lead(lead_id),
        DisputeStore(connection).of_lead(lead_id)[::-1],
    )
    return known | {
        "said": said[:MOST_SAID],
        "more_said": len(said[MOST_SAID:]),
        "handoff": _handoff(connection, worker, lead_id),
        "disputes": disputes[:MOST_SAID],
        "more_disputes": len(disputes[MOST_SAID:]),
        "criteria": [(c.id, c.says) for c in rulebook.criteria],
        "kinds": KINDS,
        "codes": REASONS,
        "answer": answer,
        "picture": draw(answer["reasons"], hand_over),
        "lines": [r for r in rows_of(answer["reasons"]) if r["kind"] not in ("base", "limit")],
        "bar": place(row.score, row.agreed_score, hand_over),
        "grades": grade_spans(rulebook.grades, row.grade),
        "disagreement": disagreement(answer),
        "cells": _cells(connection) if rulebook.grid else {},
        "colleagues": _colleagues(reading, row, hand_over),
        "timeline": _timeline(reading, row, now, hand_over),
        "most_moments": MOST_MOMENTS,
        **_supposed(connection, worker, row, suppose),
    }


def _handoff(connection: Connection, worker: Worker, lead_id: str) -> Waiting | None:
    """The lead's last hand-off with its clocks; None where it was never handed over."""
    record = Record(connection, worker.scorer, worker.clock())
    rows = HandoffStore(connection).of_lead(lead_id)
    return waiting_of(record, rows[-1]) if rows else None


def _cells(connection: Connection) -> dict[str, tuple[int, str, float]]:
    """What a cell of fit and engagement holds: open leads, how many in 100 of them are expected to
    convert (in words), and that in % of the most of any cell; "" and 0 where leads are too few."""
    found = Worklist(connection).cells()
    enough = {cell: mean for cell, (number, mean) in found.items() if number >= ENOUGH}
    most = max(enough.values(), default=1.0)
    words = {cell: in_hundred(mean).removeprefix("about ") for cell, mean in enough.items()}
    return {
        cell: (
            number,
            words.get(cell, "").removesuffix(" in 100"),
            round(100 * enough.get(cell, 0.0) / most, 1),
        )
        for cell, (number, _) in found.items()
    }


def _known_fields(worker: Worker, row: Row[Any]) -> list[tuple[str, str, str]]:
    """What is known of the lead: label, value and owner of each field that has one."""
    told, fields = read(row.fields), worker.scorer.fields
    return [
        (f.title, _as_text(told[f.name]) + (f" {f.unit}" if f.unit else ""), f.owner)
        for f in fields.fields
        if f.name != fields.lead and told.get(f.name) is not None
    ]


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _colleagues(reading: Reading, row: Row[Any], hand_over: float) -> dict[str, Any] | None:
    """The other leads of the account, best first, and how many there are."""
    if row.account_id is None:
        return None
    others = [
        r for r in reading.leads.of_account(row.account_id) if r.id != row.id and r.scoring_allowed
    ]
    others.sort(key=lambda r: (-r.score, r.id))
    shown = [(r, place(r.score, r.agreed_score, hand_over)) for r in others[:MOST_COLLEAGUES]]
    return {"account": row.account_id, "number": len(others), "leads": shown}


def _timeline(
    reading: Reading, row: Row[Any], now: np.datetime64, hand_over: float
) -> timeline.Timeline:
    scores = reading.scores.of_lead(row.id, None, MOST_SCORES)[::-1]
    did, became = reading.events.activities_of(row.id), reading.events.outcomes_of(row.id)
    return timeline.draw(scores, did, became, to_number(now), hand_over)


def _supposed(
    connection: Connection, worker: Worker, row: Row[Any], suppose: str
) -> dict[str, Any]:
    """The nearest step to the next grade, what could be supposed, and what it would come to."""
    scorer = worker.scorer
    known = stored_lead(connection, scorer, row.id, worker.clock())
    options = {_key(c): c for c in changes_of(scorer, known.subject)}
    chosen = options.get(suppose)
    step = counterfactual(scorer, known, Sought(None, _MOST_CHANGES, 1))
    anew = step["before"]["score"], step["before"]["grade"]
    return {
        "step": step,
        # The page tells the decision that was made; what could be is counted from now.
        "moved_on": anew != (row.score, row.grade),
        "options": [(key, sentence_of(c, scorer)) for key, c in options.items()],
        "suppose": suppose if chosen else "",
        "supposed": None if chosen is None else _what_if(worker, known, chosen),
    }


def _key(change: Change) -> str:
    """What names a change in an address."""
    return f"{change.key} {change.nth if change.activity else change.value}"


def _what_if(worker: Worker, known: Known, change: Change) -> dict[str, Any]:
    named = {} if change.activity else {change.name: change.value}
    added = happening((change,) if change.activity else (), known.subject)
    return what_if(worker.scorer, known, Otherwise(named, added, {}))
