"""Proposals: an edit against a base edition, from draft to agreement, by two keys.

Whoever changes what is agreed holds one name until the transaction ends, so of two who do so at
once one comes second and sees what the first did. Every step is in the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Row

from features.fields import Fields
from features.rulebook.document import Rulebook, parse_rulebook
from serving.access.caller import Caller, Conflict, NoSuch, NotAllowed
from serving.access.secrets import new_id
from serving.canonical import canonical
from serving.editions import PACT, PROPOSAL, Edition, next_name, read_edition
from serving.pact.drafts import findings, merged, read_draft, refuse_text
from serving.pact.items import Conflict as Clash
from serving.pact.items import differences, merge
from serving.pact.replaying import Replayed
from serving.pact.scope import BOTH, TEAMS, Team, scope_of
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.locks import hold
from serving.storage.pact import EditionStore, PactWishStore, ProposalStore

NO_EDITION = (
    "The store holds no edition yet. `leadpact serve` begins it with rulebook.yaml, and so does "
    "`leadpact rulebook import`."
)


@dataclass(frozen=True)
class Wanted:
    """What a proposal says.

    Attributes:
        title, rationale: for people.
        text: the whole rulebook as it shall be, YAML.
        effective_from: when it shall take effect; None as soon as it is agreed.
        wishes: ids of wishes that it answers.
    """

    title: str
    rationale: str
    text: str
    effective_from: np.datetime64 | None = None
    wishes: tuple[str, ...] = ()


class Pact:
    """Use cases on one transaction.

    Args:
        connection: the transaction.
        fields: what editions must fit.
        now: the instant of this request.
        caller: who asks.
    """

    def __init__(
        self, connection: Connection, fields: Fields, now: np.datetime64, caller: Caller
    ) -> None:
        self.connection, self.fields, self.now, self.caller = connection, fields, now, caller
        self.editions = EditionStore(connection)
        self.proposals = ProposalStore(connection)

    def draft(self, wanted: Wanted) -> str:
        """Begin a proposal against the edition agreed last; its id."""
        hold(self.connection, [PACT])
        base, proposal_id = self._latest(), new_id()
        row = {
            "id": proposal_id,
            "base_sha256": base.sha256,
            "revision": 1,
            "keys_needed": BOTH,
            "created_by": self.caller.actor,
            "created_at": to_number(self.now),
            **self._content(wanted),
        }
        self.proposals.add(row)
        self._take_wishes(proposal_id, wanted.wishes)
        self._note("proposal drafted", proposal_id, {"revision": 1, "sha256": row["sha256"]})
        return proposal_id

    def edit(self, proposal_id: str, wanted: Wanted) -> None:
        """Change a proposal that is not agreed: it is a draft again, and no signature is left.

        Raises:
            Conflict: when it is agreed or withdrawn.
        """
        row = self._open(proposal_id)
        content = self._content(wanted)
        self._revise(row, content)
        self._take_wishes(proposal_id, wanted.wishes)
        told = {"revision": row.revision + 1, "sha256": content["sha256"]}
        self._note("proposal edited", proposal_id, told)

    def check(self, proposal_id: str) -> tuple[Rulebook, Rulebook, str]:
        """The base and the text of a draft that may be proposed, and the text's hash.

        Raises:
            InputRefused: with all that keeps it back.
            Conflict: when another edition was agreed meanwhile.
        """
        row = self._open(proposal_id)
        base = self._base_of(row)
        book = parse_rulebook(row.text, "The proposal")
        found = findings(book, base.rulebook, self.fields, scope_of(self.connection))
        if found:
            raise refuse_text(" ".join(found))
        return base.rulebook, book, str(row.sha256)

    def propose(self, proposal_id: str, replayed: Replayed, sha256: str) -> None:
        """Lay a draft before both teams, with its replay.

        Args:
            proposal_id: which.
            replayed: of the text with this hash, so that none is proposed that was not replayed.
            sha256: see above.

        Raises:
            Conflict: when the draft was edited meanwhile, or is proposed already.
        """
        base, book, _ = self.check(proposal_id)
        row = self._open(proposal_id)
        if row.sha256 != sha256:
            raise Conflict("The proposal was edited while it was replayed. Propose it again.")
        if row.proposed_at is not None:
            raise Conflict("It is proposed already.")
        scope, changes = scope_of(self.connection), differences(base, book)
        needed = scope.keys_for(changes, replayed.share_moved, replayed.a_week, base)
        told = {"proposed_at": to_number(self.now), "keys_needed": needed}
        self.proposals.write(proposal_id, told | {"replay": canonical(replayed.told)})
        self._note("proposal proposed", proposal_id, {"sha256": sha256, "keys_needed": needed})

    def sign(self, proposal_id: str, sha256: str) -> Edition | None:
        """Sign for one's own team the text that was read; the edition, when that was the last key.

        Raises:
            NotAllowed: to whoever is no person of marketing or sales, or whose key is not needed.
            Conflict: when the text is another one, is not proposed, is built on an edition that
                is not the last, or was signed by this team or this person.
        """
        team = self._team()
        row = self._open(proposal_id)
        if row.proposed_at is None:
            raise Conflict("It is a draft. It can be signed when it is proposed.")
        if row.sha256 != sha256:
            raise Conflict("The text is not the one that was read; read it again before signing.")
        self._base_of(row)
        needed = TEAMS if row.keys_needed == BOTH else (row.keys_needed,)
        if team not in needed:
            raise NotAllowed(f"This is {row.keys_needed}'s to decide, within the scope.")
        there = self.proposals.signatures(proposal_id, row.revision)
        if any(s.team == team or s.person_id == self.caller.id for s in there):
            raise Conflict(f"It is signed for {team} already, or by you.")
        signature = {"team": team, "person_id": self.caller.id, "sha256": sha256}
        at = {"at": to_number(self.now), "revision": row.revision, "proposal_id": proposal_id}
        self.proposals.sign(signature | at)
        signed = {team, *(s.team for s in there)}
        edition = self._agree(row) if signed == set(needed) else None
        self._note("proposal signed", proposal_id, {"team": team, "sha256": sha256})
        if edition is not None:
            told = {"sha256": sha256, "proposal": proposal_id}
            self._append("edition agreed", f"edition {edition.name}", told)
        return edition

    def withdraw(self, proposal_id: str) -> None:
        """Take back what is not agreed: who made it, or management.

        Raises:
            NotAllowed: to others.
            Conflict: when it is agreed or withdrawn.
        """
        row = self._open(proposal_id)
        if self.caller.actor != row.created_by and self.caller.role != "management":
            raise NotAllowed("Only who made a proposal, or management, may withdraw it.")
        self.proposals.write(proposal_id, {"withdrawn_at": to_number(self.now)})
        self._note("proposal withdrawn", proposal_id, {})

    def rebase(
        self, proposal_id: str, choices: Mapping[str, Literal["mine", "theirs"]]
    ) -> list[Clash]:
        """Put the changes onto the edition agreed last; the conflicts that `choices` leaves.

        With none left the proposal is a draft on that edition; else nothing is changed.

        Raises:
            InputRefused: when both sides' changes do not fit together.
            Conflict: when it is agreed or withdrawn.
        """
        row = self._open(proposal_id)
        latest = self._latest()
        base = read_edition(self.editions.find(row.base_sha256)).rulebook
        mine = parse_rulebook(row.text, "The proposal")
        items, conflicts = merge(base, latest.rulebook, mine, choices)
        if conflicts:
            return conflicts
        book = merged(items, self._next_name(), self.fields)
        self._revise(row, {**_text_of(book), "base_sha256": latest.sha256})
        told = {"revision": row.revision + 1, "base": latest.name, "choices": len(choices)}
        self._note("proposal rebased", proposal_id, told)
        return []

    def _agree(self, row: Row[Any]) -> Edition:
        latest = self.editions.latest()
        assert latest is not None
        at = to_number(self.now)
        # Nothing takes effect in the past, or before what was agreed before it.
        effective = max(at, row.effective_wanted or 0, latest.effective_from)
        alone = row.keys_needed != BOTH
        how = f"by {row.keys_needed} alone, within the scope" if alone else "by both teams"
        edition = {
            "name": parse_rulebook(row.text, "The proposal").edition,
            "sha256": row.sha256,
            "text": row.text,
            "effective_from": effective,
            "agreed_at": at,
            "source": PROPOSAL,
            "proposal_id": row.id,
            "note": f"Signed {how}.",
        }
        self.editions.append(edition)
        return read_edition(self.editions.find(row.sha256))

    def _team(self) -> Team:
        for team in TEAMS:
            if self.caller.kind == "person" and self.caller.role == team:
                return team
        raise NotAllowed("A signature is a person's, of marketing or of sales, for that team.")

    def _open(self, proposal_id: str) -> Row[Any]:
        hold(self.connection, [PACT])
        row = find_proposal(self.proposals, proposal_id)
        if row.withdrawn_at is not None:
            raise Conflict("It is withdrawn.")
        if self.editions.of_proposal(proposal_id) is not None:
            raise Conflict("It is agreed; an edition is never changed. Draft another proposal.")
        return row

    def _base_of(self, row: Row[Any]) -> Edition:
        latest = self._latest()
        if latest.sha256 != row.base_sha256:
            raise Conflict(
                f"Edition {latest.name} was agreed meanwhile. Rebase the proposal on it first."
            )
        return latest

    def _latest(self) -> Edition:
        row = self.editions.latest()
        if row is None:
            raise Conflict(NO_EDITION)
        return read_edition(row)

    def _next_name(self) -> str:
        return next_name((row.name for row in self.editions.every()), self.now)

    def _content(self, wanted: Wanted) -> dict[str, Any]:
        book = read_draft(wanted.text, self._next_name(), self.fields)
        at = wanted.effective_from
        return {
            "title": wanted.title,
            "rationale": wanted.rationale,
            "effective_wanted": None if at is None else to_number(at),
            "changed_at": to_number(self.now),
            **_text_of(book),
        }

    def _revise(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        again = {"revision": row.revision + 1, "proposed_at": None, "replay": None}
        again |= {"keys_needed": BOTH, "changed_at": to_number(self.now)}
        self.proposals.write(row.id, {**again, **content})

    def _take_wishes(self, proposal_id: str, wishes: tuple[str, ...]) -> None:
        store = PactWishStore(self.connection)
        for wish_id in wishes:
            if store.find(wish_id) is None:
                raise NoSuch(f"There is no wish {wish_id}.")
            store.write(wish_id, {"proposal_id": proposal_id})

    def _note(self, action: str, proposal_id: str, told: Mapping[str, Any]) -> None:
        self._append(action, f"proposal {proposal_id}", told)

    def _append(self, action: str, subject: str, told: Mapping[str, Any]) -> None:
        AuditLog(self.connection).append(self.now, self.caller.actor, action, subject, told)


def find_proposal(store: ProposalStore, proposal_id: str) -> Row[Any]:
    """A proposal.

    Raises:
        NoSuch: when there is none.
    """
    row = store.find(proposal_id)
    if row is None:
        raise NoSuch(f"There is no proposal {proposal_id}.")
    return row


def _text_of(book: Rulebook) -> dict[str, str]:
    return {"text": book.canonical(), "sha256": book.fingerprint()}
