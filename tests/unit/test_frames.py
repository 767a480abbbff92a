"""The gate for exports: text cells and typed cells mean the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.columns import readable
from features.errors import InputRefused
from features.frames import read_frame
from tests.support.build import FIELDS, fields

F = fields()


def test_text_and_typed_cells_mean_the_same():
    as_text = pd.DataFrame(
        {
            "Lead ID": ["7", "8"],
            "Size": ["250", ""],
            "Phone": ["Yes", "0"],
            "Visits": ["999", "3"],
            "Created": ["2026-01-01T10:00:00Z", "2026-01-02"],
            "Industry": ["Select", "Retail"],
        }
    )
    typed = pd.DataFrame(
        {
            "Lead ID": [7.0, 8.0],
            "Size": [250.0, np.nan],
            "Phone": [True, False],
            "Visits": [999, 3],
            "Created": pd.to_datetime(["2026-01-01T10:00:00Z", "2026-01-02T00:00:00Z"]),
            "Industry": [None, "Retail"],
        }
    )
    a, b = (read_frame(frame, readable(F)) for frame in (as_text, typed))
    assert a.good.all()
    assert b.good.all()
    for name in ("employees", "phone", "visits"):
        np.testing.assert_array_equal(a.columns[name], b.columns[name])
    for name in ("lead_id", "industry", "created_at"):
        assert a.columns[name].tolist() == b.columns[name].tolist()
    assert a.columns["visits"].tolist()[1] == 3.0
    assert np.isnan(a.columns["visits"][0])


def test_bad_cells_are_named_with_their_rows_and_the_rest_goes_on():
    frame = pd.DataFrame({"Size": ["5", "-3", "many", "-3"], "Phone": ["yes", "no", "no", "?"]})
    read = read_frame(frame, readable(F))
    assert sorted((p.row, p.field, p.got) for p in read.problems) == [
        (1, "employees", "'-3'"),
        (2, "employees", "'many'"),
        (3, "employees", "'-3'"),
        (3, "phone", "'?'"),
    ]
    assert read.good.tolist() == [True, False, False, False]


def test_columns_that_are_not_there_stand_as_missing():
    read = read_frame(pd.DataFrame({"Size": ["5"]}), readable(F))
    assert read.columns["industry"].tolist() == [None]
    assert np.isnan(read.columns["visits"][0])


def test_a_file_with_none_of_the_columns_is_refused():
    with pytest.raises(InputRefused, match="Is it the right file"):
        read_frame(pd.DataFrame({"foo": [1]}), readable(F))


def one(column: str, *cells: object, dtype: object = object) -> list[str]:
    """Why cells of one column are refused."""
    read = read_frame(pd.DataFrame({column: pd.Series(list(cells), dtype=dtype)}), readable(F))
    return [p.why for p in read.problems]


def test_nested_cells_are_named_and_do_not_break_the_file():
    assert one("Size", [1, 2], {"a": 1}, 5) == ["A number was expected."] * 2


def test_half_a_character_is_refused_since_nothing_can_store_it():
    told = ["The text holds half a character (a lone surrogate) or a NUL."]
    assert one("Industry", "\ud800x") == told
    assert one("Industry", "x\x00") == told


def test_a_text_too_long_is_refused():
    assert one("Industry", "x" * 10_001, "x" * 10_000) == ["The text has 10,001 characters."]


def test_a_time_that_no_calendar_has_is_named():
    whys = one("Created", "2026-02-30", "9999999999")
    assert whys == ["This is no date and time."] * 2


def test_a_missing_marker_is_known_however_the_number_is_written():
    read = read_frame(pd.DataFrame({"Visits": ["999", "999.0", " 999 ", "9990"]}), readable(F))
    assert np.isnan(read.columns["visits"]).tolist() == [True, True, True, False]


@pytest.mark.parametrize("cell", ["1_000", "nan", "inf", "1e999", "twelve", "1,5"])
def test_what_is_no_number(cell: str):
    assert len(one("Size", cell)) == 1


@pytest.mark.parametrize(
    ("cell", "number"), [("1e3", 1000.0), ("25%", 25.0), ("1\u202f000", 1000.0), (" 7 ", 7.0)]
)
def test_what_is_a_number(cell: str, number: float):
    read = read_frame(pd.DataFrame({"Size": [cell]}), readable(F))
    assert read.columns["employees"].tolist() == [number]


def test_dates_of_another_pattern_are_read_by_the_fields_format():
    text = FIELDS.replace("type: instant, role: id", 'type: instant, format: "%d.%m.%Y", role: id')
    read = read_frame(
        pd.DataFrame({"Created": ["24.12.2025", "2025-12-24"]}), readable(fields(text))
    )
    assert str(read.columns["created_at"][0]) == "2025-12-24T00:00:00.000000"
    assert [p.row for p in read.problems] == [1]
