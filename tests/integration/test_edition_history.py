"""The history of editions on a page: the newest, each with what it changed, and no more is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from serving.editions import EditionDamaged
from serving.pages.rulebook import history
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.storage.pact import EditionStore
from tests.support.build import rulebook


@pytest.fixture
def six(database: Database) -> Iterator[Connection]:
    """A store of six editions, of which the oldest was damaged since."""
    migrate(database)
    with database.transaction() as connection:
        for n in range(6):
            book = rulebook().model_copy(update={"edition": f"2026.{n}", "base_points": float(n)})
            row: dict[str, Any] = {
                "name": book.edition,
                "sha256": book.fingerprint(),
                "text": book.canonical() + (" " if n == 0 else ""),
                "effective_from": n,
                "agreed_at": n,
                "source": "file",
                "note": "",
            }
            EditionStore(connection).append(row)
        yield connection


def test_the_newest_editions_are_told_with_what_each_changed(six: Connection):
    told = history(six, 4)
    assert [h["row"].name for h in told] == ["2026.5", "2026.4", "2026.3", "2026.2"]
    assert told[0]["says"] == ["base points 4 -> 5"]
    # The oldest that is told was compared, too.
    assert told[-1]["says"] == ["base points 1 -> 2"]


def test_what_is_not_told_is_not_read(six: Connection):
    assert len(history(six, 4)) == 4
    with pytest.raises(EditionDamaged):
        history(six, 5)


def test_one_edition_is_told_as_of_its_time(six: Connection):
    row = EditionStore(six).find("2026.3")
    assert row is not None
    [told] = history(six, 1, row.seq)
    assert told["row"].name == "2026.3"
    assert told["says"] == ["base points 2 -> 3"]
