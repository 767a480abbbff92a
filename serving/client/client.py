"""The client: all groups of calls on one connection pool."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

import httpx2

from serving.client.about import AboutCalls
from serving.client.access import AccessCalls
from serving.client.calling import Caller, Patience
from serving.client.events import EventCalls
from serving.client.feedback import FeedbackCalls
from serving.client.handoffs import HandoffCalls
from serving.client.ingest import IngestCalls
from serving.client.jobs import JobCalls
from serving.client.leads import LeadCalls
from serving.client.pact import PactCalls
from serving.client.privacy import PrivacyCalls
from serving.client.scores import ScoreCalls
from serving.client.views import ViewCalls
from serving.client.webhooks import WebhookCalls

PATIENCE = Patience()
TIMEOUT = 30.0
"""Seconds for one attempt."""


class LeadpactClient(
    ScoreCalls,
    LeadCalls,
    EventCalls,
    IngestCalls,
    FeedbackCalls,
    PactCalls,
    HandoffCalls,
    JobCalls,
    WebhookCalls,
    ViewCalls,
    PrivacyCalls,
    AboutCalls,
    AccessCalls,
):
    """Every call of the service; use it as a context manager, or `close` it.

    Args:
        base_url: of the service, such as `https://leads.example`.
        key: an API key, `lpk_...`.
        patience: how often a call is sent again when the service asks to wait or no answer comes.
            Writes of leads and events carry a key by which they are done once.
        http: a client of your own, for proxies, certificates or tests; its base URL counts then.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None,
        *,
        patience: Patience = PATIENCE,
        timeout: float = TIMEOUT,
        http: httpx2.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._own = httpx2.Client(base_url=base_url, timeout=timeout) if http is None else None
        used = http or self._own
        assert used is not None
        headers = {"accept": "application/json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        self._caller = Caller(used, headers, patience, sleep)

    def close(self) -> None:
        """Close the connections; a client that was handed in is left open."""
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
