"""The pact as JSON: editions, proposals with their state, scopes, wishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from features.rulebook.diff import diff
from features.rulebook.document import parse_rulebook
from features.rulebook.sentences import rule_sentence
from serving.canonical import read
from serving.editions import Edition, read_edition
from serving.pact.items import Conflict, Difference, differences
from serving.reading import instant_text
from serving.storage.base import to_number
from serving.storage.pact import EditionStore, PactWishStore, ProposalStore

DRAFT, PROPOSED, AGREED = "draft", "proposed", "agreed"
EFFECTIVE, SUPERSEDED, WITHDRAWN = "effective", "superseded", "withdrawn"
STATES = (
    DRAFT,
    PROPOSED,
    "signed by marketing",
    "signed by sales",
    AGREED,
    EFFECTIVE,
    SUPERSEDED,
    WITHDRAWN,
)


def edition_in_short(row: Row[Any], current: str | None) -> dict[str, Any]:
    """An edition without its text; `current` is the sha256 of the one in force."""
    return {
        "name": row.name,
        "sha256": row.sha256,
        "effective_from": _since(row.effective_from),
        "agreed_at": instant_text(row.agreed_at),
        "in_force": row.sha256 == current,
        "source": row.source,
        "proposal_id": row.proposal_id,
        "note": row.note,
    }


def _since(at: int) -> str | None:
    """From when; null for the edition that was there from the beginning."""
    return instant_text(at) if at else None


class PactReading:
    """Questions to the pact, on one transaction that reads.

    Args:
        connection: the transaction.
        now: tells what is in force.
        evidence: criterion -> what history says of it, from the model's card.
    """

    def __init__(
        self,
        connection: Connection,
        now: np.datetime64,
        evidence: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self._now, self._evidence = now, evidence or {}
        self._editions = EditionStore(connection)
        self._proposals = ProposalStore(connection)
        self._wishes = PactWishStore(connection)

    def _in_force(self) -> str | None:
        row = self._editions.in_force(to_number(self._now))
        return None if row is None else str(row.sha256)

    def editions(self) -> dict[str, Any]:
        """All editions, newest first."""
        current = self._in_force()
        rows = reversed(self._editions.every())
        return {"editions": [edition_in_short(row, current) for row in rows]}

    def edition(self, edition: Edition) -> dict[str, Any]:
        """One edition with its text, its rules as sentences, and who signed it."""
        row = self._editions.find(edition.sha256)
        assert row is not None
        signed = []
        if row.proposal_id is not None:
            proposal = self._proposals.find(row.proposal_id)
            assert proposal is not None
            signed = self._signatures(row.proposal_id, proposal.revision)
        rules = [{"id": c.id, "rule": rule_sentence(c)} for c in edition.rulebook.criteria]
        told = edition_in_short(row, self._in_force()) | {"text": edition.rulebook.text()}
        return told | {"rules": rules, "signatures": signed}

    def proposals(self, limit: int) -> dict[str, Any]:
        """Proposals, newest first, without their texts."""
        return {"proposals": [self._head(row) for row in self._proposals.latest(limit)]}

    def proposal(self, row: Row[Any]) -> dict[str, Any]:
        """A proposal with all that people decide by."""
        base_row = self._editions.find(row.base_sha256)
        base, book = read_edition(base_row), parse_rulebook(row.text, "The proposal")
        changes = differences(base.rulebook, book)
        every = self._proposals.signatures(row.id)
        return self._head(row) | {
            "rationale": row.rationale,
            "text": book.text(),
            "says": [c.says for c in diff(base.rulebook, book) if c.key != "edition"],
            "changes": [self._change(change) for change in changes],
            "signatures": self._signatures(row.id, row.revision),
            "void_signatures": sum(s.revision != row.revision for s in every),
            "replay": None if row.replay is None else read(row.replay),
            "wishes": [wish_in_short(w) for w in self._wishes.of_proposal(row.id)],
            "comments": self.comments(row.id),
        }

    def comments(self, about: str) -> list[dict[str, Any]]:
        """The comments on a wish or a proposal, oldest first."""
        rows = self._wishes.comments_on(about)
        return [
            {"text": c.text, "by": c.created_by, "at": instant_text(c.created_at)} for c in rows
        ]

    def wishes(self, limit: int) -> dict[str, Any]:
        """Wishes, newest first."""
        return {"wishes": [wish_in_short(row) for row in self._wishes.latest(limit)]}

    def wish(self, row: Row[Any]) -> dict[str, Any]:
        """A wish with what it points to and what was said of it."""
        evidence = [
            {"lead_id": e.lead_id, "handoff_id": e.handoff_id, "dispute_id": e.dispute_id}
            for e in self._wishes.evidence_of(row.id)
        ]
        return wish_in_short(row) | {
            "text": row.text,
            "evidence": evidence,
            "comments": self.comments(row.id),
        }

    def _head(self, row: Row[Any]) -> dict[str, Any]:
        latest = self._editions.latest()
        base = self._editions.find(row.base_sha256)
        assert base is not None
        state = self.state(row)
        waits = state not in (AGREED, EFFECTIVE, SUPERSEDED, WITHDRAWN)
        return {
            "id": row.id,
            "title": row.title,
            "state": state,
            "revision": row.revision,
            "base": base.name,
            "base_moved": waits and latest is not None and latest.sha256 != row.base_sha256,
            "edition": parse_rulebook(row.text, "The proposal").edition,
            "sha256": row.sha256,
            "keys_needed": row.keys_needed,
            "effective_wanted": instant_text(row.effective_wanted),
            "created_by": row.created_by,
            "created_at": instant_text(row.created_at),
            "changed_at": instant_text(row.changed_at),
        }

    def state(self, row: Row[Any]) -> str:
        """One of `STATES`, told from what is stored: nothing can be left behind."""
        if row.withdrawn_at is not None:
            return WITHDRAWN
        edition = self._editions.of_proposal(row.id)
        if edition is not None:
            if edition.effective_from > to_number(self._now):
                return AGREED
            return EFFECTIVE if edition.sha256 == self._in_force() else SUPERSEDED
        if row.proposed_at is None:
            return DRAFT
        teams = [s.team for s in self._proposals.signatures(row.id, row.revision)]
        return f"signed by {teams[0]}" if teams else PROPOSED

    def _signatures(self, proposal_id: str, revision: int) -> list[dict[str, Any]]:
        rows = self._proposals.signatures(proposal_id, revision)
        return [
            {"team": s.team, "person_id": s.person_id, "sha256": s.sha256, "at": instant_text(s.at)}
            for s in rows
        ]

    def _change(self, change: Difference) -> dict[str, Any]:
        told = {"item": change.item, "was": change.was, "becomes": change.becomes}
        kind, _, name = change.item.partition(":")
        found = self._evidence.get(name) if kind == "criterion" else None
        return told | {"evidence": None if found is None else dict(found)}


def wish_in_short(row: Row[Any]) -> dict[str, Any]:
    """A wish without its text."""
    return {
        "id": row.id,
        "title": row.title,
        "criterion": row.criterion,
        "topic": row.topic,
        "proposal_id": row.proposal_id,
        "created_by": row.created_by,
        "created_at": instant_text(row.created_at),
    }


def conflict_as_json(conflict: Conflict) -> dict[str, Any]:
    """One item that both sides changed; null where one removed it."""
    return {
        "item": conflict.item,
        "base": conflict.base,
        "theirs": conflict.theirs,
        "mine": conflict.mine,
    }
