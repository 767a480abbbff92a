"""Activities at the gate: JSON and files mean the same, and what is wrong is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.activities import from_activity_records
from features.activity_frames import from_activity_frame
from features.errors import InputRefused


def test_records_without_an_id_are_the_leads_own_and_others_its_colleagues():
    found, wrong = from_activity_records(
        [
            {"occurred_at": "2026-01-01T10:00:00Z", "channel": "web", "value": 2},
            {"occurred_at": "2026-01-02", "lead_id": "b", "recorded_at": "2026-01-03"},
        ],
        "a",
        "x",
    )
    assert wrong == []
    assert found.lead.tolist() == ["a", "b"]
    assert found.account.tolist() == ["x", "x"]
    assert found.channel.tolist() == ["web", "other"]
    assert found.team.tolist() == ["marketing", "marketing"]
    assert found.value[0] == 2
    assert np.isnat(found.recorded_at[0])
    assert found.visible_at[1] == np.datetime64("2026-01-03")


@pytest.mark.parametrize(
    ("record", "field", "why"),
    [
        ({}, "occurred_at", "no date and time"),
        ({"occurred_at": "soon"}, "occurred_at", "no date and time"),
        ({"occurred_at": 5}, "occurred_at", "no date and time"),
        ({"occurred_at": "2026-01-01", "recorded_at": "x"}, "recorded_at", "no date and time"),
        ({"occurred_at": "2026-01-01", "value": "2"}, "value", "number was expected"),
        ({"occurred_at": "2026-01-01", "value": True}, "value", "number was expected"),
        ({"occurred_at": "2026-01-01", "value": 10**400}, "value", "number was expected"),
        ({"occurred_at": "2026-01-01", "value": float("inf")}, "value", "number was expected"),
        ({"occurred_at": "2026-01-01", "kind": 7}, "kind", "short text"),
        ({"occurred_at": "2026-01-01", "kind": "\ud800"}, "kind", "short text"),
        ({"occurred_at": "2026-01-01", "channel": "x" * 201}, "channel", "short text"),
        ({"occurred_at": "2026-01-01", "colour": 1}, "'colour'", "No such key"),
    ],
)
def test_a_bad_record_is_left_out_and_named(record: dict[str, Any], field: str, why: str):
    good = {"occurred_at": "2026-01-01"}
    found, wrong = from_activity_records([good, record], "a", None)
    assert len(found) == 1
    assert [(p.field, p.row) for p in wrong] == [(field, 1)]
    assert why in wrong[0].why


def test_labels_of_json_and_of_files_are_trimmed_alike():
    json, _ = from_activity_records(
        [{"occurred_at": "2026-01-01", "channel": " web ", "kind": " "}], "a", None
    )
    file, _ = from_activity_frame(
        pd.DataFrame(
            {"lead_id": ["a"], "occurred_at": ["2026-01-01"], "channel": [" web "], "kind": [" "]}
        )
    )
    assert json.channel.tolist() == file.channel.tolist() == ["web"]
    assert json.kind.tolist() == file.kind.tolist() == ["other"]


def test_a_file_names_rows_without_lead_time_or_number():
    frame = pd.DataFrame(
        {
            "lead_id": ["a", None, "c", "d", "e", " "],
            "occurred_at": ["2026-01-01", "2026-01-01", "", "1st of May", "2026-01-01", None],
            "recorded_at": ["", "", "", "", "later", ""],
            "value": ["1.5", "", "", "", "", "inf"],
        }
    )
    found, wrong = from_activity_frame(frame)
    assert found.lead.tolist() == ["a"]
    assert found.value.tolist() == [1.5]
    assert sorted((p.row, p.field) for p in wrong) == [
        (1, "lead_id"),
        (2, "occurred_at"),
        (3, "occurred_at"),
        (4, "recorded_at"),
        (5, "value"),
    ]


def test_times_of_any_zone_and_type_come_to_utc():
    texts = ["2026-01-01", "2026-01-01T02:00:00+02:00", "2026-01-01 05:00"]
    found, wrong = from_activity_frame(pd.DataFrame({"lead_id": list("abc"), "occurred_at": texts}))
    assert wrong == []
    assert found.occurred_at.astype("datetime64[h]").astype(str).tolist() == [
        "2026-01-01T00",
        "2026-01-01T00",
        "2026-01-01T05",
    ]
    typed = pd.DataFrame(
        {"lead_id": ["a"], "occurred_at": pd.to_datetime(["2026-01-01T02:00:00+02:00"])}
    )
    assert from_activity_frame(typed)[0].occurred_at[0] == np.datetime64("2026-01-01")
    dates = pd.DataFrame({"lead_id": ["a"], "occurred_at": [dt.date(2026, 1, 1)]})
    assert from_activity_frame(dates)[0].occurred_at[0] == np.datetime64("2026-01-01")


@pytest.mark.parametrize("dtype", [None, object])
def test_a_bare_number_is_no_time(dtype: type | None):
    frame = pd.DataFrame({"lead_id": ["a"], "occurred_at": pd.Series([1_767_225_600], dtype=dtype)})
    found, wrong = from_activity_frame(frame)
    assert len(found) == 0
    assert [p.field for p in wrong] == ["occurred_at"]


def test_ids_that_came_as_numbers_are_the_leads_ids():
    frame = pd.DataFrame({"lead_id": [7.0, np.nan, 8.0], "occurred_at": ["2026-01-01"] * 3})
    found, wrong = from_activity_frame(frame)
    assert found.lead.tolist() == ["7", "8"]
    assert [p.row for p in wrong] == [1]


def test_a_file_of_another_kind_is_refused_with_what_it_has():
    with pytest.raises(InputRefused, match="no column lead_id and no occurred_at; it has foo"):
        from_activity_frame(pd.DataFrame({"foo": [1]}))


def test_no_records_are_no_activities():
    found, wrong = from_activity_records([], "a", None)
    assert (len(found), wrong) == (0, [])
