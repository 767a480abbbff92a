"""A person by their e-mail address: which leads and events are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from features.errors import InputRefused, Problem, shorten
from serving.addresses import address_hash, bare, carries, is_address, lead_hash
from serving.storage.leads import LeadStore
from serving.storage.privacy import PersonStore, WishStore
from serving.storage.tables import activities, outcomes


@dataclass(frozen=True)
class Person:
    """What belongs to one person.

    Attributes:
        hash: of the address that was asked for, or of the lead's id.
        lead_ids: leads that carry or ever carried the address, or whose id or account's id it is.
        hashes: of every address of those leads; the person's own others among them.
        activities, outcomes: of other leads, or of none, that carry the address in an id.
    """

    hash: str
    lead_ids: tuple[str, ...]
    hashes: tuple[str, ...]
    activities: tuple[Row[Any], ...]
    outcomes: tuple[Row[Any], ...]


def check_address(told: object) -> str:
    """An address to look for.

    Raises:
        InputRefused: when it can be nobody's.
    """
    if isinstance(told, str) and is_address(told):
        return bare(told)
    why, allowed = "No person can be found by this.", "an e-mail address, such as ines@example.com"
    problem = Problem("email", shorten(told), why, allowed, None, "/email")
    raise InputRefused(f"Nobody was looked for. {problem.sentence()}", [problem])


def find_person(connection: Connection, email: str) -> Person:
    """All that belongs to whoever has this address.

    Raises:
        InputRefused: when it is no address.
    """
    address = check_address(email)
    wishes, persons = WishStore(connection), PersonStore(connection)
    own = address_hash(address)
    found = sorted({*wishes.leads_with([own]), *persons.leads_named(address)})

    def elsewhere(table: Any) -> tuple[Row[Any], ...]:
        rows = (r for r in persons.events_with(table, address) if r.lead_id not in found)
        return tuple(row for row in rows if _carries(row, address))

    return Person(
        own,
        tuple(found),
        tuple(sorted({own, *wishes.addresses_of(found)})),
        elsewhere(activities),
        elsewhere(outcomes),
    )


def find_person_of(connection: Connection, lead_id: str) -> Person:
    """All that belongs to the person of a lead: the leads that share an address with it. Who is not
    named by an address cannot be looked for in what other leads did."""
    wishes, leads = WishStore(connection), LeadStore(connection)
    hashes = wishes.addresses_of([lead_id])
    there = {lead_id} if leads.find(lead_id) is not None else set()
    found = sorted({*there, *wishes.leads_with(hashes)})
    every = tuple(sorted(set(wishes.addresses_of(found))))
    return Person(lead_hash(lead_id), tuple(found), every, (), ())


def _carries(row: Row[Any], address: str) -> bool:
    return any(isinstance(value, str) and carries(value, address) for value in row)
