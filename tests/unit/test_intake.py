"""From files to a history: what is set aside and why, what is refused, what is looked at when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.columns import created, lead_ids
from features.errors import DocumentRefused, InputRefused
from features.fields import Fields
from models.workspace import Workspace
from tests.support.build import FIELDS, RULEBOOK, fields, rulebook
from training.dataset import Dataset, load_dataset, snapshots
from training.intake import Files, files_of, take, write_quarantine

HEAD = "Lead ID,Created,Size,Phone,Won\n"
GOOD = "".join(
    f"L{i},2026-01-{i + 1:02d},{i + 5},yes,{'yes' if i % 3 else 'no'}\n" for i in range(9)
)


def leads_file(folder: Path, text: str) -> Files:
    (folder / "leads.csv").write_text(text, encoding="utf-8")
    return Files(folder / "leads.csv")


def test_every_bad_row_is_named_once_by_row_field_and_reason(tmp_path: Path):
    bad = (
        "L1,2026-01-01,5,yes,yes\n"  # a duplicate of row 2
        ",2026-01-01,5,yes,yes\n"
        "L20,,5,yes,yes\n"
        "L21,2026-01-01,-3,yes,yes\n"
        "L22,someday,many,perhaps,yes\n"
        "L23,2026-01-01,,,\n"
    )
    taken = take(leads_file(tmp_path, HEAD + GOOD + bad), fields())
    told = sorted((r.row, r.field) for r in taken.rejected)
    assert told == [
        (10, "lead_id"),
        (11, "lead_id"),
        (12, "created_at"),
        (13, "employees"),
        (14, "created_at"),
        (14, "employees"),
        (14, "phone"),
    ]
    assert taken.rows == 15
    assert lead_ids(taken.columns, fields()).tolist() == [*(f"L{i}" for i in range(9)), "L23"]
    duplicate = next(r for r in taken.rejected if r.row == 10)
    assert "stands in row 2" in duplicate.reason
    assert all(r.file == "leads.csv" and r.reason for r in taken.rejected)


def test_a_duplicate_of_a_bad_row_is_used(tmp_path: Path):
    text = HEAD + "L1,2026-01-01,-1,yes,yes\nL1,2026-01-02,5,yes,yes\n"
    taken = take(leads_file(tmp_path, text), fields())
    assert created(taken.columns, fields()).astype(str).tolist() == ["2026-01-02T00:00:00.000000"]


def test_the_quarantine_is_a_table_no_spreadsheet_runs(tmp_path: Path):
    taken = take(leads_file(tmp_path, HEAD + GOOD + "=x,2026-01-01,5,yes,yes\n" * 2), fields())
    write_quarantine(taken.rejected, tmp_path / "deep" / "quarantine.csv")
    told = pd.read_csv(tmp_path / "deep" / "quarantine.csv")
    assert told.columns.tolist() == ["file", "row", "field", "got", "reason"]
    assert told.row.tolist() == [11]
    assert told.got.tolist() == ["'=x"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD, "has no rows"),
        (HEAD.replace(",Won", ",Lost") + GOOD, "no column 'Won', which tells the outcome"),
        ("foo,Won\n1,yes\n", "None of the 1 rows"),
        (HEAD + "L1,2026-01-01,-1,yes,yes\n", "First: row 1, employees"),
    ],
)
def test_a_file_that_cannot_teach_is_refused(tmp_path: Path, text: str, says: str):
    with pytest.raises(InputRefused, match=says):
        take(leads_file(tmp_path, text), fields())


def test_rows_of_activities_and_outcomes_are_set_aside_by_their_own_file(tmp_path: Path):
    (tmp_path / "acts.csv").write_text("lead_id,occurred_at\nL1,2026-01-01\nL1,soon\n")
    (tmp_path / "ends.csv").write_text("lead_id,at,stage\nL1,2026-01-05,won\nL2,2026-01-05,wed\n")
    leads = leads_file(tmp_path, HEAD + GOOD).leads
    taken = take(Files(leads, tmp_path / "acts.csv", tmp_path / "ends.csv"), fields())
    assert [(r.file, r.row, r.field) for r in taken.rejected] == [
        ("acts.csv", 2, "occurred_at"),
        ("ends.csv", 2, "stage"),
    ]
    assert len(taken.activities) == 1
    assert taken.outcomes is not None
    assert taken.outcomes.lead.tolist() == ["L1"]


def workspace(folder: Path, text: str, document: str = FIELDS) -> Workspace:
    leads_file(folder, text)
    (folder / "fields.yaml").write_text(document, encoding="utf-8")
    (folder / "rulebook.yaml").write_text(RULEBOOK, encoding="utf-8")
    return Workspace(folder)


def loaded(folder: Path, text: str, document: str = FIELDS) -> Dataset:
    return load_dataset(workspace(folder, text, document))


def test_a_dataset_is_oldest_first_and_counts_what_does_not_teach(tmp_path: Path):
    dataset = loaded(
        tmp_path, HEAD + "".join(GOOD.splitlines(True)[::-1]) + ("L30,2026-01-03,5,yes,pending\n")
    )
    assert dataset.lead.tolist() == [f"L{i}" for i in range(9)]
    assert dataset.y.tolist() == [0, 1, 1, 0, 1, 1, 0, 1, 1]
    assert dataset.states == {"known": 9, "open": 1}
    assert dataset.order is not None
    assert np.all(np.diff(dataset.order) == 1)
    assert dataset.agreed_points.tolist() == [25.0] * 9
    frame = dataset.frame()
    assert "agreed points" in frame
    assert [c for c in frame if c.startswith("criterion: ")] == [
        f"criterion: {c.id}" for c in rulebook().criteria
    ]


def test_the_fingerprint_follows_the_data(tmp_path: Path):
    one = loaded(tmp_path, HEAD + GOOD).fingerprint()
    assert loaded(tmp_path, HEAD + GOOD).fingerprint() == one
    assert loaded(tmp_path, HEAD + GOOD.replace("L3", "L3x")).fingerprint() != one
    assert loaded(tmp_path, HEAD + GOOD.replace(",5,yes", ",6,yes")).fingerprint() != one


def test_where_nothing_is_known_yet_nobody_teaches(tmp_path: Path):
    dataset = loaded(tmp_path, HEAD + "L1,2026-01-01,5,yes,pending\n")
    assert dataset.n == 0
    assert dataset.states == {"known": 0, "open": 1}


def test_dated_outcomes_need_an_instant_to_look_at_leads_from(tmp_path: Path):
    document = FIELDS.replace("timing: {as_of: created_at}\n", "") + "sources: {outcomes: o.csv}\n"
    (tmp_path / "o.csv").write_text("lead_id,at,stage\nL1,2026-01-05,won\n")
    with pytest.raises(DocumentRefused, match=r"timing\.as_of"):
        loaded(tmp_path, HEAD + GOOD, document)


def test_a_rulebook_that_does_not_fit_the_fields_is_refused(tmp_path: Path):
    place = workspace(tmp_path, HEAD + GOOD)
    wrong = RULEBOOK.replace("field: employees", "field: headcount")
    (tmp_path / "rulebook.yaml").write_text(wrong)
    with pytest.raises(DocumentRefused, match="does not fit the fields"):
        load_dataset(place)


def test_the_order_of_leads_may_be_the_files_or_a_numbers(tmp_path: Path):
    undated = FIELDS.replace("timing: {as_of: created_at}", "timing: {order: file}")
    assert loaded(tmp_path, HEAD + GOOD, undated).lead.tolist() == [f"L{i}" for i in range(9)]
    by_size = FIELDS.replace("timing: {as_of: created_at}", "timing: {order: employees}")
    rows = HEAD + "A,,9,yes,no\nB,,,yes,yes\nC,,7,yes,no\nD,,8,no,yes\n"
    dataset = loaded(tmp_path, rows, by_size)
    assert dataset.lead.tolist() == ["B", "C", "D", "A"]  # without a place it counts as old
    none = FIELDS.replace("timing: {as_of: created_at}\n", "")
    assert loaded(tmp_path, HEAD + GOOD, none).order is None


def test_each_lead_is_looked_at_once_at_an_age_its_id_decides():
    f: Fields = fields(
        FIELDS.replace(
            "{as_of: created_at}", ("{as_of: created_at, snapshot_ages_days: [0, 7, 30]}")
        )
    )
    from features.columns import from_records

    records = [{"lead_id": f"L{i}", "created_at": "2026-01-01"} for i in range(600)]
    columns = from_records(records, f).columns
    ages = (snapshots(columns, f) - created(columns, f)) / np.timedelta64(1, "D")
    assert set(ages) == {0.0, 7.0, 30.0}
    assert all(150 < (ages == age).sum() < 250 for age in (0.0, 7.0, 30.0))
    one = from_records(records[17:18], f).columns
    assert snapshots(one, f)[0] == snapshots(columns, f)[17]


def test_leads_of_one_account_share_a_group_and_others_have_their_own(tmp_path: Path):
    rows = "Lead ID,Created,Size,Account,Won\n" + "".join(
        f"L{i},2026-01-0{i + 1},5,{'acme' if i in (0, 2) else ''},{'yes' if i % 2 else 'no'}\n"
        for i in range(4)
    )
    groups = loaded(tmp_path, rows).groups
    assert groups is not None
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_files_are_named_relative_to_the_workspace(tmp_path: Path):
    f = fields(FIELDS + "sources: {leads: in/l.csv, activities: a.parquet}\n")
    files = files_of(f, tmp_path)
    assert files == Files(tmp_path / "in/l.csv", tmp_path / "a.parquet", None)
