"""Access from the operator's shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from sqlalchemy import update
from typer.testing import CliRunner

from serving.access.permissions import as_markdown
from serving.commands import access, audit
from serving.storage.access_tables import audit as audit_table
from serving.storage.database import Database
from tests.support.access import House

app = typer.Typer()
for room in (access, audit):
    app.add_typer(room.app)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(Database(f"sqlite:///{tmp_path / 'store.db'}"))


def run(house: House, *words: str) -> tuple[int, str]:
    options = [] if words[-1] == "permissions" else ["--database-url", house.database.url]
    found = CliRunner().invoke(app, [*words, *options])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.output


def test_a_key_made_at_the_machine_opens_what_it_says(house: House):
    code, told = run(
        house, "access", "key", "--name", "figures", "--role", "admin", "--scope", "figures.read"
    )
    assert code == 0
    machine = house.client(told.strip())
    assert machine.get("/t/figures.read").status_code == 200
    assert machine.get("/t/keys.manage").status_code == 403


def test_a_first_link_is_told_until_somebody_is_admin(house: House):
    code, told = run(house, "access", "first-link")
    assert (code, "/link/" in told) == (0, True)
    path = next(word for word in told.split() if word.startswith("/link/"))
    # The command's clock is the real one; the house's stands before it.
    assert house.client().get(path).status_code == 200
    house.person("ada@example.com", "admin")
    code, told = run(house, "access", "first-link")
    assert (code, "admin already" in told) == (1, True)


def test_the_table_is_printed_as_in_the_document(house: House):
    assert run(house, "access", "permissions") == (0, as_markdown())


def test_a_check_of_the_log_tells_a_head_to_keep_and_finds_what_was_changed(house: House):
    house.key()
    house.key()
    code, told = run(house, "audit", "verify")
    head = told.strip().splitlines()[-1]
    assert (code, told.startswith("2 entries, whole.")) == (0, True)
    assert run(house, "audit", "verify", "--noted", head)[0] == 0
    assert run(house, "audit", "verify", "--noted", "7:" + "0" * 64)[0] == 1
    with house.database.transaction() as connection:
        connection.execute(update(audit_table).values(actor="nobody"))
    code, told = run(house, "audit", "verify")
    assert (code, "Entry 1 is not as it was written" in told) == (1, True)
    code, told = run(house, "audit", "verify", "--json")
    assert json.loads(told)["whole"] is False
