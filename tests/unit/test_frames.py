"""The gate for exports: text cells and typed cells mean the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.columns import readable
from features.errors import InputRefused
from features.frames import read_frame
from tests.support.build import fields

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
