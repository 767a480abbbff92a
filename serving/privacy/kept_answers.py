"""Answers kept for repeated requests: which of them speak of a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Row

from serving.canonical import read
from serving.storage.tables import MAX_ID


def answers_about(
    rows: Iterable[Row[Any]], lead_ids: Collection[str], event_ids: Collection[str]
) -> list[Row[Any]]:
    """The answers that name one of these leads or events, in their address or in what they say;
    and those that quote what was refused, which may be anybody's words."""
    names = {*lead_ids, *event_ids}
    return [row for row in rows if names and _is_about(row, names)]


def _is_about(row: Row[Any], names: set[str]) -> bool:
    parts = unquote(row.route).split("/")
    if not names.isdisjoint(parts):
        return True
    # A route is kept to a column's length, and a long id is cut off with it.
    if len(row.route) >= MAX_ID and any(name.startswith(parts[-1]) for name in names):
        return True
    return bool(row.content) and any(
        text == QUOTES or text in names for text in _texts(read(row.content))
    )


QUOTES = "got"
"""The member of a problem that quotes what was sent."""


def _texts(value: Any) -> Iterator[str]:
    """Every text of an answer, names of members too."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting += [*found.keys(), *found.values()]
        elif isinstance(found, list):
            waiting += found
