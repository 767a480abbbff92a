"""The use cases of the record: leads come and change, things happen, and every score is kept.

One use case, one transaction. A lead has a score from the moment it exists; whatever arrives late,
twice or out of order leaves the score that it would have left in order.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from features.columns import readable
from models.scorer import Scorer
from serving.canonical import canonical, read
from serving.rescoring import Inputs, score_row
from serving.storage.base import to_number
from serving.storage.events import EventStore
from serving.storage.leads import LeadStore
from serving.storage.locks import hold
from serving.storage.scores import ScoreStore

NEW = "new"
"""Stage of a lead whose outcome nobody has told."""
COLLEAGUES = 50
"""So many leads of an account are scored anew with the write that concerns them; the others are
marked stale and wait for the sweep."""


class Collision(Exception):
    """A lead moved to another account while this writer waited; the use case is to be run again."""


class VersionMoved(Exception):
    """The lead has changed since the caller read it."""

    def __init__(self, found: int) -> None:
        super().__init__(f"the lead is at version {found}")
        self.found = found


@dataclass(frozen=True)
class Stored:
    """What a write left behind: the lead's row, its current score, and whether it is new."""

    row: Row[Any]
    answer: dict[str, Any]
    created: bool


class Record:
    """Use cases on one transaction.

    Args:
        connection: the transaction.
        scorer: the model that answers.
        now: the instant of this request.

    Attributes:
        made: every score that was made, 0 to 100.
    """

    def __init__(self, connection: Connection, scorer: Scorer, now: np.datetime64) -> None:
        self._connection = connection
        self.leads = LeadStore(connection)
        self.events = EventStore(connection)
        self.scores = ScoreStore(connection)
        self._scorer = scorer
        self._now = now
        self.made: list[int] = []

    def put_lead(
        self,
        lead_id: str,
        fields: Mapping[str, Any],
        owner: str | None,
        expected: int | None = None,
    ) -> Stored:
        """Write a lead's fields, keep the version, and score it.

        Args:
            lead_id: the CRM's id.
            fields: checked fields by name; others are gone.
            owner: who works the lead.
            expected: the version the caller read, or None.

        Raises:
            VersionMoved: when `expected` is not the version that is there.
            Collision: when the lead moved to another account while this writer waited.
        """
        kept = {**fields, self._scorer.fields.lead: lead_id}
        account = self._account_of(kept)
        there = self._hold([lead_id], [account]).get(lead_id)
        if expected is not None and (there is None or there.version != expected):
            raise VersionMoved(0 if there is None else there.version)
        email = self._email_of(kept)
        version = 1 if there is None else there.version + 1
        at = to_number(self._now)
        answer, current = self._score(lead_id, kept, version, account, "lead written")
        columns = {
            "account_id": account,
            "email_sha256": email,
            "owner": owner,
            "fields": canonical(kept),
            "version": version,
            "changed_at": at,
            **current,
        }
        if there is None:
            first = {"id": lead_id, "stage": self._stage_of(lead_id), "created_at": at}
            self.leads.add(columns | first)
        else:
            self.leads.write(lead_id, columns)
        self.leads.remember(
            {
                "lead_id": lead_id,
                "version": version,
                "fields": columns["fields"],
                "account_id": account,
                "received_at": at,
            }
        )
        before = None if there is None else there.account_id
        self._rescore_colleagues({a for a in (account, before) if a}, {lead_id})
        row = self.leads.find(lead_id)
        assert row is not None
        return Stored(row, answer, there is None)

    def remove_lead(self, lead_id: str) -> bool:
        """Remove a lead with all that happened and every score; False when there is none."""
        # Its activities may count for other accounts than its own.
        stirred = {a.account_id for a in self.events.activities_of(lead_id)}
        there = self._hold([lead_id], stirred).get(lead_id)
        if there is None:
            return False
        self.scores.remove_of(lead_id)
        self.events.remove_of(lead_id)
        self.leads.remove(lead_id)
        self._rescore_colleagues({a for a in (*stirred, there.account_id) if a}, {lead_id})
        return True

    def happened(
        self, activities: Iterable[Mapping[str, Any]], outcomes: Iterable[Mapping[str, Any]]
    ) -> tuple[list[str], dict[str, dict[str, Any]]]:
        """Store events and score the leads they concern.

        Returns:
            per event `stored`, `duplicate` or `conflict`; and the new answers by lead.
        """
        did, ended = list(activities), list(outcomes)
        touched = {str(row["lead_id"]) for row in did}
        accounts = {row["account_id"] for row in did}
        rows = self._hold(touched | {str(row["lead_id"]) for row in ended}, accounts)
        told = [self.events.add_activity(row) for row in did]
        new = {str(row["lead_id"]) for row, how in zip(did, told, strict=True) if how == "stored"}
        also = {row["account_id"] for row, how in zip(did, told, strict=True) if how == "stored"}
        told += [self.events.add_outcome(row) for row in ended]
        for lead_id in sorted({str(row["lead_id"]) for row in ended} & set(rows)):
            self.leads.write(lead_id, {"stage": self._stage_of(lead_id)})
        answers = {i: self.rescore(rows[i], "activity") for i in sorted(new & set(rows))}
        also |= {rows[i].account_id for i in answers}
        self._rescore_colleagues({a for a in also if a}, set(answers))
        return told, answers

    def _hold(self, ids: Iterable[str], accounts: Iterable[str | None]) -> dict[str, Row[Any]]:
        """The leads that exist of `ids`, held with their accounts until the transaction's end."""
        wanted = sorted(set(ids))
        before = {row.account_id for row in self.leads.find_many(wanted)}
        held = {a for a in (*accounts, *before) if a}
        hold(self._connection, [*(f"lead {i}" for i in wanted), *(f"account {a}" for a in held)])
        rows = {row.id: row for row in self.leads.find_many(wanted)}
        if any(row.account_id and row.account_id not in held for row in rows.values()):
            raise Collision
        return rows

    def rescore(self, row: Row[Any], cause: str) -> dict[str, Any]:
        """Score a stored lead as of now and keep the score."""
        fields = read(row.fields)
        answer, current = self._score(row.id, fields, row.version, row.account_id, cause)
        self.leads.write(row.id, {"changed_at": to_number(self._now), **current})
        return answer

    def _score(
        self,
        lead_id: str,
        fields: dict[str, Any],
        version: int,
        account: str | None,
        cause: str,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        seen = self.events.seen_of(lead_id, account)
        inputs = Inputs(lead_id, version, fields, seen)
        row, answer = score_row(self._scorer, inputs, self._now, cause, uuid.uuid4().hex)
        seq = self.scores.append(row)
        self.made.append(row["score"])
        names = ("score", "agreed_score", "grade", "likelihood")
        return answer, {"score_seq": seq, "stale": False, **{k: row[k] for k in names}}

    def _rescore_colleagues(self, accounts: set[str], but: set[str]) -> None:
        for account in sorted(accounts):
            rows = [r for r in self.leads.of_account(account) if r.id not in but]
            for row in rows[:COLLEAGUES]:
                self.rescore(row, "account changed")
            for row in rows[COLLEAGUES:]:
                self.leads.write(row.id, {"stale": True})

    def _stage_of(self, lead_id: str) -> str:
        told = self.events.outcomes_of(lead_id)
        return str(told[-1].stage) if told else NEW

    def _account_of(self, fields: Mapping[str, Any]) -> str | None:
        name = self._scorer.fields.account
        value = fields.get(name) if name else None
        return None if value is None else str(value)

    def _email_of(self, kept: dict[str, Any]) -> str | None:
        """Keep the domain of an e-mail address, which is all a feature needs, and a hash of the
        whole, by which a person can be found to be told or erased."""
        found = None
        for field in readable(self._scorer.fields):
            value = kept.get(field.name)
            if field.format == "email" and isinstance(value, str) and "@" in value:
                bare = value.strip().casefold()
                found = found or hashlib.sha256(bare.encode()).hexdigest()
                kept[field.name] = f"\N{HORIZONTAL ELLIPSIS}@{bare.rpartition('@')[2]}"
        return found
