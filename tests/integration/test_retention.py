"""What is older than a rule allows goes, in pieces, and nothing else does; on both databases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.errors import DocumentRefused
from models.scorer import Scorer
from models.workspace import Workspace
from serving.feedback import Said, give
from serving.incoming import activity_rows, outcome_rows
from serving.privacy.erasing import erase
from serving.privacy.retention import count_due, due, remove_some
from serving.privacy.rules import Retention, read_retention, refused_for
from serving.record import Record
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.database import Database
from serving.storage.idempotency import IdempotencyStore
from serving.storage.leads import Filter
from serving.storage.migrate import migrate
from tests.support.access import Clock

RULES = Retention(
    leads_without_activity_days=100,
    scores_older_than_days=50,
    answers_older_than_hours=48,
    copies_older_than_days=30,
)


class Keeping:
    """A store whose clock a test moves."""

    def __init__(self, database: Database, scorer: Scorer) -> None:
        migrate(database)
        self.database, self.scorer, self.clock = database, scorer, Clock()

    def do(self, work):
        with self.database.transaction() as connection:
            return work(Record(connection, self.scorer, self.clock()))

    def put(self, lead_id: str, **fields: object) -> None:
        self.do(lambda r: r.put_lead(lead_id, {"employees": 9, **fields}, None))

    def happened(self, lead_id: str, days_ago: float, *, ended: bool = False) -> None:
        at = f"{self.clock() - np.timedelta64(round(days_ago * 86_400), 's')}Z"
        if ended:
            told = outcome_rows([{"lead_id": lead_id, "at": at, "stage": "won"}], "", self.clock())
            self.do(lambda r: r.happened([], [c.row for c in told]))
        else:
            told = activity_rows([{"lead_id": lead_id, "occurred_at": at}], "", self.clock())
            self.do(lambda r: r.happened([c.row for c in told], []))

    def wait(self, days: float) -> None:
        self.clock.wait(days * 86_400)

    def counts(self) -> dict[str, int]:
        with self.database.reading() as connection:
            return count_due(connection, RULES, self.clock())

    def apply(self) -> dict[str, int]:
        found = {}
        for one in due(RULES, self.clock()):
            found[one.kind] = 0
            while done := self.do(lambda r, one=one: remove_some(r, one, "test")):
                assert done <= one.at_once
                found[one.kind] += done
        return found

    def leads(self) -> set[str]:
        with self.database.reading() as connection:
            record = Record(connection, self.scorer, self.clock())
            return {row.id for row in record.leads.page(Filter(), 0, 1000)}


@pytest.fixture
def keeping(database: Database, trained: Workspace) -> Keeping:
    return Keeping(database, Scorer.load(trained.champion()))


def test_leads_go_that_nobody_wrote_and_that_did_nothing(keeping: Keeping):
    for name in ("quiet", "wrote", "did", "won", "did-old"):
        keeping.put(name, account_id="acc")
    keeping.happened("nobody", 1)
    keeping.wait(60)
    keeping.put("wrote", account_id="acc")
    keeping.happened("did", 1)
    keeping.happened("won", 1, ended=True)
    keeping.happened("did-old", 200)
    keeping.wait(50)
    keeping.put("new", account_id="acc")
    told = keeping.counts()
    assert (told["leads"], told["activities"]) == (2, 1)
    # What a lead takes with it is not counted beforehand by its own kind.
    gone = keeping.apply()
    assert (gone["leads"], gone["activities"]) == (2, 1)
    assert keeping.leads() == {"wrote", "did", "won", "new"}
    assert set(keeping.counts().values()) == {0}


def test_old_scores_go_but_for_the_current_ones(keeping: Keeping):
    for employees in (1, 2, 3):
        keeping.put("L1", employees=employees)
    keeping.wait(51)
    keeping.put("L2")
    keeping.put("L2")
    assert keeping.counts()["scores"] == 2
    assert keeping.apply()["scores"] == 2
    kept = keeping.do(lambda r: [len(r.scores.of_lead(i, None, 9)) for i in ("L1", "L2")])
    assert kept == [1, 2]


def test_a_score_that_somebody_spoke_about_stays_with_what_was_said(keeping: Keeping):
    keeping.put("L1")
    said = Said("reported", "other", None, "they moved")
    keeping.do(lambda r: give(r, "L1", said, "person 1", "sales"))
    keeping.put("L1", employees=2)
    keeping.wait(51)
    assert keeping.apply()["scores"] == 0


def test_kept_answers_and_ended_erasures_go_in_their_time(keeping: Keeping):
    def keep(key: str) -> None:
        row = {"caller": "c", "route": "r", "key": key, "body_sha256": "0" * 64, "status": 200}
        at = {"content": "{}", "created_at": to_number(keeping.clock())}
        keeping.do(lambda r: IdempotencyStore(r.connection).keep(row | at))

    keep("old")
    keeping.do(lambda r: erase(r, "gone@x.example", "test", np.timedelta64(3, "D")))
    keeping.wait(1.5)
    keep("new")
    keeping.wait(1)
    assert keeping.apply()["answers"] == 1
    assert keeping.counts()["erasures"] == 0
    keeping.wait(0.5)
    assert keeping.apply()["erasures"] == 1
    left = keeping.do(lambda r: [row.key for row in IdempotencyStore(r.connection).every()])
    assert left == ["new"]


def test_each_piece_is_noted_by_kind_and_count_alone(keeping: Keeping):
    for k in range(25):
        keeping.put(f"L{k}")
    keeping.wait(101)
    assert keeping.apply()["leads"] == 25
    with keeping.database.reading() as connection:
        noted = AuditLog(connection).latest(9)
    assert [n.details for n in noted if n.action == "retention applied"] == [
        '{"leads":5}',
        '{"leads":20}',
    ]
    assert {n.subject for n in noted} == {""}


def test_what_no_rule_names_is_kept(keeping: Keeping):
    keeping.put("L1")
    keeping.wait(36_500)
    with keeping.database.reading() as connection:
        assert count_due(connection, Retention(), keeping.clock()) == {"erasures": 0}


def test_rules_are_read_strictly_and_their_absence_is_told(tmp_path: Path):
    with pytest.raises(DocumentRefused, match="nobody wrote"):
        read_retention(tmp_path)
    assert refused_for(tmp_path) == np.timedelta64(365, "D")
    file = tmp_path / "retention.yaml"
    file.write_text("leads_without_activity_days: 10\nerased_are_refused_days: 30\n")
    assert read_retention(tmp_path).leads_without_activity_days == 10
    assert refused_for(tmp_path) == np.timedelta64(30, "D")
    for wrong in ("leads_for_days: 3", "scores_older_than_days: 0", "schema: other/1", "- 3"):
        file.write_text(wrong + "\n")
        with pytest.raises(DocumentRefused, match=r"retention\.yaml"):
            read_retention(tmp_path)
