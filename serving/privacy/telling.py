"""Everything that is kept of a person, told as one JSON document."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.addresses import lead_hash
from serving.canonical import read
from serving.privacy.kept_answers import answers_about
from serving.privacy.person import Person, find_person
from serving.reading import instant_text
from serving.storage.base import to_number
from serving.storage.crm import CrmStore
from serving.storage.events import EventStore
from serving.storage.feedback import FeedbackStore
from serving.storage.handoffs import DisputeStore, HandoffStore
from serving.storage.idempotency import IdempotencyStore
from serving.storage.leads import LeadStore
from serving.storage.privacy import PersonStore, WishStore

NOTE = (
    "Addresses are kept as their domain and as a hash, never whole. A score is kept as it was "
    "told, with its reasons; `inputs_sha256` is a hash over what it was made from."
)


def tell_person(connection: Connection, email: str, now: np.datetime64) -> dict[str, Any]:
    """All that is kept of whoever has this address: JSON values.

    Raises:
        InputRefused: when it is no address.
    """
    person = find_person(connection, email)
    subjects = [person.hash, *map(lead_hash, person.lead_ids)]
    wishes = WishStore(connection).of(subjects)
    return {
        "made_at": instant_text(to_number(now)),
        "note": NOTE,
        "leads": [_lead(connection, lead_id) for lead_id in person.lead_ids],
        "activities_elsewhere": [_plain(row) for row in person.activities],
        "outcomes_elsewhere": [_plain(row) for row in person.outcomes],
        "kept_answers": _answers(connection, person),
        "wishes": [_plain(row) for row in wishes],
    }


def count_of(told: dict[str, Any]) -> dict[str, int]:
    """How much was told, for the audit log."""
    leads = told["leads"]
    parts = ("history", "activities", "outcomes", "scores", "feedback")
    found = {part: sum(len(lead[part]) for lead in leads) for part in parts}
    found["activities"] += len(told["activities_elsewhere"])
    found["outcomes"] += len(told["outcomes_elsewhere"])
    return {"leads": len(leads), **found, "answers": len(told["kept_answers"])}


def _lead(connection: Connection, lead_id: str) -> dict[str, Any]:
    store, events = LeadStore(connection), EventStore(connection)
    row = store.find(lead_id)
    assert row is not None
    versions = (_plain(v, drop=("lead_id",)) for v in store.versions(lead_id))
    scores = PersonStore(connection).scores_of(lead_id)
    did, became = events.activities_of(lead_id), events.outcomes_of(lead_id)
    said = FeedbackStore(connection).of_lead(lead_id)
    return _plain(row, drop=("score_seq",)) | {
        "addresses_sha256": WishStore(connection).addresses_of([lead_id]),
        "history": [v | {"fields": read(v["fields"])} for v in versions],
        "activities": [_plain(a) for a in did],
        "outcomes": [_plain(o) for o in became],
        "scores": [_score(s) for s in scores],
        "told_by_crm": _told(connection, lead_id),
        "feedback": [_plain(f, drop=("score_seq",)) for f in said],
        "handoffs": [_plain(h) for h in HandoffStore(connection).of_lead(lead_id)],
        "disputes": [_plain(d) for d in DisputeStore(connection).of_lead(lead_id)],
        "fields": read(row.fields),
    }


def _told(connection: Connection, lead_id: str) -> dict[str, Any]:
    """What a CRM told of a lead by a mapping, and when it was so."""
    facts = CrmStore(connection).facts("lead", [lead_id]).get(lead_id, {})
    return {name: {"at": instant_text(at), "value": v} for name, (at, v) in facts.items()}


def _score(row: Row[Any]) -> dict[str, Any]:
    told = _plain(row, drop=("lead_id", "activity_seqs"))
    return told | {"answer": read(row.answer)}


def _answers(connection: Connection, person: Person) -> list[dict[str, Any]]:
    """Answers kept for repeated requests that name a lead of the person."""
    rows = answers_about(IdempotencyStore(connection).every(), person.lead_ids, ())
    return [_plain(row, drop=("caller", "key")) for row in rows]


def _plain(row: Row[Any], drop: tuple[str, ...] = ()) -> dict[str, Any]:
    """A stored row without our own numbers, instants as ISO 8601."""
    told = {k: v for k, v in row._mapping.items() if k not in {"seq", "content_sha256", *drop}}
    return {k: instant_text(v) if k in _INSTANTS else v for k, v in told.items()}


_INSTANTS = {
    "at",
    "as_of",
    "changed_at",
    "created_at",
    "decided_at",
    "decision_due",
    "decision_judged_at",
    "erased_at",
    "handed_at",
    "occurred_at",
    "opened_at",
    "received_at",
    "recorded_at",
    "refused_until",
    "settled_at",
    "told_at",
    "touch_due",
    "touch_judged_at",
}
