"""The service itself: which model answers, and who asks."""

from __future__ import annotations

from typing import Any, cast

from serving.access_answers import Me
from serving.client.calling import Caller, at, operation


class AboutCalls:
    """`/v1/model`, `/v1/me`."""

    _caller: Caller

    @operation("service_model")
    def model(self) -> dict[str, Any]:
        """The model that answers: versions, scale, grades, fields, criteria, how it was tested."""
        return cast(dict[str, Any], self._caller.send("GET", at("model")).json())

    @operation("access_me")
    def me(self) -> Me:
        """Whose key this is, and what it may do."""
        return self._caller.ask("GET", at("me"), Me)
