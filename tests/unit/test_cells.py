"""Cells that a spreadsheet would run, and that nobody writes a CSV file without that in mind."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pytest

from features.cells import make_inert
from training.intake import Rejected, write_quarantine
from training.writers import open_writer

ROOT = Path(__file__).parents[2]
PACKAGES = ("features", "models", "training", "serving")
RISKY = [
    "=1+1",
    "+49 1",
    "-2+3",
    "@x",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "＋1",
    "－x",
    "＠x",
    "-",
    "-2\n=1",
]
HARMLESS = [5, -5, -0.5, None, True, "a=b", "", " =1", "-3", "+3.5", "-1e-7", "3"]


@pytest.mark.parametrize("cell", RISKY)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path: Path, cell: str):
    assert make_inert(cell) == "'" + cell
    with open_writer(tmp_path / "o.csv") as out:
        out.write(pd.DataFrame({"id": [cell], "n": [-2]}))
    with (tmp_path / "o.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == ["'" + cell, "-2"]
    write_quarantine((Rejected("f", 1, "x", cell, "why"),), tmp_path / "q.csv")
    with (tmp_path / "q.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1][3] == "'" + cell


@pytest.mark.parametrize("cell", HARMLESS)
def test_numbers_stay_numbers_and_harmless_texts_stay_as_they_are(cell: object):
    assert make_inert(cell) is cell


UPLOADS = {"serving/beginning/first_leads.py"}
"""It hands a person's own upload on to import, which needs it as it is; nobody is given that file.
`serving/beginning/tables.py` does so too, and makes inert what it gives back of it: that is held in
`test_beginning.py`."""


def test_whoever_writes_a_csv_file_makes_its_cells_inert():
    modules = {p: p.read_text() for name in PACKAGES for p in (ROOT / name).rglob("*.py")}
    writes = re.compile(r"\bcsv\.(writer|DictWriter)\b|\.to_csv\(")
    writers = {
        p.relative_to(ROOT).as_posix(): text for p, text in modules.items() if writes.search(text)
    }
    assert set(writers) >= {"training/writers.py", "training/intake.py"}
    missing = {p for p, text in writers.items() if "make_inert" not in text}
    assert missing == UPLOADS
