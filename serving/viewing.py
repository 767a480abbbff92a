"""The use cases of saved views: filters of the worklist that a person keeps under a name.

What was searched for is not kept: it may be somebody's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection

from features.errors import InputRefused
from serving.access.caller import Caller, Conflict, NoSuch, NotAllowed
from serving.access.secrets import new_id
from serving.canonical import canonical, read
from serving.reading import instant_text
from serving.storage.base import to_number
from serving.storage.views import MAX_VIEW, ViewStore

MOST_VIEWS = 20
"""Views of one person."""
ASKS = ("view", "grade", "least", "stage", "owner", "channel", "grid", "sort")
"""What a view may ask for, as in the worklist's address."""
_LONGEST = 200


def views_of(connection: Connection, caller: Caller) -> list[dict[str, Any]]:
    """A person's views, oldest first; keys of systems have none."""
    rows = ViewStore(connection).of(caller.id) if caller.kind == "person" else []
    return [
        {
            "id": row.id,
            "name": row.name,
            "asks": read(row.asks),
            "created_at": instant_text(row.created_at),
        }
        for row in rows
    ]


def save_view(
    connection: Connection, caller: Caller, name: str, asks: Mapping[str, str], now: np.datetime64
) -> str:
    """Keep a view under a name; its id.

    Raises:
        NotAllowed: to a key of a system.
        InputRefused: when it has no name, or asks for what no view can.
        Conflict: when there are too many, or one of that name.
    """
    _person(caller)
    name = name.strip()
    if not name or len(name) > MAX_VIEW or "\x00" in name:
        raise InputRefused(f"A view needs a name of 1 to {MAX_VIEW} characters.")
    told = {key: value for key, value in asks.items() if value}
    bad = [k for k, v in told.items() if k not in ASKS or len(v) > _LONGEST or "\x00" in v]
    if bad:
        known = ", ".join(ASKS)
        raise InputRefused(f"A view cannot ask for {bad[0][:40]!r}. It may ask for {known}.")
    store = ViewStore(connection)
    there = store.of(caller.id)
    if len(there) >= MOST_VIEWS:
        raise Conflict(f"You have {MOST_VIEWS} views. Forget one first.")
    if any(row.name == name for row in there):
        raise Conflict(f"You have a view called {name!r}.")
    view_id = new_id()
    row = {"id": view_id, "person_id": caller.id, "name": name, "asks": canonical(told)}
    store.add(row | {"created_at": to_number(now)})
    return view_id


def forget_view(connection: Connection, caller: Caller, view_id: str) -> None:
    """Forget one of one's own views.

    Raises:
        NoSuch: when it is none of theirs.
    """
    _person(caller)
    if not ViewStore(connection).remove(view_id, caller.id):
        raise NoSuch(f"You have no view {view_id}.")


def _person(caller: Caller) -> None:
    if caller.kind != "person":
        raise NotAllowed("Views are people's; a key of a system has none.")
