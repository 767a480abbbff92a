"""After an erasure the store is as if the person had never come, on both databases."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.scorer import Scorer
from models.workspace import Workspace
from serving.canonical import read
from serving.incoming import activity_rows, outcome_rows
from serving.privacy.consent import set_consent
from serving.privacy.erasing import erase
from serving.privacy.telling import tell_person
from serving.record import Collision, Record
from serving.storage.access_tables import audit, audit_head
from serving.storage.audit import verify
from serving.storage.database import Database
from serving.storage.leads import Filter
from serving.storage.migrate import migrate
from serving.storage.schema import metadata
from serving.wishes import PersonErased, Wish
from tests.support.persons import dump
from tests.support.service import NOW

YEAR = np.timedelta64(365, "D")
MARK = "zqx"
"""Stands in every value of the person who is erased, and nowhere else."""
PERSON = f"{MARK}@{MARK}-works.example"
OTHER = "bo@other.example"
LEADS = {f"{MARK}-1": PERSON, f"{MARK}-2": PERSON, "b-1": OTHER, "b-2": OTHER}
LEAD_IDS = st.sampled_from(list(LEADS))
FIELDS = st.fixed_dictionaries(
    {"employees": st.sampled_from([3, 640])},
    optional={
        "account_id": st.sampled_from(["a", "b"]),
        "job_title": st.sampled_from(["Student", "Head of IT"]),
    },
)
DAY = st.integers(10, 30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), LEAD_IDS, FIELDS),
        st.tuples(st.just("did"), LEAD_IDS, DAY),
        st.tuples(st.just("ended"), LEAD_IDS, DAY),
        st.tuples(st.just("consent"), LEAD_IDS, st.booleans()),
    ),
    min_size=1,
    max_size=14,
)


def lead(lead_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A lead's fields; those of the person bear the mark."""
    told = fields | {"email": LEADS[lead_id]}
    if LEADS[lead_id] == PERSON:
        wish = f"a {MARK} wish of {PERSON}"
        told |= {"wants": wish, "industry": MARK, "job_title": f"Head of {MARK}"}
    return told


def event(lead_id: str, number: int) -> dict[str, Any]:
    """An event's id and lead; the person's bear the mark."""
    mark = MARK if LEADS[lead_id] == PERSON else "plain"
    return {"lead_id": lead_id, "event_id": f"{mark}-{number}"}


def take(database: Database, scorer: Scorer, number: int, step: tuple[str, str, Any]) -> None:
    """Take one step in a transaction of its own."""
    what, lead_id, value = step
    mark = MARK if LEADS[lead_id] == PERSON else "page"
    with database.transaction() as connection:
        record = Record(connection, scorer, NOW)
        if what == "put":
            record.put_lead(lead_id, lead(lead_id, value), None)
        elif what == "consent":
            set_consent(record, lead_id, Wish(value, value), "test")
        elif what == "did":
            told = {"occurred_at": f"2026-08-{value}T10:00:00Z", "kind": mark, "channel": mark}
            rows = activity_rows([event(lead_id, number) | told], "", NOW)
            record.happened([c.row for c in rows if c.row], [])
        else:
            told = {"at": f"2026-08-{value}", "stage": "accepted", "reason": mark}
            rows = outcome_rows([event(lead_id, number) | told], "", NOW)
            record.happened([], [c.row for c in rows if c.row])


def empty(database: Database) -> None:
    """Remove every row but the audit log."""
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            if table not in (audit, audit_head):
                connection.execute(table.delete())


def state(database: Database, scorer: Scorer) -> dict[str, Any]:
    """What the other person's leads are and score."""
    told = {}
    with database.reading() as connection:
        record = Record(connection, scorer, NOW)
        for row in record.leads.page(Filter(), 0, 100):
            answer = None
            if row.score_seq is not None:
                answer = read(record.scores.by_seq(row.score_seq).answer)["score_exact"]
            told[row.id] = (row.fields, row.stage, row.score, row.training_allowed, answer)
    return told


def test_an_erasure_leaves_the_store_as_if_the_person_had_never_come(
    database: Database, trained: Workspace
):
    scorer = Scorer.load(trained.champion())
    migrate(database)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )
    @given(steps=STEPS)
    def check(steps: list[tuple[str, str, Any]]) -> None:
        empty(database)
        for number, step in enumerate(steps):
            if LEADS[step[1]] == OTHER:
                take(database, scorer, number, step)
        never_came = state(database, scorer)
        empty(database)
        for number, step in enumerate(steps):
            take(database, scorer, number, step)
        with database.transaction() as connection:
            erase(Record(connection, scorer, NOW), PERSON.upper(), "test", YEAR)
        # Events of a lead that never came carry no address: only its id could tell whose they are.
        unknown = {f"{MARK}-1", f"{MARK}-2"} - {s[1] for s in steps if s[0] == "put"}
        if not unknown & {s[1] for s in steps}:
            assert MARK not in dump(database)
            assert state(database, scorer) == never_came
        with database.reading() as connection:
            assert verify(connection).faults == ()
            assert tell_person(connection, PERSON, NOW)["leads"] == []

    check()


def test_an_erasure_and_writers_at_once_leave_nothing_behind(
    database: Database, trained: Workspace
):
    scorer = Scorer.load(trained.champion())
    migrate(database)
    faults: list[BaseException] = []
    refused = threading.Event()

    def writer(k: int) -> None:
        for turn in range(500):
            time.sleep(0.002)  # SQLite's lock goes to whoever comes first, and here to the same one
            try:
                take(database, scorer, 100 * k + turn, ("put", f"{MARK}-{k}", {"employees": 3}))
                take(database, scorer, 100 * k + turn, ("did", f"{MARK}-{k}", 20))
            except PersonErased:
                refused.set()
                return
            except Collision:
                continue
            except BaseException as error:
                faults.append(error)
                return

    threads = [threading.Thread(target=writer, args=(k,)) for k in (1, 2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and not refused.is_set():
        try:
            with database.transaction() as connection:
                erase(Record(connection, scorer, NOW), PERSON, "test", YEAR)
        except Collision:
            continue
    for thread in threads:
        thread.join()
    assert faults == []
    assert refused.is_set()
    held = dump(database)
    assert PERSON not in held
    assert not [line for line in held.split("\n") if MARK in line and line.startswith("lead")]


@pytest.mark.parametrize("address", ["o@other.example", "bo@other.example.org", "b-bo@other.de"])
def test_a_person_whose_address_only_resembles_is_left_alone(
    database: Database, trained: Workspace, address: str
):
    scorer = Scorer.load(trained.champion())
    migrate(database)
    take(database, scorer, 1, ("put", "b-1", {"employees": 3}))
    told = {"event_id": f"open-{OTHER}-1", "lead_id": "n-1", "occurred_at": "2026-08-20"}
    with database.transaction() as connection:
        rows = [c.row for c in activity_rows([told], "", NOW) if c.row]
        Record(connection, scorer, NOW).happened(rows, [])
    before = state(database, scorer)
    with database.transaction() as connection:
        removed = erase(Record(connection, scorer, NOW), address, "test", YEAR)
    assert not any(removed.values())
    assert state(database, scorer) == before
    assert f"open-{OTHER}-1" in dump(database)
