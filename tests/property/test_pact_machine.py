"""Proposals under any sequence of actions by anybody, on the use cases themselves."""

from __future__ import annotations

import shutil
from tempfile import mkdtemp
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from features.errors import LeadpactError
from features.rulebook.document import Rulebook
from serving.access.caller import Caller
from serving.access.permissions import permissions_of
from serving.editions import UNSIGNED_FILE, in_force, seed
from serving.pact.proposals import Pact, Wanted
from serving.pact.replaying import Replayed
from serving.pact.scope import TEAMS, declare, parse_scope
from serving.pact.telling import STATES, PactReading
from serving.storage.audit import verify
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.storage.pact import EditionStore, ProposalStore
from tests.support.build import fields, rulebook

PEOPLE = tuple(f"{n:016x}" for n in range(4))
ROLES = ("marketing", "sales", "management", "admin", "data_science")
START = np.datetime64("2026-09-01T12:00:00", "us")
MOVED = Replayed({}, {}, 0.5, None)
"""Of a proposal that moves half of the leads: no team decides it alone."""
STILL = Replayed({}, {}, 0.0, None)
POINTS = st.sampled_from([4.0, 5.0, 6.0, 7.0])
WHO = st.sampled_from(PEOPLE)
ACTS = st.integers(0, 10)


def person(person_id: str, role: str) -> Caller:
    return Caller("person", person_id, role, permissions_of(role), "somebody")


def book(phone: float, webinar: float) -> Rulebook:
    found = rulebook()
    points = {"phone": phone, "webinar": webinar}
    criteria = [c.model_copy(update={"points": points.get(c.id, c.points)}) for c in found.criteria]
    return found.model_copy(update={"criteria": tuple(criteria)})


class Machine(RuleBasedStateMachine):
    """Four people who change roles as they like, and a key that tries to sign."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = mkdtemp(prefix="leadpact-machine-")
        self.database = Database(f"sqlite:///{self.folder}/store.db")
        migrate(self.database)
        self.fields, self.now = fields(), START
        self.roles = dict.fromkeys(PEOPLE, "admin")
        self.ids: list[str] = []
        self.seen: dict[str, tuple[Any, ...]] = {}
        self.signed: dict[str, set[tuple[str, str]]] = {}
        self.alone: set[str] = set()
        self.scoped = False

    @initialize()
    def begin(self) -> None:
        with self.database.transaction() as connection:
            assert seed(connection, book(5.0, 5.0), UNSIGNED_FILE, self.now)
        self.roles |= {PEOPLE[0]: "marketing", PEOPLE[1]: "sales"}

    def do(self, caller: Caller, use: Any) -> Any:
        """Try an action; a refusal changes nothing."""
        self.now = self.now + np.timedelta64(1, "h")
        try:
            with self.database.transaction() as connection:
                return use(Pact(connection, self.fields, self.now, caller))
        except LeadpactError:
            return None

    def caller(self, who: str) -> Caller:
        return person(who, self.roles[who])

    def one(self, at: int) -> str:
        return self.ids[at % len(self.ids)]

    @rule(who=WHO, role=st.sampled_from(ROLES))
    def change_role(self, who: str, role: str) -> None:
        self.roles[who] = role

    @rule(alone=st.sampled_from([[], ["marketing"], ["marketing", "sales"]]))
    def declare_scope(self, alone: list[str]) -> None:
        told = parse_scope({"alone": alone, "groups": {"engagement": "marketing"}})
        with self.database.transaction() as connection:
            declare(connection, told, "person management", self.now)

    @rule(who=WHO, phone=POINTS, webinar=POINTS, days=st.integers(0, 3))
    def draft(self, who: str, phone: float, webinar: float, days: int) -> None:
        until = None if not days else self.now + np.timedelta64(days, "D")
        wanted = Wanted("t", "r", book(phone, webinar).text(), until)
        made = self.do(self.caller(who), lambda p: p.draft(wanted))
        if made is not None:
            self.ids.append(made)

    @precondition(lambda self: self.ids)
    @rule(who=WHO, at=ACTS, phone=POINTS, webinar=POINTS)
    def edit(self, who: str, at: int, phone: float, webinar: float) -> None:
        wanted = Wanted("t", "r", book(phone, webinar).text())
        self.do(self.caller(who), lambda p: p.edit(self.one(at), wanted))

    @precondition(lambda self: self.ids)
    @rule(who=WHO, at=ACTS, moved=st.booleans())
    def propose(self, who: str, at: int, moved: bool) -> None:
        replayed = MOVED if moved else STILL

        def use(pact: Pact) -> None:
            _, _, sha256 = pact.check(self.one(at))
            pact.propose(self.one(at), replayed, sha256)

        self.do(self.caller(who), use)

    @precondition(lambda self: self.ids)
    @rule(who=WHO, at=ACTS, old=st.booleans(), kind=st.sampled_from(["person", "person", "key"]))
    def sign(self, who: str, at: int, old: bool, kind: Any) -> None:
        proposal_id, role = self.one(at), self.roles[who]
        known = self.read(proposal_id)
        sha256 = "0" * 64 if old else known["sha256"]
        caller = Caller(kind, who, role, permissions_of(role), "somebody")
        self.do(caller, lambda p: p.sign(proposal_id, sha256))
        for s in self.read(proposal_id)["signatures"]:
            self.signed.setdefault(s["sha256"], set()).add((s["team"], s["person_id"]))
            if s not in known["signatures"]:
                # A new key is the signer's own, of the team they were of at that moment.
                assert (kind, s["team"], s["person_id"]) == ("person", role, who)
                assert s["sha256"] == sha256

    @precondition(lambda self: self.ids)
    @rule(at=ACTS)
    def everybody_signs(self, at: int) -> None:
        for who in PEOPLE:
            self.sign(who, at, old=False, kind="person")

    @precondition(lambda self: self.ids)
    @rule(who=WHO, at=ACTS)
    def withdraw(self, who: str, at: int) -> None:
        self.do(self.caller(who), lambda p: p.withdraw(self.one(at)))

    @precondition(lambda self: self.ids)
    @rule(who=WHO, at=ACTS, mine=st.booleans())
    def rebase(self, who: str, at: int, mine: bool) -> None:
        names = ("criterion:phone", "criterion:webinar")
        choices: Any = dict.fromkeys(names, "mine" if mine else "theirs")
        self.do(self.caller(who), lambda p: p.rebase(self.one(at), choices))

    @rule(days=st.integers(1, 4))
    def wait(self, days: int) -> None:
        self.now = self.now + np.timedelta64(days, "D")

    def read(self, proposal_id: str) -> Any:
        with self.database.reading() as connection:
            row = ProposalStore(connection).find(proposal_id)
            assert row is not None
            return PactReading(connection, self.now).proposal(row)

    @invariant()
    def every_edition_was_signed_by_both_or_by_who_may(self) -> None:
        with self.database.reading() as connection:
            for row in EditionStore(connection).every():
                if row.source == "file":
                    continue
                keys = self.signed.get(row.sha256, set())
                teams, people = {t for t, _ in keys}, {p for _, p in keys}
                if "alone" in row.note:
                    assert len(teams) >= 1
                    proposal = ProposalStore(connection).find(row.proposal_id)
                    assert proposal is not None
                    assert proposal.keys_needed in teams
                else:
                    assert teams == set(TEAMS)
                    assert len(people) >= 2

    @invariant()
    def no_edition_ever_changes(self) -> None:
        with self.database.reading() as connection:
            now = {r.sha256: tuple(r) for r in EditionStore(connection).every()}
        assert self.seen.items() <= now.items()
        self.seen = now

    @invariant()
    def what_was_in_force_stays_what_was_in_force(self) -> None:
        with self.database.reading() as connection:
            rows = EditionStore(connection).every()
            starts = [r.effective_from for r in rows]
            assert starts == sorted(starts)
            if rows:
                found = in_force(connection, self.now)
                assert found is not None

    @invariant()
    def every_state_is_one_that_is_known(self) -> None:
        assert all(self.read(i)["state"] in STATES for i in self.ids[:3])

    def teardown(self) -> None:
        with self.database.reading() as connection:
            assert verify(connection).faults == ()
        self.database.close()
        shutil.rmtree(self.folder)


TestProposals = Machine.TestCase
TestProposals.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
