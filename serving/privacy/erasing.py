"""A person erased: from leads, events, scores, kept answers and copies for training.

What stays: a hash of the address and of each lead's id, with the instant until which nothing of
them is taken, so that a late delivery does not bring them back; counts in the audit log; and what
their activities once added to colleagues' past scores, which are numbers that name nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from sqlalchemy import Connection

from serving.addresses import lead_hash
from serving.privacy.copies import cut_from_copies
from serving.privacy.kept_answers import answers_about
from serving.privacy.person import Person, find_person, find_person_of
from serving.record import Collision, Record
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.feedback import FeedbackStore
from serving.storage.idempotency import IdempotencyStore
from serving.storage.privacy import PersonStore, WishStore
from serving.storage.tables import activities, outcomes


def erase(record: Record, email: str, actor: str, refused_for: np.timedelta64) -> dict[str, int]:
    """Erase whoever has this address; again it finds nothing and renews the time.

    Args:
        record: on a transaction that may write.
        email: the address, however it is written.
        refused_for: so long nothing is taken of the person unless they agree anew.
        actor: who acts, for the audit log.

    Returns:
        what was removed, by kind: leads, versions, activities, outcomes, scores, feedback, kept
        answers, rows of copies for training, and copies that are no longer where they were written.

    Raises:
        InputRefused: when it is no address.
        CopyNotCut: when a copy for training cannot be written; nothing is erased then.
        Collision: when another writer brought something of the person meanwhile.
    """
    return _erase(record, lambda: find_person(record.connection, email), actor, refused_for)


def erase_lead(
    record: Record, lead_id: str, actor: str, refused_for: np.timedelta64
) -> dict[str, int]:
    """Erase the person of a lead, known by every address that it ever carried; see `erase`. Nothing
    is taken of them by any of those addresses."""
    find = partial(find_person_of, record.connection, lead_id)
    person = find()
    return _erase(record, find, actor, refused_for, also=(lead_hash(lead_id), *person.hashes))


def _erase(
    record: Record,
    find: Callable[[], Person],
    actor: str,
    refused_for: np.timedelta64,
    also: Iterable[str] = (),
) -> dict[str, int]:
    connection, now = record.connection, record.now
    person = find()
    accounts = _accounts(record, person)
    rows = record.hold(_leads_of(person), accounts, person.hashes)
    if find() != person or _accounts(record, person) != accounts:
        raise Collision
    counts = _count(record, person)
    counts += Counter(answers=_forget_answers(connection, person))
    cut = cut_from_copies(connection, person.lead_ids)
    counts += Counter(copied_rows=cut.rows, copies_gone=cut.gone)
    for lead_id in person.lead_ids:
        record.remove_lead(lead_id)
    others = {row.lead_id for row in (*person.activities, *person.outcomes)} & set(rows)
    _remove_events(record, person, others)
    erased = {"erased_at": to_number(now), "refused_until": to_number(now + refused_for)}
    kept = {"scoring": True, "training": True, "told_at": to_number(now), **erased}
    for subject in {person.hash, *map(lead_hash, person.lead_ids), *also}:
        WishStore(connection).write(subject, kept)
    told = {kind: counts[kind] for kind in KINDS}
    AuditLog(connection).append(now, actor, "person erased", "", told)
    return told


KINDS = (
    "leads",
    "versions",
    "activities",
    "outcomes",
    "scores",
    "feedback",
    "answers",
    "copied_rows",
    "copies_gone",
)
"""What an erasure counts."""


def _leads_of(person: Person) -> set[str]:
    events = (*person.activities, *person.outcomes)
    return {*person.lead_ids, *(row.lead_id for row in events)}


def _accounts(record: Record, person: Person) -> set[str | None]:
    own = {a.account_id for i in person.lead_ids for a in record.events.activities_of(i)}
    return own | {row.account_id for row in person.activities}


def _count(record: Record, person: Person) -> Counter[str]:
    found = Counter(
        leads=len(person.lead_ids),
        activities=len(person.activities),
        outcomes=len(person.outcomes),
    )
    for lead_id in person.lead_ids:
        found += Counter(
            versions=len(record.leads.versions(lead_id)),
            activities=len(record.events.activities_of(lead_id)),
            outcomes=len(record.events.outcomes_of(lead_id)),
            scores=len(PersonStore(record.connection).scores_of(lead_id)),
            feedback=len(FeedbackStore(record.connection).of_lead(lead_id)),
        )
    return found


def _forget_answers(connection: Connection, person: Person) -> int:
    store = IdempotencyStore(connection)
    found = answers_about(store.every(), person.lead_ids, _event_ids(connection, person))
    store.remove(found)
    return len(found)


def _event_ids(connection: Connection, person: Person) -> set[str]:
    store = PersonStore(connection)
    own = {row.event_id for row in (*person.activities, *person.outcomes)}
    return own.union(*(store.event_ids_of(lead_id) for lead_id in person.lead_ids))


def _remove_events(record: Record, person: Person, others: Iterable[str]) -> None:
    """Remove events that carry the address, and score anew whom they counted for."""
    store = PersonStore(record.connection)
    store.remove_events(activities, [row.seq for row in person.activities])
    store.remove_events(outcomes, [row.seq for row in person.outcomes])
    ids = sorted(others)
    for lead_id in ids:
        record.reconsider(lead_id)
    accounts = {row.account_id for row in record.leads.find_many(ids)}
    stirred = {row.account_id for row in person.activities}
    record.rescore_accounts([*accounts, *stirred], set(ids))
