"""From a payload to what is to be stored, by a mapping alone: no store, no workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from features.errors import Problem
from serving.mappings.document import (
    AccountRecord,
    ActivityRecord,
    IgnoredRecord,
    LeadRecord,
    Link,
    Mapping,
    OutcomeRecord,
)
from serving.mappings.events import SOONEST, activity, outcomes, outcomes_of
from serving.mappings.facts import facts
from serving.mappings.items import Gone, Item, Left, Same, Wrong
from serving.mappings.owning import Owned, ids_of
from serving.mappings.reading import holds, take, take_ids
from serving.mappings.shapes import Found, NotFound, records_of
from serving.mappings.taking import Ref

_ACTIONS = ("told", "removed", "erased", "linked")


def translate(mapping: Mapping, payload: Any, now: np.datetime64) -> Iterator[Item]:
    """What a payload comes to, in the order in which it stands there.

    Args:
        payload: JSON values.
        now: what lies after it has not happened yet.
    """
    for found in records_of(mapping, payload):
        if isinstance(found, NotFound):
            yield Left(found.place, "", found.why)
        else:
            yield from _items(mapping, found, now)


def _items(mapping: Mapping, found: Found, now: np.datetime64) -> Iterator[Item]:
    record, where = mapping.records[found.type], (found.seen.base, found.type)
    if isinstance(record, IgnoredRecord):
        yield Left(*where, record.reason)
        return
    if found.action not in _ACTIONS:
        yield Left(*where, found.action)
        return
    merged = list(_merged(found, record.prefix))
    if merged:
        yield from merged
    elif found.problems or found.told_at is None:
        yield Wrong(*where, found.problems)
    elif found.told_at > now + SOONEST:
        why = f"It says that it was so at {found.told_at}Z, which is yet to come."
        yield Left(*where, f"{why} Set the clock right and send it again.")
    else:
        for crm_id in found.ids:
            owned = Owned(mapping, found.seen, found.type, record.prefix + crm_id, now)
            yield from _of_one(owned, found, found.told_at)


def _of_one(owned: Owned, found: Found, at: np.datetime64) -> Iterator[Item]:
    record = owned.record
    if found.action in ("removed", "erased"):
        if isinstance(record, LeadRecord):
            yield Gone(*owned.where, owned.id, at, found.action == "erased")
        else:
            yield Left(*owned.where, "It was removed; what is known by it stays.")
        return
    told: list[Item] = []
    if isinstance(record, LeadRecord | OutcomeRecord):
        told += _links(owned, record.links)
    if found.action != "linked":
        told += _said(owned, at)
    yield from told or [Left(*owned.where, "Nothing of it is mapped.")]


def _said(owned: Owned, at: np.datetime64) -> Iterator[Item]:
    record = owned.record
    if isinstance(record, LeadRecord | AccountRecord):
        told = facts(owned, record, at)
        if told.says_anything:
            yield told
    if isinstance(record, LeadRecord):
        yield from outcomes(owned, record.outcomes, at, [owned.id])
    elif isinstance(record, ActivityRecord):
        yield from activity(owned, record)
    elif isinstance(record, OutcomeRecord):
        yield from outcomes_of(owned, record, at)


def _merged(found: Found, prefix: str) -> Iterator[Same]:
    for merge in found.shape.merges:
        survivor = take(found.seen, merge.survivor).value
        if survivor is None or not holds(found.seen, merge.when):
            continue
        lead = f"{prefix}{survivor}"
        for pattern in merge.merged:
            ref = Ref.model_validate({"at": pattern, "of": found.type, "as": found.shape.id_as})
            for one in take_ids(found.seen, ref):
                name = f"{prefix}{one.value}"
                if one.problem is None and name != lead:
                    yield Same(found.seen.base, found.type, name, lead, merged=True)


def _links(owned: Owned, links: tuple[Link, ...]) -> Iterator[Item]:
    for link in links:
        if not holds(owned.seen, link.when):
            continue
        problems: list[Problem] = []
        leads = [owned.id] if link.lead is None else ids_of(owned, link.lead, problems)
        for alias in ids_of(owned, link.alias, problems):
            for lead in leads:
                yield Same(*owned.where, alias, lead, merged=False)
        if problems:
            yield Wrong(*owned.where, tuple(problems))
