"""Many leads or events written at once: kept as one by one, but scored together or later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from serving.addresses import keep_domains
from serving.canonical import canonical
from serving.record import NEW, Record
from serving.rescoring import Inputs
from serving.searching import searchable
from serving.storage.base import to_number
from serving.wishes import PersonErased, Wish, addresses_of_event, are_erased, heed, unheard


class NewLead(NamedTuple):
    """A lead as it came: its id, its checked fields, and who works it."""

    id: str
    fields: dict[str, Any]
    owner: str | None = None


def put_activities(record: Record, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Store activities; the leads they concern are marked stale, and the next sweep scores them
    anew: once, however many activities came.

    Returns:
        per row what `Record.happened` tells of it.

    Raises:
        Collision: when another writer moved a lead to another account meanwhile.
    """
    ids = {row["lead_id"] for row in rows}
    accounts = {row["account_id"] for row in rows}
    persons = {h for row in rows for h in addresses_of_event(row)}
    there = record.hold(ids, accounts, persons)
    gone = are_erased(record.connection, rows, record.now)
    kept = [row for row, erased in zip(rows, gone, strict=True) if not erased]
    found = iter(record.events.add_activities(kept))
    told = ["erased" if erased else next(found) for erased in gone]
    new = [row for row, how in zip(rows, told, strict=True) if how == "stored"]
    mine = {row["lead_id"] for row in new} & set(there)
    record.leads.mark_stale(mine)
    record.mark_stale({*(row["account_id"] for row in new), *(there[i].account_id for i in mine)})
    return told


def put_outcomes(record: Record, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Store outcomes; what became of each, as `Record.happened` tells it."""
    told, _ = record.happened([], rows)
    return told


class _Entry(NamedTuple):
    """A new lead on its way: its row without a score, its fields, its address hashes."""

    row: dict[str, Any]
    fields: dict[str, Any]
    hashes: frozenset[str]


def put_leads(record: Record, leads: Sequence[NewLead]) -> list[str]:
    """Write leads as `Record.put_lead` would one after the other, new ones in one go.

    Colleagues of new leads are marked stale where these brought something with them; the next
    sweep scores them anew.

    Args:
        leads: several of one id count as one after the other.

    Returns:
        per lead `stored` or `erased` (its person asked to be forgotten; nothing is kept).

    Raises:
        Collision: when another writer moved one of them meanwhile.
    """
    entries = {lead.id: _entry(record, lead) for lead in leads}
    accounts = {entry.row["account_id"] for entry in entries.values()}
    persons = frozenset[str]().union(*(entry.hashes for entry in entries.values()))
    there = record.hold(entries, accounts, persons)
    twice = {name for name, n in Counter(lead.id for lead in leads).items() if n > 1}
    free = unheard(record.connection, {name: e.hashes for name, e in entries.items()})
    new, told = [], []
    for lead in leads:
        known = lead.id in there or lead.id in twice
        if known or not (free or _may_be_scored(record, entries[lead.id])):
            told.append(_alone(record, lead))
        else:
            new.append(entries[lead.id])
            told.append("stored")
    _add(record, new)
    return told


def _entry(record: Record, lead: NewLead) -> _Entry:
    known = record.book.scorer.fields
    fields = {k: v for k, v in lead.fields.items() if v is not None} | {known.lead: lead.id}
    hashes = keep_domains(fields, known)
    account = fields.get(known.account) if known.account else None
    at = to_number(record.now)
    row = {
        "id": lead.id,
        "account_id": None if account is None else str(account),
        "owner": lead.owner,
        "fields": canonical(fields),
        "search": searchable(fields),
        "version": 1,
        "stage": NEW,
        "created_at": at,
        "changed_at": at,
    }
    return _Entry(row, fields, frozenset(hashes))


def _may_be_scored(record: Record, entry: _Entry) -> bool:
    """Whether nobody wished anything about a lead's person."""
    try:
        return heed(record.connection, entry.row["id"], entry.hashes, None, record.now) == Wish()
    except PersonErased:
        return False


def _alone(record: Record, lead: NewLead) -> str:
    fields = {k: v for k, v in lead.fields.items() if v is not None}
    try:
        record.put_lead(lead.id, fields, lead.owner)
    except PersonErased:
        return "erased"
    return "stored"


def _add(record: Record, entries: Sequence[_Entry]) -> None:
    if not entries:
        return
    seen = record.events.seen_of_many({e.row["id"]: e.row["account_id"] for e in entries})
    inputs = [Inputs(e.row["id"], 1, e.fields, seen[e.row["id"]]) for e in entries]
    fresh = record.book.score(inputs, [None] * len(entries), "lead imported")
    record.mark_stale({e.row["account_id"] for e in entries if seen[e.row["id"]]})
    stages = record.events.stages_of([e.row["id"] for e in entries])
    rows = [e.row | {"stage": stages.get(e.row["id"], NEW)} for e in entries]
    record.leads.add([row | score.columns for row, score in zip(rows, fresh, strict=True)])
    record.wishes.carries({e.row["id"]: e.hashes for e in entries})
    kept = ("fields", "version", "account_id")
    record.leads.remember(
        [
            {"lead_id": row["id"], "received_at": row["created_at"]} | {k: row[k] for k in kept}
            for row in rows
        ]
    )
