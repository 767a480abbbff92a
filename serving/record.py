"""The use cases of the record: leads come and change, things happen, and every score is kept.

One use case, one transaction. A lead has a score from the moment it exists; whatever arrives late,
twice or out of order leaves the score that it would have left in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, Row

from models.scorer import Scorer
from serving.addresses import keep_domains
from serving.canonical import canonical, read
from serving.problems import Trouble
from serving.rescoring import Inputs
from serving.scorebook import UNSCORED, Scorebook
from serving.searching import searchable
from serving.storage.base import to_number
from serving.storage.crm import CrmStore
from serving.storage.events import EventStore
from serving.storage.feedback import FeedbackStore
from serving.storage.handoffs import HandoffStore
from serving.storage.leads import LeadStore
from serving.storage.locks import hold
from serving.storage.privacy import WishStore
from serving.storage.scores import ScoreStore
from serving.wishes import Wish, addresses_of_event, are_erased, heed

NEW = "new"
"""Stage of a lead whose outcome nobody has told."""
COLLEAGUES = 50
"""So many leads of an account are scored anew with the write that concerns them; the others are
marked stale and wait for the sweep."""


ATTEMPTS = 5
"""How often a use case is run anew after it met another writer."""
T = TypeVar("T")


def persist(use: Callable[[], T]) -> T:
    """Run a use case in a transaction of its own, anew when it met another writer.

    Raises:
        Trouble: when other writers were faster every time.
    """
    for _ in range(ATTEMPTS):
        try:
            return use()
        except Collision:
            continue
    raise Trouble("not-ready", "Other writers were faster each time. Try again.")


class Collision(Exception):
    """A lead moved to another account while this writer waited; the use case is to be run again."""


class VersionMoved(Exception):
    """The lead has changed since the caller read it."""

    def __init__(self, found: int) -> None:
        super().__init__(f"the lead is at version {found}")
        self.found = found


@dataclass(frozen=True)
class Stored:
    """What a write left behind: the lead's row, its current score (None where its person does not
    want one), and whether it is new."""

    row: Row[Any]
    answer: dict[str, Any] | None
    created: bool


class Record:
    """Use cases on one transaction.

    Args:
        connection: the transaction.
        scorer: the model that answers.
        now: the instant of this request.

    Attributes:
        book: where every score that is made is kept.
    """

    def __init__(self, connection: Connection, scorer: Scorer, now: np.datetime64) -> None:
        self.connection = connection
        self.leads = LeadStore(connection)
        self.events = EventStore(connection)
        self.scores = ScoreStore(connection)
        self.handoffs = HandoffStore(connection)
        self.wishes = WishStore(connection)
        self.crm = CrmStore(connection)
        self._scorer = scorer
        self.now = now
        self.book = Scorebook(connection, scorer, now)

    def put_lead(
        self,
        lead_id: str,
        fields: Mapping[str, Any],
        owner: str | None,
        expected: int | None = None,
        consent_given_at: np.datetime64 | None = None,
        *,
        colleagues: bool = True,
    ) -> Stored:
        """Write a lead's fields, keep the version, and score it unless its person said no.

        Args:
            lead_id: the CRM's id.
            fields: checked fields by name; others are gone.
            owner: who works the lead.
            expected: the version the caller read, or None.
            consent_given_at: when a person who had been erased agreed anew, or None.
            colleagues: whether they are scored anew at once; who writes many leads does that
                once, by `rescore_accounts`.

        Raises:
            PersonErased: when the lead's person asked to be erased and has not agreed since.
            VersionMoved: when `expected` is not the version that is there.
            Collision: when the lead moved to another account while this writer waited.
        """
        kept = {**fields, self._scorer.fields.lead: lead_id}
        account = self._account_of(kept)
        addresses = keep_domains(kept, self._scorer.fields)
        there = self.hold([lead_id], [account], addresses).get(lead_id)
        if expected is not None and (there is None or there.version != expected):
            raise VersionMoved(0 if there is None else there.version)
        wish = heed(self.connection, lead_id, addresses, consent_given_at, self.now)
        version = 1 if there is None else there.version + 1
        answer, current = None, UNSCORED
        if wish.scoring:
            answer, current = self._score(
                lead_id, kept, version, account, "lead written", before=there
            )
        columns = {
            "scoring_allowed": wish.scoring,
            "training_allowed": wish.training,
            "account_id": account,
            "owner": owner,
            "fields": canonical(kept),
            "search": searchable(kept),
            "version": version,
            "changed_at": to_number(self.now),
        }
        self._keep(lead_id, columns | current, there is None)
        self.wishes.carries({lead_id: addresses})
        before = None if there is None else there.account_id
        if colleagues:
            self.rescore_accounts([account, before], {lead_id})
        if there is not None and there.scoring_allowed != wish.scoring:
            self.mark_stale({a.account_id for a in self.events.activities_of(lead_id)})
        row = self.leads.find(lead_id)
        assert row is not None
        return Stored(row, answer, there is None)

    def _keep(self, lead_id: str, columns: Mapping[str, Any], is_new: bool) -> None:
        """Write a lead's row, and this version of what it says."""
        if is_new:
            first = {"stage": self._stage_of(lead_id), "created_at": columns["changed_at"]}
            self.leads.add([{"id": lead_id, **first, **columns}])
        else:
            self.leads.write(lead_id, columns)
        told = {name: columns[name] for name in ("version", "fields", "account_id")}
        self.leads.remember([{"lead_id": lead_id, "received_at": columns["changed_at"], **told}])

    def remove_lead(self, lead_id: str) -> bool:
        """Remove a lead with all that happened and every score; False when there is none."""
        # Its activities may count for other accounts than its own.
        stirred = {a.account_id for a in self.events.activities_of(lead_id)}
        there = self.hold([lead_id], stirred).get(lead_id)
        if there is None:
            return False
        self.scores.remove_of(lead_id)
        self.handoffs.remove_of(lead_id)
        self.events.remove_of(lead_id)
        FeedbackStore(self.connection).remove_of(lead_id)
        self.leads.remove(lead_id)
        self.crm.forget(lead_id)
        self.rescore_accounts([*stirred, there.account_id], {lead_id})
        return True

    def reconsider(self, lead_id: str, cause: str = "events removed") -> None:
        """Tell a lead's stage and score anew, after events of it are gone, or came from another."""
        found = self.leads.find(lead_id)
        if found is not None:
            self.leads.write(lead_id, {"stage": self._stage_of(lead_id)})
            self.rescore(found, cause)

    def adopt(self, lead_id: str, heir: str) -> None:
        """Let a lead have what happened to another, which was the same and is no more."""
        stirred = {a.account_id for a in self.events.activities_of(lead_id)}
        moved = self.events.move(lead_id, heir)
        removed = self.remove_lead(lead_id)
        there = self.leads.find(heir)
        if there is not None and (moved or removed):
            self.reconsider(heir, "leads merged")
            self.rescore_accounts([*stirred, there.account_id], {heir})

    def carry(self, row: Row[Any], addresses: Iterable[str]) -> None:
        """Note more addresses (hashes) of a stored lead's person, and do what that person asked for
        under them."""
        more = set(addresses) - set(self.wishes.addresses_of([row.id]))
        if more:
            self.wishes.carries({row.id: more})
            self.put_lead(row.id, read(row.fields), row.owner)

    def happened(
        self, activities: Iterable[Mapping[str, Any]], outcomes: Iterable[Mapping[str, Any]]
    ) -> tuple[list[str], dict[str, dict[str, Any]]]:
        """Store events and score the leads they concern.

        Returns:
            per event `stored`, `duplicate`, `conflict` or `erased` (of a person who asked to be
            forgotten; nothing is kept); and the new answers by lead.
        """
        did, ended = list(activities), list(outcomes)
        touched = {str(row["lead_id"]) for row in did}
        accounts = {row["account_id"] for row in did}
        persons = {h for row in (*did, *ended) for h in addresses_of_event(row)}
        rows = self.hold(touched | {str(row["lead_id"]) for row in ended}, accounts, persons)
        gone = iter(are_erased(self.connection, [*did, *ended], self.now))
        told = ["erased" if next(gone) else self.events.add_activity(row) for row in did]
        new = {str(row["lead_id"]) for row, how in zip(did, told, strict=True) if how == "stored"}
        also = {row["account_id"] for row, how in zip(did, told, strict=True) if how == "stored"}
        told += ["erased" if next(gone) else self.events.add_outcome(row) for row in ended]
        for lead_id in sorted({str(row["lead_id"]) for row in ended} & set(rows)):
            self.leads.write(lead_id, {"stage": self._stage_of(lead_id)})
        mine = {i: self.rescore(rows[i], "activity") for i in sorted(new & set(rows))}
        self.rescore_accounts([*also, *(rows[i].account_id for i in mine)], set(mine))
        return told, {i: answer for i, answer in mine.items() if answer is not None}

    def hold(
        self,
        ids: Iterable[str],
        accounts: Iterable[str | None] = (),
        persons: Iterable[str] = (),
    ) -> dict[str, Row[Any]]:
        """The leads that exist of `ids`, held until the transaction's end with their accounts and
        with the persons of these address hashes.

        Raises:
            Collision: when one moved to another account meanwhile.
        """
        wanted = sorted(set(ids))
        before = {row.account_id for row in self.leads.find_many(wanted)}
        held = {a for a in (*accounts, *before) if a}
        names = [*(f"lead {i}" for i in wanted), *(f"account {a}" for a in held)]
        hold(self.connection, [*names, *(f"person {p}" for p in persons)])
        rows = {row.id: row for row in self.leads.find_many(wanted)}
        if any(row.account_id and row.account_id not in held for row in rows.values()):
            raise Collision
        return rows

    def rescore(self, row: Row[Any], cause: str) -> dict[str, Any] | None:
        """Score a stored lead as of now and keep the score; None where its person said no."""
        if not row.scoring_allowed:
            return None
        return self.rescore_many([row], cause)[row.id]

    def rescore_many(self, rows: Sequence[Row[Any]], cause: str) -> dict[str, dict[str, Any]]:
        """Score stored leads that may be scored as of now, and keep the scores; answers by id."""
        fresh = self.book.score(self.inputs_of(rows), rows, cause) if rows else []
        at = to_number(self.now)
        pairs = list(zip(rows, fresh, strict=True))
        self.leads.write_many({row.id: {"changed_at": at, **one.columns} for row, one in pairs})
        return {row.id: one.answer for row, one in pairs}

    def inputs_of(self, rows: Sequence[Row[Any]]) -> list[Inputs]:
        """What stored leads that may be scored are scored from."""
        seen = self.events.seen_of_many({row.id: row.account_id for row in rows})
        return [Inputs(row.id, row.version, read(row.fields), seen[row.id]) for row in rows]

    def allow(self, row: Row[Any], wish: Wish) -> None:
        """Do with a stored lead from now on what its person allows: its current score goes, or
        comes back."""
        at = to_number(self.now)
        allowed = {"scoring_allowed": wish.scoring, "training_allowed": wish.training}
        if not wish.scoring:
            self.leads.write(row.id, {"changed_at": at, **allowed, **UNSCORED})
            return
        current: dict[str, Any] = {}
        if not row.scoring_allowed:
            fields = read(row.fields)
            _, current = self._score(
                row.id, fields, row.version, row.account_id, "consent", before=row
            )
        self.leads.write(row.id, {"changed_at": at, **allowed, **current})

    def _score(
        self,
        lead_id: str,
        fields: dict[str, Any],
        version: int,
        account: str | None,
        cause: str,
        *,
        before: Row[Any] | None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        seen = self.events.seen_of(lead_id, account)
        inputs = Inputs(lead_id, version, fields, seen)
        [fresh] = self.book.score([inputs], [before], cause)
        return fresh.answer, fresh.columns

    def rescore_accounts(self, accounts: Iterable[str | None], but: set[str]) -> None:
        """Score the leads of accounts in which something changed, `but` those that were just."""
        for account in sorted({a for a in accounts if a}):
            scored = (r for r in self.leads.of_account(account) if r.scoring_allowed)
            rows = [r for r in scored if r.id not in but]
            self.rescore_many(rows[:COLLEAGUES], "account changed")
            for row in rows[COLLEAGUES:]:
                self.leads.write(row.id, {"stale": True})

    def mark_stale(self, accounts: Iterable[str | None]) -> None:
        """Of accounts that are not held: their scores are to be made anew later."""
        self.leads.mark_stale_at({a for a in accounts if a})

    def _stage_of(self, lead_id: str) -> str:
        told = self.events.outcomes_of(lead_id)
        return str(told[-1].stage) if told else NEW

    def _account_of(self, fields: Mapping[str, Any]) -> str | None:
        name = self._scorer.fields.account
        value = fields.get(name) if name else None
        return None if value is None else str(value)
