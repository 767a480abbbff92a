"""What a person may ask for: to be told, erased, not scored."""

from __future__ import annotations

from serving.client.calling import Caller, at, once, operation
from serving.lead_answers import LeadTold
from serving.privacy_answers import ErasedTold, PersonTold


class PrivacyCalls:
    """`/v1/privacy`, `/v1/leads/ID/consent`."""

    _caller: Caller

    @operation("privacy_export_person")
    def export_person(self, email: str) -> PersonTold:
        """Everything that is kept of a person."""
        return self._caller.ask("POST", at("privacy", "export"), PersonTold, json={"email": email})

    @operation("privacy_erase_person")
    def erase_person(self, email: str) -> ErasedTold:
        """Erase a person from leads, events, scores and copies for training."""
        return self._caller.ask("POST", at("privacy", "erase"), ErasedTold, json={"email": email})

    @operation("privacy_put_consent")
    def put_consent(
        self, lead_id: str, *, scoring: bool, training: bool, idempotency_key: str | None = None
    ) -> LeadTold:
        """Say what a lead's person allows; it counts for every lead of theirs."""
        body, headers = {"scoring": scoring, "training": training}, once(idempotency_key)
        path = at("leads", lead_id, "consent")
        return self._caller.ask("PUT", path, LeadTold, json=body, headers=headers)
