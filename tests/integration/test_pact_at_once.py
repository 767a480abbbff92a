"""Two who change what is agreed at the same moment, on both databases: one outcome."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from serving.access.caller import Caller, Conflict
from serving.editions import UNSIGNED_FILE, seed
from serving.pact.proposals import Pact, Wanted
from serving.pact.telling import PactReading
from serving.storage.audit import verify
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.storage.pact import EditionStore, ProposalStore
from tests.property.test_pact_machine import PEOPLE, START, STILL, book, person
from tests.support.build import fields

MARKETING, SALES = person(PEOPLE[0], "marketing"), person(PEOPLE[1], "sales")
OTHER_SALES = person(PEOPLE[2], "sales")
ROUNDS = 6


@pytest.fixture
def begun(database: Database) -> Database:
    migrate(database)
    with database.transaction() as connection:
        assert seed(connection, book(5.0, 5.0), UNSIGNED_FILE, START)
    return database


def act(database: Database, caller: Caller, use: Callable[[Pact], Any]) -> Any:
    with database.transaction() as connection:
        return use(Pact(connection, fields(), START, caller))


def proposed(database: Database, phone: float) -> tuple[str, str]:
    wanted = Wanted("t", "r", book(phone, 5.0).text())
    proposal_id = act(database, MARKETING, lambda p: p.draft(wanted))
    sha256 = act(database, MARKETING, lambda p: p.check(proposal_id))[2]
    act(database, MARKETING, lambda p: p.propose(proposal_id, STILL, sha256))
    return proposal_id, sha256


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each did, begun at the same moment: its result, or its refusal."""
    together = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        together.wait()
        try:
            return work()
        except Conflict as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def agreed(database: Database) -> list[str]:
    with database.reading() as connection:
        assert verify(connection).faults == ()
        return [row.name for row in EditionStore(connection).every()]


def test_two_signers_at_once_agree_exactly_one_edition(begun: Database):
    for turn in range(ROUNDS):
        proposal_id, sha256 = proposed(begun, 6.0 + turn)

        def sign(caller: Caller, i: str = proposal_id, h: str = sha256) -> Any:
            return act(begun, caller, lambda p: p.sign(i, h))

        found = at_once(lambda: sign(MARKETING), lambda: sign(SALES), lambda: sign(OTHER_SALES))
        assert sum(isinstance(f, Conflict) for f in found) == 1
        assert len(agreed(begun)) == turn + 2


def test_a_signer_against_an_editor_never_agrees_a_text_that_was_not_signed(begun: Database):
    for turn in range(ROUNDS):
        proposal_id, sha256 = proposed(begun, 6.0 + turn)
        act(begun, MARKETING, lambda p, i=proposal_id, h=sha256: p.sign(i, h))
        other = Wanted("t", "r", book(50.0 + turn, 5.0).text())
        signed, edited = at_once(
            lambda i=proposal_id, h=sha256: act(begun, SALES, lambda p: p.sign(i, h)),
            lambda i=proposal_id, w=other: act(begun, MARKETING, lambda p: p.edit(i, w)),
        )
        assert isinstance(signed, Conflict) != isinstance(edited, Conflict)
        with begun.reading() as connection:
            row = ProposalStore(connection).find(proposal_id)
            state = PactReading(connection, START).state(row)
        if isinstance(edited, Conflict):
            assert (state, signed.sha256) == ("effective", sha256)
        else:
            assert state == "draft"


def test_of_two_proposals_on_one_base_exactly_one_is_agreed(begun: Database):
    first, second = proposed(begun, 6.0), proposed(begun, 7.0)
    for proposal_id, sha256 in (first, second):
        act(begun, MARKETING, lambda p, i=proposal_id, h=sha256: p.sign(i, h))
    found = at_once(
        lambda: act(begun, SALES, lambda p: p.sign(*first)),
        lambda: act(begun, OTHER_SALES, lambda p: p.sign(*second)),
    )
    assert sum(isinstance(f, Conflict) for f in found) == 1
    assert agreed(begun) == ["t1", "2026.1"]
