"""What a lead's person asked for, taken together: not to be scored, not to teach, to be erased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from features.errors import LeadpactError
from serving.addresses import address_hash, addresses_in_id, lead_hash
from serving.storage.base import from_number, to_number
from serving.storage.privacy import WishStore

EVENT_REFUSED = (
    "Its person was erased at their request, so nothing is taken of them. If they have agreed "
    "since, PUT the lead with `consent_given_at` first; else remove them where this came from."
)
"""Why an event of an erased person is refused."""


class PersonErased(LeadpactError):
    """The person was erased, and what comes in does not say that consent was given since."""


@dataclass(frozen=True)
class Wish:
    """What is allowed with a lead."""

    scoring: bool = True
    training: bool = True


def heed(
    connection: Connection,
    lead_id: str,
    hashes: Iterable[str],
    consent_given_at: np.datetime64 | None,
    now: np.datetime64,
) -> Wish:
    """What the person of a lead that is written wishes; one no is enough.

    Args:
        connection: a transaction that may write.
        lead_id: whose.
        hashes: of the addresses that the lead carries now; those it carried count too.
        consent_given_at: when the person agreed anew, as the caller tells, or None.
        now: the instant of this request.

    Raises:
        PersonErased: when they were erased, the time for which that holds has not passed, and no
            consent is told that is younger. Such a consent ends every earlier wish.
    """
    store = WishStore(connection)
    found = store.of([lead_hash(lead_id), *hashes], [lead_id])
    erased = _erased(found, now)
    if erased:
        latest = max(row.erased_at for row in erased)
        if consent_given_at is None or not latest < to_number(consent_given_at) <= to_number(now):
            raise PersonErased(refusal(erased))
        store.drop(row.subject for row in found)
        found = []
    return together(found)


def unheard(connection: Connection, hashes: Mapping[str, Iterable[str]]) -> bool:
    """Whether no person of these leads ever asked for anything; one look for all of them.

    Args:
        hashes: by lead, of the addresses that it carries now; those it carried count too.
    """
    subjects = {lead_hash(lead_id) for lead_id in hashes}.union(*hashes.values())
    return not WishStore(connection).of(subjects, list(hashes))


def together(found: Iterable[Row[Any]]) -> Wish:
    """Several wishes as one: a single no is a no."""
    rows = list(found)
    return Wish(all(row.scoring for row in rows), all(row.training for row in rows))


def addresses_of_event(row: Mapping[str, Any]) -> list[str]:
    """Hashes of the addresses that an event's ids hold; its other texts were cut at the gate."""
    ids = (row["lead_id"], row["event_id"], row.get("account_id"))
    return [address_hash(a) for text in ids if text for a in addresses_in_id(text)]


def are_erased(
    connection: Connection, rows: Sequence[Mapping[str, Any]], now: np.datetime64
) -> list[bool]:
    """Which of n events are of a person who was erased: by their lead, or by an address."""
    subjects = [{lead_hash(row["lead_id"]), *addresses_of_event(row)} for row in rows]
    found = WishStore(connection).of(set().union(*subjects))
    gone = {row.subject for row in _erased(found, now)}
    return [not gone.isdisjoint(mine) for mine in subjects]


def refusal(erased: Iterable[Row[Any]]) -> str:
    """Why nothing is taken of this person, until when, and what to do."""
    rows = list(erased)
    at = from_number(max(row.erased_at for row in rows)).astype("datetime64[s]")
    until = from_number(max(row.refused_until for row in rows)).astype("datetime64[s]")
    return (
        f"This person was erased at their request at {at}Z. Nothing is taken of them until "
        f"{until}Z, so that a late delivery does not bring them back. If they have agreed since, "
        "PUT the lead with `consent_given_at`, the instant at which they did; else remove them "
        "where this came from."
    )


def _erased(found: Iterable[Row[Any]], now: np.datetime64) -> list[Row[Any]]:
    at = to_number(now)
    return [r for r in found if r.refused_until is not None and r.refused_until > at]
