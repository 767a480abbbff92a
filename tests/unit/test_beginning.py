"""The first run's files: what an upload becomes, what is guessed, how drafts are changed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from features.errors import DocumentRefused, InputRefused
from models.workspace import Workspace
from serving.beginning.drafts import give_points, wrong_points
from serving.beginning.folder import Beginning
from serving.beginning.tables import Taken, aside_of, columns_of, guess, take
from serving.storage.database import Database

EXPORT = "Lead No;Created;Source;Converted\nA-1;2025-01-02;Köln;1\n\nA-2;2025-01-03;Bonn;0\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_whatever_an_export_is_written_in_it_is_kept_as_utf_8_with_commas(
    tmp_path: Path, encoding: str, separator: str
):
    upload, kept = tmp_path / "upload", tmp_path / "leads.csv"
    upload.write_bytes(EXPORT.replace(";", separator).encode(encoding))
    assert take(upload, kept) == Taken(2)
    lines = kept.read_text("utf-8").splitlines()
    assert lines[:2] == ["Lead No,Created,Source,Converted", "A-1,2025-01-02,Köln,1"]
    found = guess(columns_of(kept))
    assert (found.lead, found.as_of, found.converted) == ("Lead No", "Created", "Converted")


def test_lines_that_do_not_fit_are_set_aside_with_their_numbers_and_run_nowhere(tmp_path: Path):
    upload, kept = tmp_path / "upload", tmp_path / "leads.csv"
    upload.write_text("id,won\n1,0\n2,1,=1+1\n\n3,1\n4\n5,0\n", "utf-8")
    taken = take(upload, kept)
    assert (taken.rows, taken.aside) == (3, 2)
    assert "Line 3 has 3 cells" in taken.first
    assert kept.read_text("utf-8").split() == ["id,won", "1,0", "3,1", "5,0"]
    assert aside_of(kept).read_text("utf-8").split() == ["line,id,won", "3,2,1,'=1+1", "6,4"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 a workbook", "save the sheet as CSV"),
        (b"id,won\n", "no row below"),
        (b"only one\n1\n", "one column only"),
        (b"id,won,won\n1,0,1\n", "a name of its own"),
        (b"id,won\n1,0,7\n", "Line 2 has 3 cells"),
    ],
)
def test_what_is_no_table_is_refused_and_the_table_before_it_stays(
    tmp_path: Path, sent: bytes, told: str
):
    upload, kept = tmp_path / "upload", tmp_path / "leads.csv"
    upload.write_bytes(sent)
    kept.write_text("before")
    with pytest.raises(InputRefused, match=re.escape(told)):
        take(upload, kept)
    assert kept.read_text() == "before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["leads.csv", "upload"]


def test_points_change_alone_and_every_comment_stays(sample_folder: Path, tmp_path: Path):
    for name in ("fields.yaml", "rulebook.yaml"):
        shutil.copy(sample_folder / name, tmp_path / name)
    workspace, before = Workspace(tmp_path), (tmp_path / "rulebook.yaml").read_text("utf-8")
    first, second = workspace.rulebook().criteria[:2]
    give_points(workspace, {first.id: 3.5, second.id: second.points})
    after = (tmp_path / "rulebook.yaml").read_text("utf-8")
    changed = [
        (a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b
    ]
    assert [b.strip() for _, b in changed] == ["points: 3.5"]
    assert workspace.rulebook().criteria[0].points == 3.5


def test_a_draft_that_somebody_rewrote_is_left_to_them(sample_folder: Path, tmp_path: Path):
    shutil.copy(sample_folder / "fields.yaml", tmp_path / "fields.yaml")
    text = (sample_folder / "rulebook.yaml").read_text("utf-8")
    workspace = Workspace(tmp_path)
    (tmp_path / "rulebook.yaml").write_text(re.sub(r"(?m)^  - id: (\w+)", r"  - id:  \1", text))
    with pytest.raises(DocumentRefused, match="Edit it by hand"):
        give_points(workspace, {workspace.rulebook().criteria[0].id: 1.0})


@pytest.mark.parametrize(
    ("typed", "is_wrong"),
    [("12", False), ("\N{MINUS SIGN}5.5", False), ("many", True), ("nan", True), ("101", True)],
)
def test_points_are_numbers_of_the_scale(typed: str, is_wrong: bool):
    assert bool(wrong_points(typed)) is is_wrong


@pytest.fixture
def beginning(tmp_path: Path) -> Iterator[Beginning]:
    workspace, now = Workspace(tmp_path / "acme"), np.datetime64("2026-09-01", "us")
    workspace.folder.mkdir()
    database = Database(f"sqlite:///{tmp_path}/store.db")
    found = Beginning(workspace, database, lambda: now)
    found.claim()
    yield found
    database.close()


def test_a_simulated_company_is_nobodys_upload_and_goes_when_another_start_is_chosen(
    beginning: Beginning, sample_folder: Path
):
    folder = beginning.workspace.folder
    for name in ("leads.csv", "outcomes.csv", "activities.parquet", "fields.yaml", "rulebook.yaml"):
        shutil.copy(sample_folder / name, folder / name)
    beginning.choose({"sample": "yes"})
    assert beginning.step() == "rulebook"
    assert not beginning.has("leads")
    beginning.leave_drafts()
    assert beginning.step() == "leads"
    assert [p.name for p in folder.iterdir()] == [".leadpact"]


def test_what_was_uploaded_stays_when_another_start_is_chosen(beginning: Beginning):
    beginning.file("leads").write_text("id,won\n1,0\n")
    beginning.choose({"empty": "yes"})
    beginning.leave_drafts()
    assert beginning.has("leads")
    assert not beginning.is_empty
    assert beginning.step() == "columns"
