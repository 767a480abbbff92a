"""The hand-over: what was handed over, what sales decided, promises, disputes, reports."""

from __future__ import annotations

from serving.client.calling import Caller, at, once, operation
from serving.pact_answers import (
    DigestTold,
    ExplorationTold,
    HandoffsTold,
    HandoffTold,
    LedgerTold,
    MadeTold,
    PromisesTold,
)


class HandoffCalls:
    """`/v1/handoffs`, `/v1/promises`, `/v1/disputes`, `/v1/reports`."""

    _caller: Caller

    @operation("hand-over_queue")
    def handoffs(self, *, owner: str | None = None, limit: int | None = None) -> list[HandoffTold]:
        """What waits for sales."""
        params = {"owner": owner, "limit": limit}
        return self._caller.ask("GET", at("handoffs"), HandoffsTold, params=params).handoffs

    @operation("hand-over_of_lead")
    def handoffs_of(self, lead_id: str) -> list[HandoffTold]:
        """Every hand-off of a lead."""
        return self._caller.ask("GET", at("leads", lead_id, "handoffs"), HandoffsTold).handoffs

    @operation("hand-over_put_decision")
    def decide(
        self,
        handoff_id: str,
        decision: str,
        *,
        reason: str | None = None,
        line: str | None = None,
        note: str | None = None,
    ) -> HandoffTold:
        """Accept a hand-off, return it with a reason, or recycle it."""
        body = {"decision": decision, "reason": reason, "line": line, "note": note}
        told = {k: v for k, v in body.items() if v is not None}
        place = at("handoffs", handoff_id, "decision")
        return self._caller.ask("POST", place, HandoffTold, json=told, headers=once(None))

    @operation("hand-over_kept")
    def promises(self, *, weeks: int | None = None) -> PromisesTold:
        """Both teams' promises, kept and broken, by week."""
        return self._caller.ask("GET", at("promises"), PromisesTold, params={"weeks": weeks})

    @operation("hand-over_by_lot")
    def exploration(self, *, days: int | None = None) -> ExplorationTold:
        """What became of the leads that were handed over by lot."""
        return self._caller.ask("GET", at("exploration"), ExplorationTold, params={"days": days})

    @operation("hand-over_dispute")
    def dispute(
        self, lead_id: str, says: str, why: str, *, criterion: str | None = None
    ) -> MadeTold:
        """Say that a lead's score is `too high` or `too low`; outcomes settle it."""
        body = {"says": says, "why": why, "criterion": criterion}
        place = at("leads", lead_id, "disputes")
        return self._caller.ask("POST", place, MadeTold, json=body, headers=once(None))

    @operation("hand-over_disputes")
    def disputes(self, *, limit: int | None = None) -> LedgerTold:
        """Disputes, and who was closer in those that are settled."""
        return self._caller.ask("GET", at("disputes"), LedgerTold, params={"limit": limit})

    @operation("hand-over_make_report")
    def report(self, about: str, subject: str, text: str) -> MadeTold:
        """Report what is seen on the ground of an `account` or a `criterion`."""
        body = {"about": about, "subject": subject, "text": text}
        return self._caller.ask("POST", at("reports"), MadeTold, json=body, headers=once(None))

    @operation("hand-over_read_digest")
    def digest(self, *, days: int | None = None) -> DigestTold:
        """What was reported and returned in the last days."""
        return self._caller.ask("GET", at("reports", "digest"), DigestTold, params={"days": days})
