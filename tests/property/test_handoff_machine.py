"""The hand-over under any sequence of actions by anybody: no hand-off is lost, made twice, or
decided by the other team."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from tempfile import mkdtemp
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from features.errors import LeadpactError
from features.stages import FINAL
from serving.access.caller import Caller
from serving.access.permissions import permissions_of
from serving.canonical import read
from serving.handing_over import judge_once, run_once
from serving.incoming import activity_rows, outcome_rows
from serving.pact.deciding import Decision, decide
from serving.pact.disputing import Contested, contest
from serving.problems import Trouble
from serving.record import Record
from serving.storage.audit import verify
from serving.storage.base import from_number
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.storage.pact_tables import disputes, handoffs
from tests.support.build import RULEBOOK
from tests.support.scorers import drawn_scorer

SCORER = drawn_scorer(agreement=RULEBOOK.replace("hand_over_from: 40", "hand_over_from: 50"))
START = np.datetime64("2026-09-01T12:00:00", "us")
HOUR = np.timedelta64(1, "h")
LEADS = st.sampled_from([f"L{n}" for n in range(5)])
AT = st.integers(0, 20)
TEAMS = st.sampled_from(["sales", "marketing"])
ROLES = st.sampled_from(["sales", "marketing", "management", "admin"])
MADE = ("id", "lead_id", "score_id", "edition", "explored", "owner", "handed_at", "touch_due")
WAYS = {
    None: {None, "accepted", "returned"},
    "accepted": {"accepted"},
    "returned": {"returned", "recycled"},
    "recycled": {"recycled"},
}


def person(role: str) -> Caller:
    return Caller("person", "0" * 15 + role[0], role, permissions_of(role), role)


class Machine(RuleBasedStateMachine):
    """Five leads, four people, a clock that only goes forwards."""

    @initialize()
    def begin(self) -> None:
        self.folder = mkdtemp(prefix="leadpact-machine-")
        self.database = Database(f"sqlite:///{self.folder}/store.db")
        migrate(self.database)
        self.now, self.number = START, 0
        self.seen: dict[str, Any] = {}
        self.settled: dict[str, Any] = {}
        for n in range(4):
            self.write(f"L{n}", phone=n < 3, employees=300)
        self.hand_over()
        assert len(self.rows(handoffs)) == 3, "three of the four reach the threshold"
        self.seen = {row.id: row for row in self.rows(handoffs)}

    def do(self, use: Callable[[Record], Any]) -> bool:
        """Try an action; whether it was let. A refusal changes nothing."""
        self.now = self.now + HOUR
        try:
            with self.database.transaction() as connection:
                use(Record(connection, SCORER, self.now))
        except (LeadpactError, Trouble):
            return False
        return True

    def rows(self, table: Any) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(select(table).order_by(table.c.seq)))

    def happened(self, told: dict[str, Any], *, outcome: bool) -> None:
        self.number += 1
        told = told | {"event_id": f"e{self.number}"}

        def use(record: Record) -> None:
            at = f"{record.now}Z"
            if outcome:
                [checked] = outcome_rows([told | {"at": at}], "", record.now)
            else:
                [checked] = activity_rows([told | {"occurred_at": at}], "", record.now)
            assert checked.row is not None, checked.problems
            record.happened(*([[], [checked.row]] if outcome else [[checked.row], []]))

        assert self.do(use)

    @rule(lead=LEADS, phone=st.booleans(), employees=st.sampled_from([3, 300]))
    def write(self, lead: str, phone: bool, employees: int) -> None:
        fields = {"phone": phone, "employees": employees}
        assert self.do(lambda r: r.put_lead(lead, fields, None))

    @rule(lead=LEADS)
    def remove(self, lead: str) -> None:
        gone = {h.id for h in self.rows(handoffs) if h.lead_id == lead}
        gone |= {d.id for d in self.rows(disputes) if d.lead_id == lead}
        assert self.do(lambda r: r.remove_lead(lead))
        self.seen = {k: v for k, v in self.seen.items() if k not in gone}
        self.settled = {k: v for k, v in self.settled.items() if k not in gone}
        assert not gone & {row.id for row in (*self.rows(handoffs), *self.rows(disputes))}

    @rule(lead=LEADS, team=TEAMS)
    def touch(self, lead: str, team: str) -> None:
        told = {"lead_id": lead, "channel": "web", "kind": "webinar", "team": team}
        self.happened(told, outcome=False)

    @rule(lead=LEADS, stage=st.sampled_from(["qualified", "won", "lost"]))
    def end(self, lead: str, stage: str) -> None:
        self.happened({"lead_id": lead, "stage": stage}, outcome=True)

    @rule(hours=st.sampled_from([1, 30, 200]))
    def wait(self, hours: int) -> None:
        self.now = self.now + hours * HOUR

    @rule()
    def hand_over(self) -> None:
        due = self.due()
        handed, _ = run_once(self.database, SCORER, lambda: self.now)
        judge_once(self.database, SCORER, lambda: self.now)
        new = {h.lead_id for h in self.rows(handoffs) if h.id not in self.seen and not h.explored}
        assert new == due
        assert handed.leads - handed.explored == len(due)
        assert self.due() == set()

    def due(self) -> set[str]:
        """Whom the rules hand over now, told anew from the record."""
        found = set()
        with self.database.reading() as connection:
            record = Record(connection, SCORER, self.now)
            for n in range(5):
                row = record.leads.find(f"L{n}")
                before = [h for h in self.rows(handoffs) if h.lead_id == f"L{n}"]
                if row is None or row.stage not in ("new", "returned"):
                    continue
                stirred = not before or (
                    before[-1].decision == "recycled"
                    and any(
                        a.received_at > before[-1].decided_at
                        for a in record.events.activities_of(row.id)
                    )
                )
                answer = read(record.scores.by_seq(row.score_seq).answer)
                if stirred and answer["handed_over"]:
                    found.add(row.id)
        return found

    @precondition(lambda self: self.seen)
    @rule(at=AT)
    def send_back_and_round_again(self, at: int) -> None:
        self.decide(at, "sales", "returned")
        self.no_hand_off_is_lost_or_rewritten()
        self.decide(at, "marketing", "recycled")

    @precondition(lambda self: self.seen)
    @rule(at=AT, role=ROLES, what=st.sampled_from(["accepted", "returned", "recycled"]))
    def decide(self, at: int, role: str, what: str) -> None:
        handoff_id = list(self.seen)[at % len(self.seen)]
        [before] = [h.decision for h in self.rows(handoffs) if h.id == handoff_id]
        told = Decision(what, "no_need" if what == "returned" else None)
        let = self.do(lambda r: decide(r, handoff_id, told, person(role)))
        allowed = what in WAYS[before] - {before}
        assert let == (allowed and role == ("marketing" if what == "recycled" else "sales"))
        if let and what != "recycled":
            lead_id = self.seen[handoff_id].lead_id
            with self.database.reading() as connection:
                lead = Record(connection, SCORER, self.now).leads.find(lead_id)
            assert lead is not None
            assert lead.stage == what

    @rule(lead=LEADS, role=TEAMS, says=st.sampled_from(["too high", "too low"]))
    def dispute(self, lead: str, role: str, says: str) -> None:
        self.do(lambda r: contest(r, lead, Contested(says, "So."), person(role)))

    @invariant()
    def no_hand_off_is_lost_or_rewritten(self) -> None:
        now = {row.id: row for row in self.rows(handoffs)}
        for name, was in self.seen.items():
            row = now[name]
            assert [getattr(row, m) for m in MADE] == [getattr(was, m) for m in MADE]
            assert row.decision in WAYS[was.decision]
        self.seen = now

    @invariant()
    def one_at_once_for_each_lead(self) -> None:
        held = [h.lead_id for h in self.rows(handoffs) if h.decision != "recycled"]
        assert len(held) == len(set(held))

    @invariant()
    def a_dispute_is_settled_once_and_only_by_an_end(self) -> None:
        for row in self.rows(disputes):
            if row.id in self.settled:
                assert tuple(row) == self.settled[row.id]
            elif row.settled_at is not None:
                with self.database.reading() as connection:
                    ends = Record(connection, SCORER, self.now).events.outcomes_of(row.lead_id)
                late = from_number(row.opened_at) + np.timedelta64(90, "D") <= self.now
                assert late or any(e.stage in FINAL for e in ends)
                self.settled[row.id] = tuple(row)

    def teardown(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.reading() as connection:
            assert verify(connection).faults == ()
        self.database.close()
        shutil.rmtree(self.folder)


TestHandovers = Machine.TestCase
TestHandovers.settings = settings(
    max_examples=15,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
