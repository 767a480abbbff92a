"""What CRMs told when, and which of their ids stand for which lead: the only place that asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, delete, select, update

from serving.addresses import lead_hash
from serving.canonical import canonical, read
from serving.storage.crm_tables import crm_facts, crm_ids
from serving.storage.upsert import insert_if_new

Kind = Literal["lead", "account"]
Facts = dict[str, tuple[int, Any]]
"""Field -> when it was so (microseconds), and its value."""
FOR_GOOD = 2**62
"""An instant after all others: nothing of it is ever taken again."""


class Fate(NamedTuple):
    """What became of an id: the lead that it stands for, and since when it is gone."""

    lead_id: str | None = None
    gone_at: int | None = None


class CrmStore:
    """Reads and writes what mappings keep, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts(self, kind: Kind, ids: Iterable[str]) -> dict[str, Facts]:
        """What was told of leads or of accounts, by id; only of those of which something was."""
        query = select(crm_facts.c.id, crm_facts.c.facts).where(
            crm_facts.c.kind == kind, crm_facts.c.id.in_(sorted(set(ids)))
        )
        return {
            row.id: {name: (at, value) for name, (at, value) in read(row.facts).items()}
            for row in self._connection.execute(query)
        }

    def write_facts(self, kind: Kind, id_: str, facts: Facts) -> None:
        """Keep what is told now in place of what was."""
        row = {"kind": kind, "id": id_, "facts": canonical(facts)}
        if not insert_if_new(self._connection, crm_facts, row, ["kind", "id"]):
            where = (crm_facts.c.kind == kind, crm_facts.c.id == id_)
            self._connection.execute(update(crm_facts).where(*where).values(facts=row["facts"]))

    def fates(self, ids: Iterable[str]) -> dict[str, Fate]:
        """What became of ids, by id; only of those of which something did."""
        by_hash = {lead_hash(i): i for i in ids}
        query = select(crm_ids).where(crm_ids.c.id_sha256.in_(sorted(by_hash)))
        return {
            by_hash[row.id_sha256]: Fate(row.lead_id, row.gone_at)
            for row in self._connection.execute(query)
        }

    def write_fate(self, id_: str, fate: Fate) -> None:
        """Keep what became of an id."""
        key = lead_hash(id_)
        row: Mapping[str, Any] = {"id_sha256": key, **fate._asdict()}
        if not insert_if_new(self._connection, crm_ids, row, ["id_sha256"]):
            where = crm_ids.c.id_sha256 == key
            self._connection.execute(update(crm_ids).where(where).values(**fate._asdict()))

    def point_on(self, lead_id: str, to: str) -> None:
        """Let what stood for one lead stand for another."""
        where = crm_ids.c.lead_id == lead_id
        self._connection.execute(update(crm_ids).where(where).values(lead_id=to))

    def forget(self, lead_id: str) -> None:
        """Forget what was told of a lead; what stood for it stands for nothing any more."""
        where = (crm_facts.c.kind == "lead", crm_facts.c.id == lead_id)
        self._connection.execute(delete(crm_facts).where(*where))
        nothing = {"lead_id": None, "gone_at": FOR_GOOD}
        pointing = crm_ids.c.lead_id == lead_id
        self._connection.execute(update(crm_ids).where(pointing).values(**nothing))
