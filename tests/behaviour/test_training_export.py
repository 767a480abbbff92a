"""From the store back to training: the same history, less who does not want to teach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest

from features.columns import readable
from features.frames import read_frame
from features.rulebook.document import parse_rulebook
from models.scorer import Scorer
from models.workspace import Workspace
from serving.incoming import activity_rows, outcome_rows
from serving.privacy.consent import set_consent
from serving.privacy.copies import CopyNotCut, note_copy
from serving.privacy.erasing import erase
from serving.record import Record
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.training_export import FILES, export_history
from serving.wishes import Wish
from tests.support.access import Clock
from tests.support.build import fields as make_fields
from tests.support.build import rulebook as make_rulebook
from tests.support.cli import run
from tests.support.service import NOW
from training.dataset import load_dataset
from training.tables import read_table

YEAR = np.timedelta64(365, "D")
LATER = np.datetime64("2027-06-01T00:00:00", "us")


class Store:
    """A store with a clock that a test moves, and copies made of it."""

    def __init__(self, database: Database, workspace: Workspace) -> None:
        migrate(database)
        self.database, self.workspace, self.clock = database, workspace, Clock()
        self.scorer = Scorer.load(workspace.champion())

    def do(self, work: Any) -> Any:
        with self.database.transaction() as connection:
            return work(Record(connection, self.scorer, self.clock()))

    def put(self, lead_id: str, **fields: Any) -> None:
        self.do(lambda r: r.put_lead(lead_id, fields, None))

    def export(self, folder: Path) -> Any:
        fields, rulebook = self.workspace.fields(), self.workspace.rulebook()
        with self.database.reading() as connection:
            done = export_history(connection, fields, rulebook, folder)
        self.do(lambda r: note_copy(r.connection, folder, "lead_id", done.leads, "test", r.now))
        return done


@pytest.fixture
def store(database: Database, trained: Workspace) -> Store:
    return Store(database, trained)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def sample_leads(workspace: Workspace, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Leads of the simulated company as a CRM would send them."""
    fields = workspace.fields()
    frame = read_table(workspace.folder / "leads.csv").head(count)
    read = read_frame(frame, readable(fields))
    for row in np.flatnonzero(read.good):
        told = {}
        for field in readable(fields):
            value = read.columns[field.name][row]
            if value is None or value != value:
                continue
            plain = {"number": float, "boolean": bool, "instant": lambda v: f"{v}Z"}
            told[field.name] = plain.get(field.type, str)(value)
        yield told["lead_id"], told


@pytest.fixture(scope="module")
def filled(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A SQLite store with the first leads of the simulated company and all that happened."""
    folder = tmp_path_factory.mktemp("filled")
    store = Store(Database(f"sqlite:///{folder / 'store.db'}"), trained)
    leads = dict(sample_leads(trained, 700))
    activities = read_table(trained.folder / "activities.parquet")
    outcomes = read_table(trained.folder / "outcomes.csv")
    did = activities[activities.lead_id.isin(leads)].to_dict("records")
    became = outcomes[outcomes.lead_id.isin(leads)].to_dict("records")

    def fill(record: Record) -> None:
        for told in activity_rows([plain(a) for a in did], "", NOW):
            assert told.row is not None, told.problems
            record.events.add_activity(told.row)
        for told in outcome_rows([plain(o) for o in became], "", NOW):
            assert told.row is not None, told.problems
            record.events.add_outcome(told.row)
        for lead_id, lead in leads.items():
            record.put_lead(lead_id, lead, None)

    store.do(fill)
    return store


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A row of a table as JSON would hold it."""
    known = {k: v for k, v in record.items() if v is not None and v == v}
    told = {k: f"{v.isoformat()}" if hasattr(v, "isoformat") else v for k, v in known.items()}
    return told | ({"amount": float(told["amount"])} if "amount" in told else {})


def test_training_learns_from_a_copy_what_it_learns_from_the_files(filled: Store, tmp_path: Path):
    done = filled.export(tmp_path / "copy")
    assert done.leads == done.late > 600
    assert done.opted_out == 0
    paths = [tmp_path / "copy" / name for name in FILES]
    again = load_dataset(filled.workspace, *paths)
    head = tmp_path / "leads.csv"
    lines = (filled.workspace.folder / "leads.csv").read_text().splitlines()[: done.leads + 1]
    head.write_text("\n".join(lines) + "\n")
    once = load_dataset(
        filled.workspace,
        head,
        only(filled, tmp_path, "activities", done.leads),
        only(filled, tmp_path, "outcomes", done.leads),
    )
    assert again.lead.tolist() == once.lead.tolist()
    assert again.y.tolist() == once.y.tolist()
    assert again.fingerprint() == once.fingerprint()


def only(store: Store, folder: Path, what: str, count: int) -> Path:
    """The sample's file of events, of its first leads alone."""
    kind = "parquet" if what == "activities" else "csv"
    table = read_table(store.workspace.folder / f"{what}.{kind}")
    ids = {i for i, _ in sample_leads(store.workspace, count)}
    table[table.lead_id.isin(ids)].to_parquet(folder / f"{what}.parquet")
    return folder / f"{what}.parquet"


def test_a_model_is_trained_on_a_copy_by_the_command_that_is_told(filled: Store, tmp_path: Path):
    for name in ("fields.yaml", "rulebook.yaml"):
        copy(filled.workspace.folder / name, tmp_path / name)
    to = tmp_path / "copy"
    url = ["--database-url", filled.database.url]
    told = run("export-training", "--to", to, "-w", tmp_path, *url)
    assert told.code == 0, told.err
    assert "came here only after" in told.err
    command = told.out.strip().splitlines()[-1].removeprefix("Next: leadpact ").split()
    trained = run(*command, "--no-curve", "--json")
    assert trained.code == 0, trained.err
    assert Workspace(tmp_path).champion().is_dir()


def test_no_address_and_no_domain_stands_in_a_copy_unless_a_rule_looks_at_it(
    store: Store, tmp_path: Path
):
    for k, email in enumerate(["ines@calder.example", "x@gmail.com", "y@uni.example", "bad"]):
        store.put(f"L{k}", email=email, created_at="2026-08-01T00:00:00Z")
    store.put("L9", created_at="2026-08-01T00:00:00Z")
    store.export(tmp_path)
    told = [row["email"] for row in rows(tmp_path / "leads.ndjson")]
    cut = "\N{HORIZONTAL ELLIPSIS}"
    assert told == [f"{cut}@company.example", f"{cut}@gmx.net", f"{cut}@uni.example", cut, None]
    rule = "{id: rival, says: A rival, group: fit, points: -9, when: {field: email, contains: x}}"
    text = (store.workspace.folder / "rulebook.yaml").read_text()
    looks = parse_rulebook(text.replace("criteria:\n", f"criteria:\n  - {rule}\n", 1), "test")
    with store.database.reading() as connection:
        export_history(connection, store.workspace.fields(), looks, tmp_path)
    assert rows(tmp_path / "leads.ndjson")[0]["email"] == f"{cut}@calder.example"


def test_fields_stand_as_they_were_when_a_lead_is_first_looked_at(store: Store, tmp_path: Path):
    at = "2026-09-01T12:00:00Z"
    store.put("L1", created_at=at, employees=1)
    store.clock.wait(86_400)  # the sample's leads are first looked at a day after they came
    store.put("L1", created_at=at, employees=2)
    store.clock.wait(1)
    store.put("L1", created_at=at, employees=3)
    store.put("late", created_at="2026-01-01T00:00:00Z", employees=7)
    done = store.export(tmp_path)
    told = {row["lead_id"]: row["employees"] for row in rows(tmp_path / "leads.ndjson")}
    assert told == {"L1": 2, "late": 7}
    assert done.late == 1


def test_what_was_cancelled_after_it_was_taken_up_does_not_teach(store: Store, tmp_path: Path):
    ends = {
        "lost": ("accepted", "lost"),
        "cancelled": ("accepted", "excluded"),
        "opened-again": ("lost", "reopened"),
        "won-then": ("lost", "reopened", "won"),
    }
    for lead_id, stages in ends.items():
        store.put(lead_id, created_at="2026-01-01T00:00:00Z", employees=5)
        told = [
            {"lead_id": lead_id, "stage": s, "at": f"2026-02-0{day}"}
            for day, s in enumerate(stages, 1)
        ]
        became = [c.row for c in outcome_rows(told, "", NOW)]
        store.do(lambda r, b=became: r.happened([], b))
    store.put("young", created_at="2026-08-30T00:00:00Z")
    store.export(tmp_path)
    dataset = load_dataset(store.workspace, *(tmp_path / name for name in FILES))
    taught = dict(zip(dataset.lead.tolist(), dataset.y.tolist(), strict=True))
    assert taught == {"lost": 0, "opened-again": 0, "won-then": 1}
    assert dataset.states == {"known": 3, "excluded": 1, "open": 1}


def test_who_does_not_want_to_teach_is_left_out_and_counted(store: Store, tmp_path: Path):
    for lead_id in ("teaches", "no-training", "no-scoring"):
        store.put(lead_id, email=f"{lead_id}@x.example")
        event = {"lead_id": lead_id, "occurred_at": "2026-08-20", "event_id": lead_id}
        ended = {"lead_id": lead_id, "at": "2026-08-21", "stage": "won", "event_id": lead_id}
        did = [c.row for c in activity_rows([event], "", NOW)]
        became = [c.row for c in outcome_rows([ended], "", NOW)]
        store.do(lambda r, d=did, b=became: r.happened(d, b))
    store.do(lambda r: set_consent(r, "no-training", Wish(training=False), "test"))
    store.do(lambda r: set_consent(r, "no-scoring", Wish(scoring=False), "test"))
    done = store.export(tmp_path)
    assert (done.leads, done.activities, done.outcomes, done.opted_out) == (1, 1, 1, 2)
    for name in FILES:
        assert {row["lead_id"] for row in rows(tmp_path / name)} == {"teaches"}


def test_who_says_no_later_is_cut_out_of_copies_that_were_written_before(
    store: Store, tmp_path: Path
):
    for lead_id in ("L1", "L2", "L3"):
        store.put(lead_id, email=f"{lead_id}@x.example")
        event = {"lead_id": lead_id, "occurred_at": "2026-08-20"}
        store.do(lambda r, e=event: r.happened([c.row for c in activity_rows([e], "", NOW)], []))
    first, second = tmp_path / "first", tmp_path / "second"
    store.export(first)
    store.export(second)
    removed = store.do(lambda r: erase(r, "L1@X.example", "test", YEAR))
    assert (removed["copied_rows"], removed["copies_gone"]) == (4, 0)
    store.do(lambda r: set_consent(r, "L2", Wish(training=False), "test"))
    for folder in (first, second):
        for name in FILES[:2]:
            assert {row["lead_id"] for row in rows(folder / name)} == {"L3"}
    for name in FILES:
        (second / name).unlink()
    assert store.do(lambda r: erase(r, "L3@x.example", "test", YEAR))["copies_gone"] == 1
    assert rows(first / "leads.ndjson") == []
    assert len(read_table(first / "leads.ndjson")) == 0


def test_a_person_who_is_erased_while_a_copy_is_written_is_not_in_it(store: Store, tmp_path: Path):
    store.put("L1", email="l1@x.example")
    store.put("L2", email="l2@x.example")
    fields, rulebook = store.workspace.fields(), store.workspace.rulebook()
    with store.database.reading() as connection:
        export_history(connection, fields, rulebook, tmp_path)
    store.do(lambda r: erase(r, "l1@x.example", "test", YEAR))
    store.do(lambda r: note_copy(r.connection, tmp_path, "lead_id", 2, "test", r.now))
    assert [row["lead_id"] for row in rows(tmp_path / "leads.ndjson")] == ["L2"]


def test_nothing_is_erased_while_a_copy_cannot_be_cut(store: Store, tmp_path: Path):
    store.put("L1", email="l1@x.example")
    store.export(tmp_path)
    (tmp_path / "leads.ndjson").write_text("no JSON\n")
    with pytest.raises(CopyNotCut, match="remove that folder"):
        store.do(lambda r: erase(r, "l1@x.example", "test", YEAR))
    assert store.do(lambda r: r.leads.find("L1")) is not None


FIELDS_WITHOUT_DATES = """
lead: lead_id
repeat_of: person
outcome: {field: won, converted: ["1"]}
fields:
 - {name: lead_id, column: Lead ID, type: id, role: id}
 - {name: person, column: Person, type: id, role: ignored, reason: "who is who"}
 - {name: email, column: E-Mail, type: text, format: email, role: attribute}
 - {name: seen, column: Seen, type: instant, format: "%d/%m/%Y", role: attribute}
 - {name: employees, column: Size, type: number, role: attribute}
 - {name: won, column: Won, type: number, role: outcome, known: after outcome}
"""


def test_a_workspace_without_dates_gets_its_outcome_column_its_formats_and_its_persons(
    store: Store, tmp_path: Path
):
    for lead_id, email in (("L1", "a@x.example"), ("L2", "A@x.example"), ("L3", "c@x.example")):
        store.put(lead_id, email=email)
    for lead_id in ("cancelled", "reopened", "returning"):
        store.put(lead_id, email=f"{lead_id}@x.example")
    ends = [("L1", "lost", 1), ("L1", "won", 2), ("L2", "returned", 3)]
    ends += [("cancelled", "lost", 1), ("cancelled", "excluded", 2)]
    ends += [("reopened", "lost", 1), ("reopened", "reopened", 2)]
    ends += [("returning", "won", 1), ("returning", "qualified", 2)]
    told = [{"lead_id": i, "stage": s, "at": f"2026-08-0{d}"} for i, s, d in ends]
    store.do(lambda r: r.happened([], [c.row for c in outcome_rows(told, "", NOW)]))
    rules = make_rulebook()
    with store.database.reading() as connection:
        export_history(connection, make_fields(FIELDS_WITHOUT_DATES), rules, tmp_path)
    found = {row["Lead ID"]: (row["Won"], row["Person"]) for row in rows(tmp_path / FILES[0])}
    ended = {i: found.pop(i)[0] for i in ("cancelled", "reopened", "returning")}
    assert ended == {"cancelled": None, "reopened": None, "returning": "1"}
    assert found == {"L1": ("1", "L1"), "L2": ("0", "L1"), "L3": (None, "L3")}
    assert rows(tmp_path / "outcomes.ndjson") == []
