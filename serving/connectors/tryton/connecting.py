"""One round: what changed in Tryton comes here, and scores that changed go there.

A mark moves on only after what lies before it is stored. Whoever is stopped half way does the rest
again: the service knows what it was told twice, and a note that is there is not written anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from serving.client import LeadpactClient, NotFound
from serving.client.leads import Wanted
from serving.connectors.tryton.marks import SCORES, Marks
from serving.connectors.tryton.notes import note_of, remove_of_gone, write_notes
from serving.connectors.tryton.pulling import BESIDE, LEAD, Rows, beside_since, leads_since
from serving.connectors.tryton.rpc import Tryton
from serving.lead_answers import LeadPage

_T = TypeVar("_T")
MAPPING = "tryton"
PREFIX = "tryton-"
_AT_ONCE = 100
_RECORDS = 400
"""Records of one call."""


@dataclass
class Round:
    """What a round did.

    Attributes:
        taken: records by what became of them, such as `stored` and `duplicate`.
        refused: why records were not taken, and how often.
        notes: opportunities with another note than before.
    """

    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    notes: int = 0


def connect(tryton: Tryton, service: LeadpactClient, marks: Marks) -> Round:
    """Do one round.

    Raises:
        LeadpactError: when one of the two does not answer or refuses; marks stand where they were.
    """
    done = Round()
    for last, records in leads_since(tryton, marks.since(LEAD)):
        _hand_on(service, records, done)
        marks.reached(LEAD, last)
    for model in BESIDE:
        for last, records in beside_since(tryton, model, marks.since(model)):
            _hand_on(service, records, done)
            marks.reached(model, last)
    _tell(tryton, service, marks, done)
    known = {one for lead in service.leads(limit=_AT_ONCE) if (one := _number(lead.id)) is not None}
    done.notes += remove_of_gone(tryton, known)
    return done


def _number(lead_id: str) -> int | None:
    """The opportunity of a lead; None where it came from elsewhere."""
    one = lead_id.removeprefix(PREFIX)
    return int(one) if lead_id.startswith(PREFIX) and one.isascii() and one.isdigit() else None


def _hand_on(service: LeadpactClient, records: dict[str, Rows], done: Round) -> None:
    for kind, rows in records.items():
        for some in _pieces(rows, _RECORDS):
            told = service.ingest(MAPPING, {kind: some})
            for result in told.results:
                done.taken[result.status] += 1
                if result.status in ("refused", "conflict"):
                    why = result.reason or "; ".join(e.detail for e in result.errors)
                    done.refused[f"{result.record} {result.id or result.pointer}: {why}"] += 1


def _tell(tryton: Tryton, service: LeadpactClient, marks: Marks, done: Round) -> None:
    since = marks.since(SCORES)
    asked: Wanted = {"limit": _AT_ONCE}
    if since is not None:
        asked["changed_since"] = since
    page = service.leads_page(**asked)
    # Leads come in the order in which they were made. One whose page has passed may change before
    # the last page comes, so what is known is what had changed when the first was read.
    began = page.as_of
    done.notes += _write_notes(tryton, service, page)
    while page.next_cursor is not None:
        page = service.leads_page(cursor=page.next_cursor, **asked)
        done.notes += _write_notes(tryton, service, page)
    marks.reached(SCORES, began)


def _write_notes(tryton: Tryton, service: LeadpactClient, page: LeadPage) -> int:
    numbers = {lead.id: _number(lead.id) for lead in page.leads}
    wanted = {n: _note(service, lead) for lead, n in numbers.items() if n is not None}
    return write_notes(tryton, wanted) if wanted else 0


def _pieces(all_: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(all_)
    while piece := list(islice(rest, size)):
        yield piece


def _note(service: LeadpactClient, lead_id: str) -> str | None:
    try:
        told = service.get_lead(lead_id)
    except NotFound:
        return None
    return None if told.score is None else note_of(told.score)


def as_json(done: Round) -> dict[str, Any]:
    """A round for machines."""
    return {"taken": dict(done.taken), "refused": dict(done.refused), "notes": done.notes}
