"""A CRM's own payloads."""

from __future__ import annotations

from typing import Any

from serving.client.calling import Caller, at, once, operation
from serving.ingest_answers import IngestTold


class IngestCalls:
    """`/v1/ingest`."""

    _caller: Caller

    @operation("ingest_take")
    def ingest(
        self, mapping: str, payload: Any, *, idempotency_key: str | None = None
    ) -> IngestTold:
        """Hand on a payload as the CRM sends it; `results` says what became of each record.

        Raises:
            NotFound: when there is no mapping of that name.
        """
        headers = once(idempotency_key)
        path = at("ingest", mapping)
        return self._caller.ask("POST", path, IngestTold, json=payload, headers=headers)
