"""The pact: editions of the rulebook, proposals with their signatures, wishes, and the scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.client.calling import Caller, Model, at, once, operation
from serving.pact_answers import (
    EditionInShort,
    EditionsTold,
    EditionTold,
    FlipsTold,
    MadeTold,
    ProposalInShort,
    ProposalsTold,
    ProposalTold,
    RebasedTold,
    ScopeTold,
    SignedTold,
    WishesTold,
    WishInShort,
    WishTold,
)


class PactCalls:
    """`/v1/editions`, `/v1/proposals`, `/v1/wishes`, `/v1/comments`, `/v1/scope`.

    A key signs nothing: a signature is a person's, whose session calls `sign`.
    """

    _caller: Caller

    @operation("pact_editions")
    def editions(self) -> list[EditionInShort]:
        """Every edition of the rulebook, newest first."""
        return self._caller.ask("GET", at("editions"), EditionsTold).editions

    @operation("pact_edition_in_force")
    def edition_in_force(self, instant: str | None = None) -> EditionTold:
        """The edition in force now, or at an instant (ISO 8601)."""
        place, params = at("editions", "in-force"), {"at": instant}
        return self._caller.ask("GET", place, EditionTold, params=params)

    @operation("pact_one_edition")
    def edition(self, edition: str) -> EditionTold:
        """An edition by its name or sha256, with its text and who signed it."""
        return self._caller.ask("GET", at("editions", edition), EditionTold)

    @operation("pact_proposals")
    def proposals(self, *, limit: int | None = None) -> list[ProposalInShort]:
        """Proposals, newest first."""
        params = {"limit": limit}
        return self._caller.ask("GET", at("proposals"), ProposalsTold, params=params).proposals

    @operation("pact_one_proposal")
    def proposal(self, proposal_id: str) -> ProposalTold:
        """A proposal with its changes, replay, signatures and comments."""
        return self._caller.ask("GET", at("proposals", proposal_id), ProposalTold)

    @operation("pact_draft")
    def draft(
        self,
        title: str,
        rationale: str,
        rulebook: str,
        *,
        effective_from: str | None = None,
        wishes: Sequence[str] = (),
    ) -> MadeTold:
        """Draft a proposal: the whole rulebook, as YAML, as it shall be."""
        body = _proposal(title, rationale, rulebook, effective_from, wishes)
        return self._caller.ask("POST", at("proposals"), MadeTold, json=body, headers=once(None))

    @operation("pact_edit")
    def edit(
        self,
        proposal_id: str,
        title: str,
        rationale: str,
        rulebook: str,
        *,
        effective_from: str | None = None,
        wishes: Sequence[str] = (),
    ) -> ProposalTold:
        """Edit a proposal; that voids every signature of the text before."""
        body = _proposal(title, rationale, rulebook, effective_from, wishes)
        return self._caller.ask("PUT", at("proposals", proposal_id), ProposalTold, json=body)

    @operation("pact_propose")
    def propose(self, proposal_id: str) -> ProposalTold:
        """Put a draft before both teams, with its replay."""
        return self._act(proposal_id, "proposal", ProposalTold)

    @operation("pact_flips")
    def flips(self, proposal_id: str) -> FlipsTold:
        """Current leads that a proposal would treat otherwise."""
        return self._caller.ask("GET", at("proposals", proposal_id, "flips"), FlipsTold)

    @operation("pact_sign")
    def sign(self, proposal_id: str, sha256: str) -> SignedTold:
        """Sign the text of this hash for one's own team."""
        return self._act(proposal_id, "signatures", SignedTold, {"sha256": sha256})

    @operation("pact_withdraw")
    def withdraw(self, proposal_id: str) -> ProposalTold:
        """Take a proposal back."""
        return self._act(proposal_id, "withdrawal", ProposalTold)

    @operation("pact_rebase")
    def rebase(self, proposal_id: str, choices: Mapping[str, str] | None = None) -> RebasedTold:
        """Bring a proposal onto the newest edition.

        Args:
            choices: item in conflict -> `mine` or `theirs`.
        """
        return self._act(proposal_id, "rebase", RebasedTold, {"choices": dict(choices or {})})

    def _act(self, proposal_id: str, what: str, answer: type[Model], body: Any = None) -> Model:
        place = at("proposals", proposal_id, what)
        return self._caller.ask("POST", place, answer, json=body, headers=once(None))

    @operation("pact_wishes")
    def wishes(self, *, limit: int | None = None) -> list[WishInShort]:
        """Wishes, newest first."""
        return self._caller.ask("GET", at("wishes"), WishesTold, params={"limit": limit}).wishes

    @operation("pact_one_wish")
    def wish(self, wish_id: str) -> WishTold:
        """A wish with its evidence and comments."""
        return self._caller.ask("GET", at("wishes", wish_id), WishTold)

    @operation("pact_make_wish")
    def make_wish(
        self,
        title: str,
        text: str,
        *,
        criterion: str | None = None,
        topic: str | None = None,
        evidence: Sequence[Mapping[str, Any]] = (),
    ) -> MadeTold:
        """Say what one would have otherwise, with leads as evidence."""
        body = {"title": title, "text": text, "criterion": criterion, "topic": topic}
        told = body | {"evidence": [dict(e) for e in evidence]}
        return self._caller.ask("POST", at("wishes"), MadeTold, json=told, headers=once(None))

    @operation("pact_topic")
    def group_wish(self, wish_id: str, topic: str | None) -> None:
        """Show a wish together with others of a topic; None takes it out of any."""
        self._caller.send("PUT", at("wishes", wish_id, "topic"), json={"topic": topic})

    @operation("pact_add_comment")
    def comment(self, about_id: str, text: str) -> None:
        """Comment on a wish or a proposal."""
        place = at("comments", about_id)
        self._caller.send("POST", place, json={"text": text}, headers=once(None))

    @operation("pact_scope")
    def scope(self) -> ScopeTold:
        """What each team may decide, and within which bounds."""
        return self._caller.ask("GET", at("scope"), ScopeTold)

    @operation("pact_put_scope")
    def declare_scope(self, scope: Mapping[str, Any]) -> ScopeTold:
        """Declare the scope: management's to say."""
        return self._caller.ask("PUT", at("scope"), ScopeTold, json=dict(scope))


def _proposal(
    title: str, rationale: str, rulebook: str, effective_from: str | None, wishes: Sequence[str]
) -> dict[str, Any]:
    body = {"title": title, "rationale": rationale, "rulebook": rulebook}
    return body | {"effective_from": effective_from, "wishes": list(wishes)}
