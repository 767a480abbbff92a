"""The service itself: which model answers, and who asks."""

from __future__ import annotations

from typing import Any, cast

from serving.access_answers import Me
from serving.answers import Drivers
from serving.client.calling import Caller, at, operation


class AboutCalls:
    """`/v1/model`, `/v1/challenger`, `/v1/me`."""

    _caller: Caller

    @operation("service_model")
    def model(self) -> dict[str, Any]:
        """The model that answers: versions, scale, grades, fields, criteria, how it was tested."""
        return cast(dict[str, Any], self._caller.send("GET", at("model")).json())

    @operation("service_model_drivers")
    def drivers(self) -> Drivers:
        """What moves scores: lines and fields, by the newest scores of the record."""
        return self._caller.ask("GET", at("model", "drivers"), Drivers)

    @operation("service_challenger")
    def challenger(self) -> dict[str, Any]:
        """The model that waits for its promotion, told as `model` tells of the champion.

        Raises:
            NotFound: when none waits.
        """
        return cast(dict[str, Any], self._caller.send("GET", at("challenger")).json())

    @operation("service_promotion")
    def promote(self, model: str, note: str) -> None:
        """Make the challenger champion, and say why."""
        self._caller.send("POST", at("model", "promotion"), json={"model": model, "note": note})

    @operation("service_rejection")
    def reject(self, model: str, note: str) -> None:
        """Let the challenger wait no longer, and say why."""
        self._caller.send("POST", at("model", "rejection"), json={"model": model, "note": note})

    @operation("access_me")
    def me(self) -> Me:
        """Whose key this is, and what it may do."""
        return self._caller.ask("GET", at("me"), Me)
