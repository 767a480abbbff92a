"""What persons asked for, and what is kept of them: the only place that queries it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from serving.storage.privacy_tables import lead_addresses, training_exports, wishes
from serving.storage.tables import activities, lead_versions, leads, outcomes, scores
from serving.storage.upsert import insert_if_new, insert_many_if_new

_TEXTS = {
    activities: ("lead_id", "account_id", "event_id", "channel", "kind", "team"),
    outcomes: ("lead_id", "event_id", "reason"),
}
"""Where an event may carry an address: ids are the caller's to choose."""


class WishStore:
    """Reads and writes what persons asked for, and whose addresses leads carry."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, subjects: Iterable[str], lead_ids: Collection[str] = ()) -> list[Row[Any]]:
        """The wishes about these subjects (hashes), and about every address these leads carried."""
        wanted: ColumnElement[bool] = wishes.c.subject.in_(sorted(set(subjects)))
        if lead_ids:
            wanted = or_(wanted, wishes.c.subject.in_(_addresses_of(lead_ids)))
        return list(self._connection.execute(select(wishes).where(wanted)))

    def write(self, subject: str, values: Mapping[str, Any]) -> None:
        """Keep a wish in place of an earlier one about the same subject."""
        row = {"erased_at": None, "refused_until": None, **values, "subject": subject}
        if not insert_if_new(self._connection, wishes, row, ["subject"]):
            where = wishes.c.subject == subject
            self._connection.execute(update(wishes).where(where).values(**row))

    def drop(self, subjects: Iterable[str]) -> None:
        """Forget wishes: the person has given consent anew."""
        self._connection.execute(delete(wishes).where(wishes.c.subject.in_(sorted(set(subjects)))))

    def kept_from_training(self) -> list[str]:
        """Subjects that must stand in no copy for training: erased, or not willing to teach."""
        no = or_(wishes.c.training.is_(False), wishes.c.erased_at.is_not(None))
        return list(self._connection.execute(select(wishes.c.subject).where(no)).scalars())

    def carries(self, hashes: Mapping[str, Iterable[str]]) -> None:
        """Note addresses (hashes) that leads carry, by lead."""
        rows = [
            {"email_sha256": email_sha256, "lead_id": lead_id}
            for lead_id, mine in hashes.items()
            for email_sha256 in sorted(set(mine))
        ]
        insert_many_if_new(self._connection, lead_addresses, rows, ["email_sha256", "lead_id"])

    def addresses_of(self, lead_ids: Iterable[str]) -> list[str]:
        """Hashes of every address that these leads ever carried."""
        query = _addresses_of(lead_ids).distinct().order_by(lead_addresses.c.email_sha256)
        return list(self._connection.execute(query).scalars())

    def leads_with(self, hashes: Iterable[str]) -> list[str]:
        """Ids of the leads that ever carried one of these addresses."""
        where = lead_addresses.c.email_sha256.in_(sorted(set(hashes)))
        query = select(lead_addresses.c.lead_id).where(where).distinct()
        return list(self._connection.execute(query.order_by(lead_addresses.c.lead_id)).scalars())


def _addresses_of(lead_ids: Iterable[str]) -> Any:
    where = lead_addresses.c.lead_id.in_(sorted(set(lead_ids)))
    return select(lead_addresses.c.email_sha256).where(where)


class PersonStore:
    """Finds and counts what is kept of a person, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def leads_named(self, address: str) -> list[str]:
        """Ids of leads whose own id, or whose account's, is this address (in lower case)."""
        names = (leads.c.id, leads.c.account_id)
        query = select(leads.c.id).where(or_(*(func.lower(n) == address for n in names)))
        return list(self._connection.execute(query.order_by(leads.c.id)).scalars())

    def events_with(self, table: Table, address: str) -> list[Row[Any]]:
        """Activities or outcomes that carry this address (in lower case) in any text."""
        tests: list[ColumnElement[bool]] = [
            table.c[name].icontains(address, autoescape=True) for name in _TEXTS[table]
        ]
        query = select(table).where(or_(*tests)).order_by(table.c.seq)
        return list(self._connection.execute(query))

    def event_ids_of(self, lead_id: str) -> set[str]:
        """The callers' ids of all that is known to have happened to a lead."""
        found: set[str] = set()
        for table in _TEXTS:
            query = select(table.c.event_id).where(table.c.lead_id == lead_id)
            found.update(self._connection.execute(query).scalars())
        return found

    def remove_events(self, table: Table, seqs: Iterable[int]) -> None:
        """Remove activities or outcomes by number."""
        self._connection.execute(delete(table).where(table.c.seq.in_(list(seqs))))

    def scores_of(self, lead_id: str) -> list[Row[Any]]:
        """Every score of a lead, oldest first."""
        query = select(scores).where(scores.c.lead_id == lead_id).order_by(scores.c.seq)
        return list(self._connection.execute(query))


class HistoryStore:
    """Reads what training is taught by, in pieces, on one connection of one moment's state."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def leads(self, at_once: int) -> Iterator[list[tuple[Row[Any], list[Row[Any]], list[str]]]]:
        """Pieces of (lead, every version of its fields, hashes of its addresses), as they came."""
        query = select(leads).order_by(leads.c.seq).execution_options(yield_per=at_once)
        for piece in self._connection.execute(query).partitions():
            ids = [row.id for row in piece]
            versions = _grouped(self._connection, lead_versions, ids, lead_versions.c.version)
            hashes = _grouped(self._connection, lead_addresses, ids, lead_addresses.c.email_sha256)
            yield [
                (row, versions[row.id], [a.email_sha256 for a in hashes[row.id]]) for row in piece
            ]

    def events(self, table: Table) -> Iterator[Row[Any]]:
        """All activities or outcomes with their lead's account, but those of leads that are kept
        out of training; in the order they came."""
        kept_out = or_(~leads.c.training_allowed, ~leads.c.scoring_allowed)
        query = (
            select(table, leads.c.account_id.label("lead_account_id"))
            .outerjoin(leads, leads.c.id == table.c.lead_id)
            .where(or_(leads.c.id.is_(None), ~kept_out))
            .order_by(table.c.seq)
            .execution_options(yield_per=1000)
        )
        yield from self._connection.execute(query)


def _grouped(
    connection: Connection, table: Table, ids: list[str], order: ColumnElement[Any]
) -> dict[str, list[Row[Any]]]:
    query = select(table).where(table.c.lead_id.in_(ids)).order_by(table.c.lead_id, order)
    found: dict[str, list[Row[Any]]] = {i: [] for i in ids}
    for row in connection.execute(query):
        found[row.lead_id].append(row)
    return found


class TrainingExportStore:
    """Remembers where copies for training were written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, row: Mapping[str, Any]) -> None:
        """Note a copy, in place of an earlier one in the same folder."""
        self.forget(row["folder"])
        self._connection.execute(insert(training_exports).values(**row))

    def every(self) -> list[Row[Any]]:
        """All copies, oldest first."""
        query = select(training_exports).order_by(training_exports.c.seq)
        return list(self._connection.execute(query))

    def forget(self, folder: str) -> None:
        """Forget a copy that is no longer there."""
        where = training_exports.c.folder == folder
        self._connection.execute(delete(training_exports).where(where))
