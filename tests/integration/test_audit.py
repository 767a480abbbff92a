"""The audit log on both databases: whole under many writers, and every tampering is found."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from serving.storage.access_tables import audit, audit_head
from serving.storage.audit import AuditBroken, AuditLog, Head, HeadRefused, read_head, verify
from serving.storage.database import Database
from serving.storage.migrate import migrate

NOW = np.datetime64("2026-09-01T12:00:00", "us")
ENTRIES = 40


@pytest.fixture
def log(database: Database) -> Database:
    """A store whose log has entries."""
    migrate(database)
    for k in range(ENTRIES):
        append(database, k)
    return database


def append(database: Database, k: int, actor: str = "person a1") -> Head:
    with database.transaction() as connection:
        log = AuditLog(connection)
        return log.append(NOW + k, actor, "key made", f"key {k}", {"count": k})


def faults(database: Database, noted: Head | None = None) -> tuple[str, ...]:
    with database.reading() as connection:
        return verify(connection, noted).faults


def tamper(database: Database, how: Callable[[Connection], object]) -> None:
    with database.transaction() as connection:
        how(connection)


def test_an_untouched_log_is_whole_and_says_where_it_ends(log: Database):
    with log.reading() as connection:
        found = verify(connection)
    assert found.faults == ()
    assert found.entries == ENTRIES
    assert found.head is not None
    assert read_head(str(found.head)) == found.head
    with pytest.raises(HeadRefused, match="COUNT:HASH"):
        read_head("40:nothing")


def test_an_empty_log_is_whole_and_one_without_a_head_is_not(database: Database):
    migrate(database)
    assert faults(database) == ()
    tamper(database, lambda c: c.execute(delete(audit_head)))
    assert "head is gone" in faults(database)[0]
    with pytest.raises(AuditBroken, match="no head"):
        append(database, 1)


def test_entries_are_read_newest_first(log: Database):
    with log.reading() as connection:
        first = AuditLog(connection).latest(3)
        more = AuditLog(connection).latest(3, before=first[-1].seq)
    assert [r.seq for r in first + more] == list(range(ENTRIES, ENTRIES - 6, -1))


def edit(rng: random.Random, connection: Connection) -> str:
    """Change one thing of one entry, at random."""
    column = rng.choice(["at", "actor", "action", "subject", "details", "previous", "hash"])
    seq = rng.randint(1, ENTRIES)
    old = connection.execute(select(audit.c[column]).where(audit.c.seq == seq)).scalar_one()
    if column == "at":
        new = old + rng.choice([-1, 1]) * rng.randint(1, 10**9)
    else:
        place = rng.randrange(len(old))
        new = old[:place] + chr((ord(old[place]) - 32 + 1) % 95 + 32) + old[place + 1 :]
    assert new != old
    connection.execute(update(audit).where(audit.c.seq == seq).values({column: new}))
    return f"{column} of {seq}: {old!r} -> {new!r}"


def remove(rng: random.Random, connection: Connection) -> str:
    """Take a run of entries out; at the end as well."""
    start = rng.randint(1, ENTRIES)
    last = rng.randint(start, ENTRIES)
    connection.execute(delete(audit).where(audit.c.seq.between(start, last)))
    if rng.random() < 0.5:
        # And close the gap, as somebody would who knows that places are counted.
        for seq in range(last + 1, ENTRIES + 1):
            moved = seq - (last - start + 1)
            connection.execute(update(audit).where(audit.c.seq == seq).values(seq=moved))
    return f"removed {start} to {last}"


def put_in(rng: random.Random, connection: Connection) -> str:
    """Put a copy of an entry in; at the end as well."""
    source, place = rng.randint(1, ENTRIES), rng.randint(1, ENTRIES + 1)
    query = select(audit).where(audit.c.seq == source)
    row = dict(connection.execute(query).one()._mapping)
    for seq in range(ENTRIES, place - 1, -1):
        connection.execute(update(audit).where(audit.c.seq == seq).values(seq=seq + 1))
    connection.execute(insert(audit).values(**row | {"seq": place}))
    return f"put {source} in at {place}"


def swap(rng: random.Random, connection: Connection) -> str:
    """Let two entries change places."""
    one, other = rng.sample(range(1, ENTRIES + 1), 2)
    for old, new in ((one, 0), (other, one), (0, other)):
        connection.execute(update(audit).where(audit.c.seq == old).values(seq=new))
    return f"swapped {one} and {other}"


def test_a_hundred_of_a_hundred_random_edits_are_found(log: Database):
    rng = random.Random(11)
    ways = [edit, remove, put_in, swap]
    missed = []
    for k in range(100):

        def once(connection: Connection, way: Callable = ways[k % 4]) -> None:
            what = way(rng, connection)
            if not verify(connection).faults:
                missed.append(what)
            raise _Undo

        with pytest.raises(_Undo):
            tamper(log, once)
    assert missed == []
    assert faults(log) == ()


class _Undo(Exception):
    """Takes a tampering back."""


def test_a_tail_cut_off_with_its_head_is_found_only_by_a_head_kept_elsewhere(log: Database):
    noted = append(log, ENTRIES)

    def cut(connection: Connection) -> None:
        query = select(audit.c.hash).where(audit.c.seq == ENTRIES - 5)
        last = connection.execute(query).scalar_one()
        connection.execute(delete(audit).where(audit.c.seq > ENTRIES - 5))
        connection.execute(update(audit_head).values(entries=ENTRIES - 5, hash=last))

    tamper(log, cut)
    assert faults(log) == ()
    assert "never passed" in faults(log, noted)[0]


def test_a_head_kept_elsewhere_stays_good_as_the_log_grows(log: Database):
    noted = append(log, 1)
    append(log, 2)
    assert faults(log, noted) == ()


def test_writers_at_once_make_one_chain(log: Database):
    troubles: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for k in range(15):
                append(log, k, f"person {name}")
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert faults(log) == ()
    with log.reading() as connection:
        assert connection.execute(select(func.count()).select_from(audit)).scalar_one() == (
            ENTRIES + 6 * 15
        )


def test_an_undone_use_case_leaves_no_entry(log: Database):
    def fail(connection: Connection) -> None:
        AuditLog(connection).append(NOW, "person a1", "key made")
        raise _Undo

    with pytest.raises(_Undo):
        tamper(log, fail)
    append(log, 1)
    assert faults(log) == ()
