"""The use case: a team says something about a lead or a line of its score.

It is kept with the score that it is about, and the other team reads it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from features.errors import InputRefused, Problem, shorten
from serving.addresses import without_addresses
from serving.canonical import read
from serving.incoming import outcome_rows
from serving.problems import wrong
from serving.reading import no_such_lead
from serving.record import Record
from serving.storage.base import from_number, to_number
from serving.storage.feedback import FeedbackStore

KINDS = {
    "returned": "Sales gives the lead back to marketing.",
    "disputed": "A line of the score is wrong about this lead.",
    "reported": "Something that the score cannot know.",
}
"""Kind -> what it says."""
REASONS = {
    "not_reachable": "Could not be reached",
    "no_need": "Has no need",
    "no_budget": "Has no budget",
    "no_authority": "Does not decide",
    "too_early": "Too early",
    "wrong_person": "Wrong person",
    "duplicate": "Is there twice",
    "competitor": "Works for a competitor",
    "wrong_data": "The data are wrong",
    "other": "Something else",
}
"""Reason code -> what it says."""
MAX_NOTE = 2000
"""Characters of a note."""


@dataclass(frozen=True)
class Said:
    """What somebody says.

    Attributes:
        kind: one of `KINDS`.
        reason: one of `REASONS`.
        line: the key of the line of the score that it is about, or None.
        note: in their own words, addresses cut down; hostile wherever it is shown.
    """

    kind: str
    reason: str
    line: str | None
    note: str


def give(record: Record, lead_id: str, said: Said, actor: str, role: str) -> Row[Any]:
    """Keep what is said about a lead with the score it has; a return is an outcome, too.

    Args:
        record: on a transaction that may write.
        lead_id: whose.
        said: what.
        actor, role: who says it.

    Raises:
        Trouble: when there is no such lead.
        InputRefused: when the line is none of its score's.
    """
    row = record.hold([lead_id]).get(lead_id)
    if row is None:
        raise no_such_lead(lead_id)
    _check_line(record, row, said.line)
    name = uuid.uuid4().hex
    if said.kind == "returned":
        _return(record, row, name, said.reason)
    return FeedbackStore(record.connection).add(
        {
            "id": name,
            "lead_id": lead_id,
            "score_seq": row.score_seq,
            "kind": said.kind,
            "reason": said.reason,
            "line": said.line,
            "note": said.note,
            "actor": actor,
            "team": role,
            "created_at": to_number(record.now),
        }
    )


def _check_line(record: Record, row: Row[Any], line: str | None) -> None:
    if line is None:
        return
    known: list[str] = []
    if row.score_seq is not None:
        known = [r["key"] for r in read(record.scores.by_seq(row.score_seq).answer)["reasons"]]
    if line not in known:
        why = "The lead's score has no such line."
        found = Problem("line", shorten(line), why, ", ".join(known[:20]) or "null", None, "/line")
        raise InputRefused(f"Nothing was kept. {found.sentence()}", [found])


def _return(record: Record, row: Row[Any], name: str, reason: str) -> None:
    """Tell the outcome as if the CRM had: a lead's stage is its latest outcome's. An earlier one
    of this very instant must not hide it."""
    last = record.events.outcomes_of(row.id)
    at = to_number(record.now)
    if last and last[-1].at >= at:
        at = last[-1].at + 1
    told = {
        "event_id": f"feedback-{name}",
        "lead_id": row.id,
        "at": f"{from_number(at)}Z",
        "stage": "returned",
        "reason": reason,
    }
    [checked] = outcome_rows([told], "", from_number(at))
    if checked.row is None:
        raise InputRefused("The return cannot be kept.", list(checked.problems))
    record.happened([], [checked.row])


def said_of(told: dict[str, Any]) -> Said:
    """What somebody says, from a form's or a request's texts.

    Raises:
        InputRefused: naming everything that is wrong.
    """
    found = []
    for name, known in (("kind", KINDS), ("reason", REASONS)):
        if told.get(name) not in known:
            allowed = ", ".join(known)
            found.append(wrong(f"/{name}", told.get(name), f"There is no such {name}.", allowed))
    note = told.get("note") or ""
    if not isinstance(note, str) or len(note) > MAX_NOTE or "\x00" in note:
        allowed = f"a text of at most {MAX_NOTE:,} characters, or null"
        found.append(wrong("/note", note, "A note was expected.", allowed))
    line = told.get("line") or None
    if line is not None and not isinstance(line, str):
        found.append(wrong("/line", line, "The key of a line was expected.", "a text, or null"))
    if found:
        raise InputRefused(" ".join(p.sentence() for p in found), found)
    return Said(told["kind"], told["reason"], line, without_addresses(note.strip()))
