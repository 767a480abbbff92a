"""What was typed on a proposal's page: the text it makes, and the controls that show it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import Request

from features.errors import InputRefused, LeadpactError
from features.rulebook.document import Rulebook, parse_rulebook
from serving.pact.asking import evidence_of
from serving.pact.drafts import read_draft
from serving.pact.proposals import find_proposal
from serving.pages import case_controls, piece_steps
from serving.pages.case_texts import asked_of
from serving.pages.edited import edited
from serving.pages.editor import COUNTS, controls, disqualifiers
from serving.pages.form import known_activities
from serving.pages.piece_controls import NEW, asks_of, is_open, when_controls
from serving.pages.pieces import FIRST, HAPPENED, LAST, Asks
from serving.pages.proposals import wrong
from serving.pages.store import reading
from serving.state import Worker
from serving.storage.pact import ProposalStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOVES = (*piece_steps.STEPS, *case_controls.STEPS)
"""Steps that only give the form other controls."""


@dataclass(frozen=True)
class Typed:
    """What was typed last, and what came of it.

    Attributes:
        form: the form as typed.
        errors: criterion, or name of a control -> what is wrong with it.
        text: the text that it makes; None for the stored one.
        problem: what is wrong with the whole, in words.
        conflicts: what both sides changed, after a rebase that left some.
        replayed: whether the text is to be replayed now.
    """

    form: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    problem: str = ""
    conflicts: tuple[dict[str, Any], ...] = ()
    replayed: bool = False


async def read_form(request: Request, proposal_id: str, typed: dict[str, str]) -> Typed:
    """What typing makes of the text, held against the fields."""

    def ask(connection: Connection, worker: Worker) -> Typed:
        row = find_proposal(ProposalStore(connection), proposal_id)
        book = parse_rulebook(row.text, "The proposal")
        errors: dict[str, str] = {}
        if "yaml" in typed:
            text = typed["yaml"]
        elif "title" in typed:
            text, errors = edited(book, typed, asks_about(worker))
        else:
            return Typed()
        title = typed.get("title", row.title).strip()
        problem = wrong(title, typed.get("rationale", ""))
        if not problem:
            try:
                read_draft(text, book.edition, worker.scorer.fields)
            except InputRefused as refused:
                problem = str(refused)
        return Typed(typed, errors, text, problem, replayed=not (errors or problem))

    found: Typed = await reading(request, ask)
    return found


async def rearrange(request: Request, proposal_id: str, typed: dict[str, str]) -> Typed:
    """The form with other controls for a condition or a test case; nothing is checked or kept yet.

    Raises:
        InputRefused: when there is no such criterion, row, case or activity, or no more of them.
    """

    def ask(connection: Connection, worker: Worker) -> Typed:
        row = find_proposal(ProposalStore(connection), proposal_id)
        book, step = parse_rulebook(row.text, "The proposal"), typed["act"]
        if step.partition(" ")[0] in case_controls.STEPS:
            stored, fields = case_controls.stored_cases(book), worker.scorer.fields
            return Typed(case_controls.rearranged_cases(typed, step, stored, fields))
        conditions = {c.id: c.when for c in book.criteria}
        conditions |= {d.id: d.when for d in book.disqualifiers}
        return Typed(*piece_steps.rearranged(typed, step, conditions, asks_about(worker)))

    found: Typed = await reading(request, ask)
    return found


def asks_about(worker: Worker) -> Asks:
    """What conditions may be about here."""
    scorer = worker.scorer
    return asks_of(scorer.fields, known_activities(scorer), scorer.ladder.encoding.levels)


def editing(
    base: Rulebook, stored: Rulebook, book: Rulebook, typed: Typed, worker: Worker
) -> dict[str, Any]:
    """What the page's form is made of.

    Args:
        base: the edition that the proposal changes.
        stored: its text as kept.
        book: the text that is shown.
        typed: what was typed last.
        worker: whose model told what history says of criteria.
    """
    asks, scorer, form, errors = asks_about(worker), worker.scorer, typed.form, typed.errors
    kept, shown = ({c.id for c in b.criteria} for b in (stored, book))
    found = controls(base, book, evidence_of(scorer), form, errors, asks)
    return {
        # A new one stands in the form that it is typed in until it is kept.
        "controls": [c for c in found if c.id in kept],
        "disqualifiers": disqualifiers(base, stored, book, form, errors, asks),
        "dropped": [c for c in stored.criteria if c.id not in shown],
        "new_when": when_controls(_with_new(form), NEW, asks, errors),
        "cases": case_controls.case_controls(
            case_controls.stored_cases(stored), book, form, errors, scorer.fields
        ),
        "case_fields": asked_of(scorer.fields),
        "levels": {f.name: f.levels for f in asks.facts.values()},
        "asks": asks,
        "happenings": (HAPPENED, FIRST, LAST),
        "counts": COUNTS,
    }


def _with_new(form: Mapping[str, str]) -> dict[str, str]:
    """The form, in which a new criterion's condition always stands open."""
    return ({} if is_open(form, NEW) else {f"rows-{NEW}": "0"}) | dict(form)


def shown_book(stored: str, typed: Typed, worker: Worker) -> Rulebook:
    """The text that the page shows: as typed where that can be read, else as stored."""
    book = parse_rulebook(stored, "The proposal")
    if typed.text is None:
        return book
    try:
        return read_draft(typed.text, book.edition, worker.scorer.fields)
    except LeadpactError:
        # What is wrong with it is told in `problem`, and the form shows it as typed.
        return book
