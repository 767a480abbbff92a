"""What leads did, what became of them, and the accounts they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.client.calling import Caller, at, once, operation
from serving.client.scores import Activity
from serving.lead_answers import AccountTold, EventsTold


class EventCalls:
    """`/v1/activities`, `/v1/outcomes`, `/v1/accounts`."""

    _caller: Caller

    @operation("events_activities")
    def tell_activities(
        self, *activities: Activity, idempotency_key: str | None = None
    ) -> EventsTold:
        """Tell what leads did, each with its `lead_id`; late, twice and out of order are normal.
        One that cannot be taken is told in its place."""
        return self._tell("activities", activities, idempotency_key)

    @operation("events_outcomes")
    def tell_outcomes(
        self, *outcomes: Mapping[str, Any], idempotency_key: str | None = None
    ) -> EventsTold:
        """Tell what became of leads, such as `{"lead_id": "4711", "at": "...", "stage": "won"}`."""
        return self._tell("outcomes", outcomes, idempotency_key)

    def _tell(
        self, what: str, events: tuple[Mapping[str, Any], ...], key: str | None
    ) -> EventsTold:
        body = {what: list(events)}
        return self._caller.ask("POST", at(what), EventsTold, json=body, headers=once(key))

    @operation("events_account")
    def account(self, account_id: str) -> AccountTold:
        """An account with its leads and its score."""
        return self._caller.ask("GET", at("accounts", account_id), AccountTold)
