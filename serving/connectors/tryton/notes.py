"""A lead's score as a note on its opportunity: one, that of today.

A note can be added to an opportunity in every state, also one that is lost, and needs no module.
Tryton lets nobody change a note's text, so a new one is added before the old one goes: whoever is
stopped between the two leaves two, and the next run removes the old one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any

from serving.answers import Explained
from serving.connectors.tryton.rpc import Tryton
from serving.top_reasons import in_words, top_reasons

_BEGINS = "Leadpact score: "
_REASONS = 3
_AT_ONCE = 500
"""Notes of one call: a company has one for each opportunity."""


def is_score(row: Mapping[str, Any]) -> bool:
    """Whether a note is a score, whichever user wrote it: what we said is nobody's activity."""
    return str(row.get("message") or "").startswith(_BEGINS)


def is_ours(row: Mapping[str, Any], user: int) -> bool:
    """Whether a note is a score that this user wrote."""
    return row["create_uid"] == user and is_score(row)


def note_of(score: Explained) -> str:
    """A score in a few lines. No instant is in it: a score that stays leaves the note alone."""
    reasons = top_reasons([reason.model_dump() for reason in score.reasons], _REASONS)
    lines = [
        f"{_BEGINS}{score.score} of 100, grade {score.grade} (agreed: {score.agreed_score})",
        score.says,
        *(f"- {in_words(reason)}" for reason in reasons),
    ]
    if score.simulated:
        lines.append("The model learned from a simulated history.")
    return "\n".join(lines)


def write_notes(tryton: Tryton, wanted: Mapping[int, str | None]) -> int:
    """Let every opportunity have that note and no older one; None where it is to have none.

    Returns:
        How many opportunities have another note now.
    """
    kept: dict[int, bool] = {}
    old: dict[int, list[int]] = defaultdict(list)
    for row in _notes(tryton, list(wanted)):
        one = int(row["resource"].partition(",")[2])
        if row["message"] == wanted[one] and one not in kept:
            kept[one] = True
        else:
            old[one].append(row["id"])
    there = set(_existing(tryton, list(wanted)))
    new = [
        {"resource": f"sale.opportunity,{one}", "message": text}
        for one, text in wanted.items()
        if text is not None and one in there and one not in kept
    ]
    if new:
        tryton.call("ir.note.create", new)
    gone = [note for notes in old.values() for note in notes]
    if gone:
        tryton.call("ir.note.delete", gone)
    return len({int(n["resource"].partition(",")[2]) for n in new} | set(old))


def remove_of_gone(tryton: Tryton, known: Set[int]) -> int:
    """Remove scores from opportunities whose lead is no longer there, such as of a person who was
    erased; from how many.

    Args:
        known: opportunities whose lead is there.
    """
    wanted = [["message", "like", f"{_BEGINS}%"], ["resource", "like", "sale.opportunity,%"]]
    names = ["resource", "message", "create_uid"]
    told: set[str] = set()
    order, last = [["id", "ASC"]], 0
    while True:
        after = [*wanted, ["id", ">", last]]
        rows = tryton.call("ir.note.search_read", after, 0, _AT_ONCE, order, names)
        if not rows:
            return len(told)
        last = rows[-1]["id"]
        gone = [
            row
            for row in rows
            if is_ours(row, tryton.user) and int(row["resource"].partition(",")[2]) not in known
        ]
        if gone:
            tryton.call("ir.note.delete", [row["id"] for row in gone])
        told |= {row["resource"] for row in gone}


def _notes(tryton: Tryton, ids: list[int]) -> list[dict[str, Any]]:
    wanted = [["resource", "in", [f"sale.opportunity,{one}" for one in ids]]]
    names, order = ["resource", "message", "create_uid"], [["id", "DESC"]]
    rows = tryton.call("ir.note.search_read", wanted, 0, None, order, names)
    return [row for row in rows if is_ours(row, tryton.user)]


def _existing(tryton: Tryton, ids: list[int]) -> list[int]:
    """Those that were not removed meanwhile."""
    found: list[int] = tryton.call("sale.opportunity.search", [["id", "in", ids]])
    return found
