"""The use case: records of a payload stored through those of the record, one transaction for all.

What is told of a lead is kept field by field with the instant at which it was so; a lead's fields
follow from that alone, so no order of deliveries leaves another lead. Links and merges come first,
then removals, then facts, then what happened.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from serving.addresses import keep_domains
from serving.canonical import read
from serving.ingesting.ends import ADDRESSES, MERGED, Eraser, carry, end, unite
from serving.ingesting.facts import fields_of, tell
from serving.ingesting.held import hold
from serving.ingesting.prepared import Event, Facts, Prepared, prepare
from serving.ingesting.results import Result
from serving.mappings.fitting import OWNER
from serving.mappings.items import Gone, Item, Same
from serving.record import Record
from serving.storage.base import to_number
from serving.storage.crm import Kind
from serving.wishes import EVENT_REFUSED, PersonErased, heed

OLDER = "The lead was removed after that."


def ingest(
    record: Record, items: Sequence[Item], may: Collection[str], erase: Eraser
) -> list[Result]:
    """Store what records of a payload come to; what became of each, in order.

    Args:
        record: on a transaction that may write.
        may: the caller's permissions; removals and events need their own.
        erase: for leads whose persons asked their CRM to be forgotten.

    Raises:
        Collision: when another writer moved something meanwhile; the use case is to be run again.
    """
    prepared = prepare(items, record.book.scorer.fields, may, record.now)
    return _Ingest(record, prepared).run(erase)


class _Ingest:
    def __init__(self, record: Record, prepared: list[Prepared]) -> None:
        self.record, self.prepared = record, prepared
        self.fields = record.book.scorer.fields
        self.held = hold(record, prepared)
        self.results: dict[int, Result] = {}
        self.whole: dict[str, dict[str, Any]] = {}
        self.hashes: dict[str, set[str]] = {}

    def run(self, erase: Eraser) -> list[Result]:
        for i, one in enumerate(self.prepared):
            if isinstance(one, Result):
                self.results[i] = one
            elif isinstance(one, Same):
                self.results[i] = unite(self.record, self.held, one)
        back: set[str] = set()
        for i, one in enumerate(self.prepared):
            if isinstance(one, Gone):
                self.results[i] = end(self.record, self.held, one, erase)
                back |= {one.id} if self.held.known["lead"].get(one.id) else set()
        self._facts(back)
        self._events()
        return [self.results[i] for i in range(len(self.prepared))]

    def _facts(self, back: set[str]) -> None:
        """Tell all facts, then write each lead that they change, and those that came back."""
        changed: dict[Kind, set[str]] = {"lead": set(back), "account": set()}
        for i, one in enumerate(self.prepared):
            if isinstance(one, Facts):
                self.results[i] = self._tell(one, changed)
        for kind, ids in changed.items():
            for id_ in sorted(ids):
                self.record.crm.write_facts(kind, id_, self.held.known[kind][id_])
        accounts = changed["account"]
        theirs = {r.id for a in sorted(accounts) for r in self.record.leads.of_account(a)}
        stirred: set[str | None] = set(accounts) if theirs else set()
        for lead_id in sorted(changed["lead"] | theirs):
            stirred |= self._write_lead(lead_id)
        self.record.rescore_accounts(stirred, set())

    def _tell(self, one: Facts, changed: dict[Kind, set[str]]) -> Result:
        item, fitted = one.item, one.fitted
        problems, not_read = fitted.problems, fitted.ignored
        at = to_number(item.at)
        if item.kind == "lead":
            heir = self.held.heir(item.id)
            if heir != item.id:
                carry(self.record, self.held, heir, one.hashes)
                return Result(item, "ignored", MERGED, problems, not_read)
            if self.held.is_gone(item.id, at):
                return Result(item, "ignored", OLDER, problems, not_read)
            try:
                waiting = self.held.known["lead"].get(item.id, {}).get(ADDRESSES, (0, []))[1]
                hashes = [*one.hashes, *waiting]
                heed(self.record.connection, item.id, hashes, None, self.record.now)
            except PersonErased as erased:
                return Result(item, "refused", str(erased), problems, not_read)
        if not fitted.facts:
            why = "" if problems else "No field here reads any of it."
            return Result(item, "refused" if problems else "ignored", why, problems, not_read)
        texts = {name: fact.value for name, fact in fitted.facts.items()}
        cut = dict(texts)
        keep_domains(cut, self.fields)
        facts = self.held.known[item.kind].setdefault(item.id, {})
        new = [
            name
            for name, fact in fitted.facts.items()
            if tell(facts, name, at, cut[name], first=fact.first)
        ]
        changed[item.kind].add(item.id)
        if item.kind == "lead":
            self.hashes.setdefault(item.id, set()).update(one.hashes)
            self.whole.setdefault(item.id, {}).update({name: texts[name] for name in new})
        return Result(item, "stored" if new else "duplicate", "", problems, not_read)

    def _write_lead(self, lead_id: str) -> set[str | None]:
        """Write a lead if what is known of it changes it; the accounts that this stirs."""
        there = self.record.leads.find(lead_id)
        before = {} if there is None else read(there.fields)
        waiting = self.held.known["lead"].get(lead_id, {}).pop(ADDRESSES, (0, []))[1]
        own = dict(self.held.known["lead"].get(lead_id, {}))
        if waiting:
            self.hashes.setdefault(lead_id, set()).update(waiting)
            self.record.crm.write_facts("lead", lead_id, own)
        owner = own.pop(OWNER, (0, None if there is None else there.owner))[1]
        was_at = "" if there is None else there.account_id or ""
        name = self.fields.account or ""
        account = own[name][1] if name in own else before.get(name)
        known = self.held.known["account"]
        if account and account not in known:
            known |= self.record.crm.facts("account", [account])
        fields = fields_of(
            before, own, self.held.before.get(was_at, {}), known.get(account or "", {})
        )
        fields.pop(self.fields.lead, None)
        hashes = self.hashes.get(lead_id, set())
        carried = set(self.record.wishes.addresses_of([lead_id])) if hashes else set()
        before.pop(self.fields.lead, None)
        same = there is not None and fields == before and owner == there.owner
        if same and hashes <= carried:
            return set()
        self.record.put_lead(lead_id, self._with_whole(lead_id, fields), owner, colleagues=False)
        self.record.wishes.carries({lead_id: hashes})
        return {account, was_at or None}

    def _with_whole(self, lead_id: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Fields with addresses as they were told, by which the person is known; only their domains
        are kept."""
        whole = {k: v for k, v in self.whole.get(lead_id, {}).items() if k in fields}
        cut = dict(whole)
        keep_domains(cut, self.fields)
        return fields | {k: v for k, v in whole.items() if cut[k] == fields[k]}

    def _events(self) -> None:
        events = {i: one for i, one in enumerate(self.prepared) if isinstance(one, Event)}
        did: list[tuple[int, dict[str, Any]]] = []
        became: list[tuple[int, dict[str, Any]]] = []
        for i, one in events.items():
            lead_id = self.held.heir(str(one.row["lead_id"]))
            is_activity = one.item.kind == "activity"
            at = one.row["occurred_at" if is_activity else "at"]
            if self.held.is_gone(str(one.row["lead_id"]), at) or self.held.is_gone(lead_id, at):
                self.results[i] = Result(one.item, "ignored", OLDER)
            else:
                (did if is_activity else became).append((i, one.row | {"lead_id": lead_id}))
        told, _ = self.record.happened([row for _, row in did], [row for _, row in became])
        for (i, _), how in zip([*did, *became], told, strict=True):
            self.results[i] = _event_result(events[i], how)


def _event_result(one: Event, how: str) -> Result:
    if how == "erased":
        return Result(one.item, "refused", EVENT_REFUSED)
    if how == "conflict":
        why = "Another event with this id and other content is stored; that one stays."
        return Result(one.item, "conflict", why)
    return Result(one.item, "stored" if how == "stored" else "duplicate")
