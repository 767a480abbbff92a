"""The gate of one worker: from what a request carries to who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serving.access import keys, sessions
from serving.access.caller import Caller
from serving.access.passwords import Passwords
from serving.access.provider import Provider
from serving.access.rates import Rates
from serving.access.settings import AccessSettings
from serving.storage.database import Database


@dataclass(frozen=True)
class Gate:
    """Everything that access needs; made once a worker by `open_gate`."""

    database: Database
    settings: AccessSettings
    clock: Callable[[], np.datetime64]
    passwords: Passwords
    rates: Rates
    provider: Provider | None

    def by_key(self, text: str) -> Caller:
        """Whose API key this is.

        Raises:
            NotKnown: when it is none, or none that is good.
        """
        now = self.clock()
        with self.database.reading() as connection:
            found = keys.recognise(connection, text, now)
        if found.note_use:
            with self.database.transaction() as connection:
                keys.note_use(connection, found.caller.id, now)
        return found.caller

    def by_session(self, secret: str) -> Caller | None:
        """Who is signed in by this secret; None when nobody is."""
        now = self.clock()
        with self.database.reading() as connection:
            found = sessions.present(connection, secret, self.settings, now)
        if found is not None and found.note_seen:
            with self.database.transaction() as connection:
                sessions.note_seen(connection, secret, now)
        return None if found is None else found.caller


def open_gate(
    database: Database,
    settings: AccessSettings,
    clock: Callable[[], np.datetime64],
    wall: Callable[[], float],
) -> Gate:
    """A worker's gate.

    Args:
        clock: tells the instant in UTC.
        wall: tells seconds since 1970, such as `time.time`; see `Rates`.
    """
    provider = Provider(settings) if settings.has_oidc else None
    rates = Rates(settings.requests_per_minute, wall)
    return Gate(database, settings, clock, Passwords(), rates, provider)
