"""`leadpact bring`: what taught a model comes into the record too, once, by jobs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from models.workspace import Workspace
from serving.jobs.rows import rows_of
from serving.storage.database import Database
from serving.storage.jobs import JobStore
from tests.support.cli import run
from training.sample import simulate, write_workspace

CSV = "Lead No;Created;Employees;Converted\nA-1;2026-01-01;850;1\nA-2;2026-01-02;Zürich;0\n"


def drafted(folder: Path, text: bytes) -> Workspace:
    """A workspace drafted from an export, as by the command line."""
    folder.mkdir()
    export = folder / "leads.csv"
    export.write_bytes(text)
    call = ("--converted", "Converted", "--lead", "Lead No", "--as-of", "Created", "-w", folder)
    ran = run("init", export, *call)
    assert ran.code == 0, ran.err
    return Workspace(folder)


def queued(workspace: Workspace) -> list[tuple[str, Path]]:
    """What was queued, in the order in which it is taken in, and the file of each."""
    database = Database(f"sqlite:///{workspace.home / 'store.db'}")
    with database.reading() as connection:
        rows = JobStore(connection).newest(None, 10)[::-1]
    database.close()
    files = {row.id: sorted((workspace.home / "jobs" / row.id).iterdir()) for row in rows}
    return [(json.loads(row.asked)["of"], *files[row.id]) for row in rows]


def test_leads_come_last_so_that_each_is_scored_with_all_that_happened(tmp_path: Path):
    write_workspace(tmp_path / "halden", 50, 7)
    workspace = Workspace(tmp_path / "halden")
    assert "Queued" in run("bring", "-w", workspace.folder).out
    assert "before; nothing was done" in run("bring", "-w", workspace.folder).out
    found = queued(workspace)
    assert [of for of, _ in found] == ["activities", "outcomes", "leads"]
    assert len(list(rows_of(found[-1][1]))) == 50


def test_who_converted_at_a_time_that_nobody_knows_is_no_open_lead(tmp_path: Path):
    workspace = drafted(tmp_path / "acme", CSV.encode("cp1252"))
    assert run("bring", "-w", workspace.folder).code == 0
    [(of, file)] = queued(workspace)
    assert of == "leads"
    [row] = rows_of(file)
    assert (row["Lead No"], row["Employees"]) == ("A-2", "Zürich")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("gone", "is not in"),
        ("ragged", "1 lines of leads.csv do not fit"),
        ("parquet", "tells which leads converted and not when"),
        ("xlsx", "is no file that an import reads"),
    ],
)
def test_what_cannot_be_brought_is_said_and_can_be_mended(tmp_path: Path, change: str, why: str):
    workspace = drafted(tmp_path / "acme", CSV.encode())
    export, fields = workspace.folder / "leads.csv", workspace.folder / "fields.yaml"
    before = fields.read_text("utf-8")
    match change:
        case "gone":
            export.unlink()
        case "ragged":
            export.write_text(CSV + "A-3;x\n", "utf-8")
        case _:
            other = export.with_suffix(f".{change}")
            export.rename(other)
            fields.write_text(f"{before}\nsources: {{leads: {other.name}}}\n", "utf-8")
    ran = run("bring", "-w", workspace.folder)
    assert ran.code == 3
    assert why in " ".join(ran.err.split())
    assert not list((workspace.home / "jobs").glob("*"))
    export.write_text(CSV, "utf-8")
    fields.write_text(before, "utf-8")
    assert "Queued" in run("bring", "-w", workspace.folder).out


def test_a_company_until_today_differs_by_whole_weeks_alone():
    until = datetime(2026, 11, 26, tzinfo=UTC)
    usual, moved = simulate(400), simulate(400, until=until)
    pd.testing.assert_frame_equal(
        usual.leads.drop(columns="created_at"), moved.leads.drop(columns="created_at")
    )
    apart = moved.activities.occurred_at - usual.activities.occurred_at
    assert apart.nunique() == 1
    assert apart.iloc[0] % pd.Timedelta(weeks=1) == pd.Timedelta(0)
    assert moved.activities.recorded_at.max() <= until
    late = moved.activities.recorded_at - usual.activities.recorded_at != apart
    assert late.mean() < 0.001
    days_before = until - moved.activities.occurred_at.max()
    assert timedelta(0) <= days_before < timedelta(days=9)
