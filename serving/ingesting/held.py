"""What a payload is about, held until the transaction's end, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.ingesting.prepared import Event, Facts, Prepared, ids_of
from serving.mappings.items import Gone, Same
from serving.record import Collision, Record
from serving.storage.crm import Facts as Known
from serving.storage.crm import Fate, Kind


@dataclass
class Held:
    """What is known, kept up to date while records are stored.

    Attributes:
        fates: what became of ids.
        known: what was told of leads and of accounts, by id.
        before: what was known of accounts when the leads that are there were written.
    """

    fates: dict[str, Fate]
    known: dict[Kind, dict[str, Known]]
    before: dict[str, Known] = field(default_factory=dict)

    def heir(self, lead_id: str) -> str:
        """The lead that an id stands for, or itself."""
        return self.fates.get(lead_id, Fate()).lead_id or lead_id

    def is_gone(self, lead_id: str, at: int) -> bool:
        """Whether the lead was removed at this instant or after it."""
        gone_at = self.fates.get(lead_id, Fate()).gone_at
        return gone_at is not None and at <= gone_at


def hold(record: Record, prepared: Sequence[Prepared]) -> Held:
    """Hold every lead, account and person that a payload may touch, all at once and in one order.

    Raises:
        Collision: when another writer changed what it is about meanwhile.
    """
    told = [one for one in prepared if isinstance(one, Facts)]
    events = [one.row for one in prepared if isinstance(one, Event)]
    ids = {i for one in prepared if isinstance(one, Gone | Same) for i in ids_of(one)}
    ids |= {one.item.id for one in told if one.item.kind == "lead"}
    ids |= {str(row["lead_id"]) for row in events}
    accounts = {one.item.id for one in told if one.item.kind == "account"}
    accounts |= _accounts_in(record, told, events)
    about, fates = _about(record, ids, accounts)
    record.hold(about, accounts, {h for one in told for h in one.hashes})
    if _about(record, ids, accounts) != (about, fates):
        raise Collision
    theirs = {row.account_id for row in record.leads.find_many(about) if row.account_id}
    known = record.crm.facts("account", accounts | theirs)
    before = {k: dict(v) for k, v in known.items()}
    return Held(fates, {"lead": record.crm.facts("lead", about), "account": known}, before)


def _accounts_in(
    record: Record, told: Iterable[Facts], events: Iterable[dict[str, Any]]
) -> set[str]:
    name = record.book.scorer.fields.account or ""
    facts = (one.fitted.facts.get(name) for one in told)
    named = [fact.value for fact in facts if fact is not None]
    return {a for a in (*named, *(row.get("account_id") for row in events)) if a}


def _about(
    record: Record, ids: set[str], accounts: Iterable[str]
) -> tuple[list[str], dict[str, Fate]]:
    """Every lead that may be written, and what became of the ids that were named."""
    fates = record.crm.fates(ids)
    heirs = {fate.lead_id for fate in fates.values() if fate.lead_id}
    theirs = {row.id for a in accounts for row in record.leads.of_account(a)}
    return sorted(ids | heirs | theirs), fates
