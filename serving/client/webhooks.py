"""Webhooks: where the service tells what happened."""

from __future__ import annotations

from collections.abc import Sequence

from serving.client.calling import Caller, at, once, operation
from serving.job_answers import LetterPage, Replayed, Webhook, WebhookList, WebhookMade


class WebhookCalls:
    """`/v1/webhooks`."""

    _caller: Caller

    @operation("webhooks_listed")
    def webhooks(self) -> list[Webhook]:
        """All webhooks, without their secrets."""
        return self._caller.ask("GET", at("webhooks"), WebhookList).webhooks

    @operation("webhooks_add")
    def add_webhook(self, url: str, events: Sequence[str]) -> WebhookMade:
        """Have events sent to an address; the secret that signs them is told this once."""
        body = {"url": url, "events": list(events)}
        return self._caller.ask("POST", at("webhooks"), WebhookMade, json=body, headers=once(None))

    @operation("webhooks_remove")
    def remove_webhook(self, webhook_id: str) -> None:
        """Send nothing there any more."""
        self._caller.send("DELETE", at("webhooks", webhook_id), headers=once(None))

    @operation("webhooks_rotate")
    def rotate_webhook(self, webhook_id: str) -> WebhookMade:
        """A new secret; letters are signed with both for a while."""
        place = at("webhooks", webhook_id, "rotate")
        return self._caller.ask("POST", place, WebhookMade, headers=once(None))

    @operation("webhooks_letters")
    def letters_page(
        self, webhook_id: str, *, state: str | None = None, cursor: str | None = None
    ) -> LetterPage:
        """A page of what was sent, waits, or could not be delivered."""
        place, params = at("webhooks", webhook_id, "letters"), {"state": state, "cursor": cursor}
        return self._caller.ask("GET", place, LetterPage, params=params)

    @operation("webhooks_replay")
    def replay_letters(self, webhook_id: str, ids: Sequence[str] | None = None) -> Replayed:
        """Send dead letters again: these, or all."""
        body = {"ids": None if ids is None else list(ids)}
        place = at("webhooks", webhook_id, "replay")
        return self._caller.ask("POST", place, Replayed, json=body, headers=once(None))
