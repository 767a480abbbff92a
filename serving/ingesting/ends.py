"""Records that stand for a lead, and leads that are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from serving.addresses import lead_hash
from serving.canonical import read
from serving.ingesting.facts import since
from serving.ingesting.held import Held
from serving.ingesting.results import Result
from serving.mappings.items import Gone, Same
from serving.record import Record
from serving.storage.base import to_number
from serving.storage.crm import Fate
from serving.wishes import together

Eraser = Callable[[Record, str], object]
"""Erases the person of a lead."""
ADDRESSES = "@addresses"
"""Among a lead's facts: hashes of addresses that wait for it; no field can be called so."""
MERGED = "The record was merged into another lead; what is told of that one counts."


def unite(record: Record, held: Held, item: Same) -> Result:
    """Let what is told of one id be told of the lead that it stands for."""
    heir, fate = held.heir(item.lead), held.fates.get(item.id, Fate())
    if fate.lead_id == heir:
        return Result(item, "duplicate")
    if fate.lead_id is not None or heir == item.id:
        why = "It stands for another lead already." if fate.lead_id else "It is that lead."
        return Result(item, "conflict", why)
    held.fates = {
        i: Fate(heir, f.gone_at) if f.lead_id == item.id else f for i, f in held.fates.items()
    }
    held.fates[item.id] = Fate(heir, fate.gone_at if item.merged else None)
    record.crm.point_on(item.id, heir)
    record.crm.write_fate(item.id, held.fates[item.id])
    held.known["lead"].pop(item.id, None)
    addresses = record.wishes.addresses_of([item.id])
    _wish(record, item.id, heir)
    record.adopt(item.id, heir)
    carry(record, held, heir, addresses)
    return Result(item, "stored")


def _wish(record: Record, lead_id: str, heir: str) -> None:
    """What was wished about a lead by its id is wished about the one it was merged into."""
    asked = [w for w in record.wishes.of([lead_hash(lead_id)]) if not (w.scoring and w.training)]
    if not asked:
        return
    wish = together([*asked, *record.wishes.of([lead_hash(heir)])])
    kept = {"scoring": wish.scoring, "training": wish.training, "told_at": to_number(record.now)}
    record.wishes.write(lead_hash(heir), kept)
    there = record.leads.find(heir)
    if there is not None:
        record.put_lead(heir, read(there.fields), there.owner)


def carry(record: Record, held: Held, heir: str, hashes: Iterable[str]) -> None:
    """Note the addresses of what was merged into a lead, also if that is yet to come."""
    there = record.leads.find(heir)
    if there is not None:
        record.carry(there, hashes)
        return
    facts = held.known["lead"].setdefault(heir, {})
    every = sorted({*facts.get(ADDRESSES, (0, []))[1], *hashes})
    if every:
        facts[ADDRESSES] = (0, every)
        record.crm.write_facts("lead", heir, facts)


def end(record: Record, held: Held, item: Gone, erase: Eraser) -> Result:
    """Remove a lead with all that was told of it up to an instant. What was told of later stays:
    the lead came back."""
    fate, at = held.fates.get(item.id, Fate()), to_number(item.at)
    if fate.lead_id is not None:
        return Result(item, "ignored", MERGED)
    if fate.gone_at is not None and fate.gone_at >= at:
        return Result(item, "duplicate")
    events = record.events
    did = [r for r in events.activities_of(item.id) if r.occurred_at > at]
    became = [r for r in events.outcomes_of(item.id) if r.at > at]
    later = since(held.known["lead"].get(item.id, {}), at)
    if item.erased:
        erase(record, item.id)
        did, became, later = [], [], {}
    if not record.remove_lead(item.id):
        events.remove_of(item.id)
        record.crm.forget(item.id)
    held.fates[item.id] = Fate(None, at)
    record.crm.write_fate(item.id, held.fates[item.id])
    for row in did:
        events.add_activity(_without_seq(row))
    for row in became:
        events.add_outcome(_without_seq(row))
    held.known["lead"][item.id] = later
    if later:
        record.crm.write_facts("lead", item.id, later)
    return Result(item, "stored")


def _without_seq(row: Any) -> dict[str, Any]:
    return {k: v for k, v in row._mapping.items() if k != "seq"}
