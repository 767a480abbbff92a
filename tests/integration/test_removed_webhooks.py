"""A webhook is removed while letters for it are written: neither who removes nor who writes fails
or waits, and nothing of it is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Table, func, select, text

from serving.access.caller import NoSuch
from serving.announcing import Announcer
from serving.storage.database import Database
from serving.storage.jobs_tables import outbox, webhooks
from serving.storage.leases import Lease
from serving.storage.migrate import migrate
from serving.webhooks.asking import Webhooks
from serving.webhooks.delivering import Post, deliver_some, waiting
from serving.webhooks.targets import Rules
from tests.support.databases import empty_database

NOW = np.datetime64("2026-09-01T12:00:00", "us")
MOVED = ("grade.changed", "L1", {"lead_id": "L1"})


@dataclass
class Outbox:
    """A store with one webhook at an address that is never asked."""

    database: Database
    hook: str

    @contextmanager
    def writing(self) -> Iterator[Announcer]:
        """A transaction that tells something, as a sweep's batch does."""
        with self.database.transaction() as connection:
            yield Announcer(connection, NOW)

    def remove(self) -> None:
        """As the route does; who would wait for another for two seconds fails."""
        with self.database.transaction() as connection:
            if not self.database.is_sqlite:
                connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            Webhooks(connection, "test", NOW).remove(self.hook)

    def look(self) -> None:
        """What the loop does, in one round."""
        post = Post(self.database, lambda: NOW, b"k", Rules(), lambda _: None)
        for name in waiting(post):
            lease = Lease(f"webhook {name}")
            assert lease.take(self.database, NOW)
            deliver_some(post, lease, name)
            lease.release(self.database)

    def count(self, table: Table) -> int:
        with self.database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def filled(database: Database) -> Outbox:
    migrate(database)
    with database.transaction() as connection:
        made = Webhooks(connection, "test", NOW).add("https://crm.invalid/", ["grade.changed"])
        Announcer(connection, NOW).announce(*MOVED)
    return Outbox(database, made["id"])


@pytest.fixture
def two_writers(postgresql: str, tmp_path: Path) -> Iterator[Outbox]:
    """On PostgreSQL, where two write at once."""
    with empty_database("postgresql", tmp_path, postgresql) as database:
        yield filled(database)


def test_a_letter_that_is_not_yet_certain_keeps_nobody_from_removing(two_writers: Outbox):
    with two_writers.writing() as announcer:
        announcer.announce(*MOVED)
        two_writers.remove()
        two_writers.look()
        assert two_writers.count(webhooks) == 1
        announcer.announce(*MOVED)
    assert two_writers.count(outbox) == 3
    two_writers.look()
    assert (two_writers.count(webhooks), two_writers.count(outbox)) == (0, 0)


def test_who_read_the_webhooks_before_one_was_removed_writes_no_letter_for_it(two_writers: Outbox):
    with two_writers.writing() as announcer:
        assert announcer.wants("grade.changed")
        two_writers.remove()
        two_writers.look()
        assert two_writers.count(webhooks) == 0
        announcer.announce(*MOVED)
    assert two_writers.count(outbox) == 0


def test_a_removed_webhook_is_there_for_nobody_and_goes_with_its_letters(database: Database):
    told = filled(database)
    told.remove()
    with database.reading() as connection:
        hooks = Webhooks(connection, "test", NOW)
        assert hooks.all() == []
        with pytest.raises(NoSuch):
            hooks.letters(told.hook, "pending", 0, 10)
    with told.writing() as announcer:
        assert not announcer.wants("grade.changed")
        announcer.announce(*MOVED)
    assert told.count(outbox) == 1
    told.look()
    assert (told.count(webhooks), told.count(outbox)) == (0, 0)
