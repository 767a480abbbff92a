"""The record against a plain in-memory reference, on both databases.

Writes come in any order and repeated; in the end every lead must score what the same lead, with all
that is known of it and of its account, scores when it is sent alone.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from models.scorer import Scorer
from models.workspace import Workspace
from serving.canonical import read
from serving.incoming import activity_rows, outcome_rows
from serving.record import Record
from serving.scoring import Asked, score
from serving.storage.database import Database
from serving.storage.leads import Filter
from serving.storage.migrate import migrate
from tests.support.service import NOW

LEADS = [f"L{k}" for k in range(5)]
ACCOUNTS = [None, "a", "b"]
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "employees": st.sampled_from([3, 90, 640, 5000]),
        "industry": st.sampled_from(["logistics", "retail", "never seen"]),
        "job_title": st.sampled_from(["Student", "Head of IT", "CEO"]),
        "account_id": st.sampled_from(["a", "b"]),
    },
)
ACTIVITY = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from([f"e{k}" for k in range(12)]),
        "lead_id": st.sampled_from(LEADS),
        "occurred_at": st.sampled_from(
            ["2026-06-02T10:00:00Z", "2026-08-20T10:00:00Z", "2026-08-31T10:00:00Z"]
        ),
        "kind": st.sampled_from(["pricing_page", "email_open", "webinar_attended"]),
        "channel": st.sampled_from(["web", "email"]),
    },
    optional={"account_id": st.sampled_from(["a", "b"])},
)
OUTCOME = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from([f"o{k}" for k in range(6)]),
        "lead_id": st.sampled_from(LEADS),
        "at": st.sampled_from(["2026-08-01", "2026-08-15", "2026-08-30"]),
        "stage": st.sampled_from(["accepted", "returned", "won"]),
    }
)


@dataclass
class Reference:
    """What a very slow and very simple store would know."""

    leads: dict[str, dict[str, Any]] = field(default_factory=dict)
    activities: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def account_of(self, activity: dict[str, Any]) -> str | None:
        own = activity.get("account_id")
        return own or self.leads.get(activity["lead_id"], {}).get("account_id")

    def asked(self, lead: str) -> Asked:
        account = self.leads[lead].get("account_id")
        did = [
            {k: v for k, v in a.items() if k not in ("event_id", "account_id")}
            for a in self.activities.values()
            if a["lead_id"] == lead or (account and self.account_of(a) == account)
        ]
        # Colleagues' activities reach the lead through its account.
        return Asked(self.leads[lead] | {"lead_id": lead}, did, None)

    def stage(self, lead: str) -> str:
        mine = [(o["at"], e, o["stage"]) for e, o in self.outcomes.items() if o["lead_id"] == lead]
        return max(mine)[2] if mine else "new"


class Machine(RuleBasedStateMachine):
    """Writes in any order on a store that is empty at each start."""

    database: ClassVar[Database]
    scorer: ClassVar[Scorer]

    def __init__(self) -> None:
        super().__init__()
        migrate(self.database, "base")
        migrate(self.database)
        self.reference = Reference()

    def _do(self, work: Any) -> Any:
        with self.database.transaction() as connection:
            return work(Record(connection, self.scorer, NOW))

    @rule(lead=st.sampled_from(LEADS), fields=FIELDS)
    def put(self, lead: str, fields: dict[str, Any]) -> None:
        self._do(lambda r: r.put_lead(lead, fields, None))
        self.reference.leads[lead] = fields

    @rule(lead=st.sampled_from(LEADS))
    def remove(self, lead: str) -> None:
        there = self._do(lambda r: r.remove_lead(lead))
        assert there == (lead in self.reference.leads)
        if there:
            del self.reference.leads[lead]
            for kept in (self.reference.activities, self.reference.outcomes):
                for event in [e for e, x in kept.items() if x["lead_id"] == lead]:
                    del kept[event]

    @rule(events=st.lists(ACTIVITY, min_size=1, max_size=4))
    def activities(self, events: list[dict[str, Any]]) -> None:
        rows = [c.row for c in activity_rows(events, "", NOW)]
        told, _ = self._do(lambda r: r.happened(rows, []))
        for event, how in zip(events, told, strict=True):
            there = self.reference.activities.setdefault(event["event_id"], event)
            assert (how == "conflict") == (there != event)

    @rule(events=st.lists(OUTCOME, min_size=1, max_size=3))
    def outcomes(self, events: list[dict[str, Any]]) -> None:
        rows = [c.row for c in outcome_rows(events, "", NOW)]
        self._do(lambda r: r.happened([], rows))
        for event in events:
            self.reference.outcomes.setdefault(event["event_id"], event)

    @invariant()
    def scores_are_the_references(self) -> None:
        with self.database.reading() as connection:
            record = Record(connection, self.scorer, NOW)
            rows = {r.id: r for r in record.leads.page(Filter(), 0, 100)}
            assert set(rows) == set(self.reference.leads)
            for lead, row in rows.items():
                [expected] = score(self.scorer, [self.reference.asked(lead)], NOW)
                stored = read(record.scores.by_seq(row.score_seq).answer)
                assert stored["score_exact"] == pytest.approx(expected["score_exact"], abs=1e-9)
                assert (row.score, row.grade) == (expected["score"], expected["grade"])
                assert row.stage == self.reference.stage(lead)


def test_any_order_of_writes_gives_the_references_scores(database: Database, trained: Workspace):
    scorer = Scorer.load(trained.champion())
    few = settings(
        max_examples=60,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    )
    made = type("OnThisStore", (Machine,), {"database": database, "scorer": scorer})
    run_state_machine_as_test(made, settings=few)


def test_writers_at_once_lose_nothing_and_double_nothing(database: Database, trained: Workspace):
    scorer = Scorer.load(trained.champion())
    migrate(database)
    faults: list[BaseException] = []

    def writer(k: int) -> None:
        try:
            for turn in range(6):
                lead = LEADS[(k + turn) % 3]
                event = {
                    "event_id": f"{k}-{turn}",
                    "lead_id": lead,
                    "occurred_at": f"2026-08-{10 + turn}T10:00:00Z",
                    "kind": "pricing_page",
                    "channel": "web",
                }
                rows = [c.row for c in activity_rows([event, event], "", NOW)]
                with database.transaction() as connection:
                    Record(connection, scorer, NOW).put_lead(lead, {"account_id": "a"}, None)
                with database.transaction() as connection:
                    Record(connection, scorer, NOW).happened(rows, [])
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=writer, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.reading() as connection:
        record = Record(connection, scorer, NOW)
        rows = {r.id: r for r in record.leads.page(Filter(), 0, 10)}
        assert sum(r.version for r in rows.values()) == 24
        assert sum(len(record.events.activities_of(i)) for i in rows) == 24
        reference = Reference({i: {"account_id": "a"} for i in rows})
        for lead in rows:
            for a in record.events.activities_of(lead):
                reference.activities[a.event_id] = {
                    "event_id": a.event_id,
                    "lead_id": lead,
                    "occurred_at": f"2026-08-{10 + int(a.event_id[-1])}T10:00:00Z",
                    "kind": a.kind,
                    "channel": a.channel,
                }
        for lead, row in rows.items():
            [expected] = score(scorer, [reference.asked(lead)], NOW)
            assert row.score == expected["score"]
