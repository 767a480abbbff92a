"""Who did something, as people call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from serving.storage.access import PeopleStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

Names = Callable[[str], str]
"""From an actor as stored, such as `person 00c0ffee00c0ffee`, or a person's id, to a name."""


def names_of(connection: Connection) -> Names:
    """Names of all who were ever here; who is gone, and what is no person, is called as stored."""
    known = {row.id: str(row.name) for row in PeopleStore(connection).every()}

    def name(actor: str) -> str:
        kind, _, id_ = actor.rpartition(" ")
        if id_ in known:
            return known[id_]
        return {"key": "a system", "person": "somebody who left"}.get(kind, actor)

    return name
