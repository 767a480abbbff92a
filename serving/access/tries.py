"""Wrong passwords cost time: more with each, by account and by address.

Unknown accounts are counted as known ones are, so that waiting tells nothing. A try is counted
before it is checked, so that guesses at once do not slip through together.
"""

from __future__ import annotations

import ipaddress

import numpy as np
from sqlalchemy import Connection

from serving.access.caller import TooMany
from serving.access.secrets import hashed
from serving.storage.access import TryStore
from serving.storage.base import to_number

_SECOND = 1_000_000
FREE_BY_ACCOUNT, FREE_BY_ADDRESS = 5, 30
"""Failures before the first wait; many people share an address."""
FIRST_WAIT, LONGEST_WAIT = 30, 900
"""Seconds; each failure doubles the wait. The end of it is what a lock-out costs its victim."""
FORGIVEN_AFTER = 24 * 3600
"""Seconds without a try after which the count begins anew."""


def reserve(connection: Connection, email: str, address: str, now: np.datetime64) -> None:
    """Count a try as failed, for now.

    Raises:
        TooMany: when account or address must wait.
    """
    store, at = TryStore(connection), to_number(now)
    rows = {s: store.hold(s, at) for s in sorted(_subjects(email, address))}
    wait = max(row.blocked_until for row in rows.values()) - at
    if wait > 0:
        raise TooMany("Too many tries. Wait, then try again.", -(-wait // _SECOND))
    free = _subjects(email, address)
    for subject, row in rows.items():
        old = at - row.last_at > FORGIVEN_AFTER * _SECOND
        failures = 1 if old else row.failures + 1
        until = at + _SECOND * _wait(failures - free[subject])
        values = {"failures": failures, "last_at": at, "blocked_until": until}
        store.write(subject, values)


def clear(connection: Connection, email: str, address: str, now: np.datetime64) -> None:
    """The try was right: the account's count begins anew, the address gets its try back."""
    store, at = TryStore(connection), to_number(now)
    by_account, by_address = _subjects(email, address)
    for subject in sorted((by_account, by_address)):
        row = store.hold(subject, at)
        failures = 0 if subject == by_account else max(row.failures - 1, 0)
        store.write(subject, {"failures": failures, "blocked_until": 0})


def _wait(beyond: int) -> int:
    """Seconds to wait after the failure that is so many beyond the free ones."""
    if beyond < 0:
        return 0
    return int(min(FIRST_WAIT * 2 ** min(beyond, 20), LONGEST_WAIT))


def _subjects(email: str, address: str) -> dict[str, int]:
    """The account and the address, hashed, with the failures each has free; in this order."""
    return {
        hashed(f"account {email}"): FREE_BY_ACCOUNT,
        hashed(f"address {network_of(address)}"): FREE_BY_ADDRESS,
    }


def network_of(address: str) -> str:
    """The address, or the /64 of an IPv6 one: anybody who has one has 2^64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((int(found), 64), strict=False))
