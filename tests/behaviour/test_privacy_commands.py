"""Privacy from the operator's shell."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.scorer import Scorer
from models.workspace import Workspace
from serving.record import Record
from serving.storage.audit import AuditLog
from serving.storage.database import Database
from serving.storage.migrate import migrate
from tests.support.cli import Ran, run

EMAIL = "ines.duarte@calder-voss.example"
LONG_AGO = np.datetime64("2020-01-01T00:00:00", "us")
Leadpact = Callable[..., Ran]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(found)
    yield found
    found.close()


@pytest.fixture
def leadpact(trained: Workspace, database: Database) -> Leadpact:
    def call(*words: object) -> Ran:
        return run(*words, "-w", trained.folder, "--database-url", database.url)

    return call


def put(database: Database, trained: Workspace, lead_id: str, **fields: Any) -> None:
    scorer = Scorer.load(trained.champion())
    with database.transaction() as connection:
        Record(connection, scorer, LONG_AGO).put_lead(lead_id, fields, None)


def noted(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        return [(row.actor, row.action) for row in AuditLog(connection).latest(9)]


def test_a_person_is_exported_and_erased_at_the_machine(
    leadpact: Leadpact, database: Database, trained: Workspace
):
    put(database, trained, "L1", email=EMAIL, wants="prices")
    told = leadpact("privacy", "export", EMAIL)
    assert told.code == 0, told.err
    assert told.json["leads"][0]["fields"]["wants"] == "prices"
    gone = leadpact("privacy", "erase", EMAIL, "--json")
    assert gone.json["removed"]["leads"] == 1
    again = leadpact("privacy", "erase", EMAIL)
    assert "Removed: 0 leads" in again.out
    assert "Nothing is taken of this person until" in again.out
    assert noted(database) == [
        ("operator", "person erased"),
        ("operator", "person erased"),
        ("operator", "person exported"),
    ]


def test_an_address_can_come_by_standard_input(leadpact: Leadpact, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{EMAIL}\n"))
    assert leadpact("privacy", "export", "-").json["leads"] == []
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    found = leadpact("privacy", "export", "-")
    assert (found.code, "Standard input is empty" in found.err) == (3, True)


def test_what_is_no_address_is_refused(leadpact: Leadpact):
    for what in ("export", "erase"):
        found = leadpact("privacy", what, "nobody")
        assert (found.code, "e-mail address" in found.err) == (3, True)


def test_without_rules_nothing_is_removed_and_the_way_is_shown(leadpact: Leadpact):
    found = leadpact("privacy", "retain")
    assert found.code == 3
    assert "leads_without_activity_days" in found.err


def test_rules_are_counted_first_and_then_applied(
    database: Database, trained: Workspace, tmp_path: Path
):
    for name in ("fields.yaml", "rulebook.yaml"):
        (tmp_path / name).write_bytes((trained.folder / name).read_bytes())
    (tmp_path / ".leadpact").symlink_to(trained.folder / ".leadpact")
    (tmp_path / "retention.yaml").write_text("leads_without_activity_days: 30\n")
    for k in range(3):
        put(database, trained, f"L{k}")
    options = ["-w", tmp_path, "--database-url", database.url]
    dry = run("privacy", "retain", "--dry-run", *options)
    assert "Would go: 3 leads" in dry.out
    told = run("privacy", "retain", "--json", *options)
    assert json.loads(told.out)["counts"]["leads"] == 3
    assert run("privacy", "retain", *options).out.startswith("Gone: 0 leads")
    assert noted(database) == [("operator", "retention applied")]
