"""Marks: what was told last, so that it is told once."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from serving.storage.jobs_tables import marks
from serving.storage.locks import hold
from serving.storage.upsert import insert_if_new


def mark(connection: Connection, name: str) -> str | None:
    """What a mark says; None where it was never set."""
    query = select(marks.c.value).where(marks.c.name == name)
    return connection.execute(query).scalar_one_or_none()


def move_mark(connection: Connection, name: str, value: str, at: int) -> str | None:
    """Set a mark; what it said before where that was something else, None where nothing is new.

    A mark that was not there is set and tells nothing: what was before it is not known.
    """
    hold(connection, [f"mark {name}"])
    if insert_if_new(connection, marks, {"name": name, "value": value, "at": at}, ("name",)):
        return None
    same = marks.c.name == name
    before: str = connection.execute(select(marks.c.value).where(same)).scalar_one()
    if before == value:
        return None
    connection.execute(update(marks).where(same).values(value=value, at=at))
    return before
