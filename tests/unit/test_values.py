"""The gate for JSON: strict types, markers, bounds, and errors that name the field."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.columns import account_ids, created, from_records, lead_ids
from features.errors import Problem
from features.values import parse_instant, parse_value
from tests.support.build import fields

F = fields()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("employees", 12, 12.0),
        ("employees", 12.5, 12.5),
        ("employees", None, None),
        ("industry", "", None),
        ("visits", 999.0, None),
        ("visits", 999, None),
        ("visits", "999", None),
        ("phone", True, 1.0),
        ("phone", False, 0.0),
        ("industry", " Retail ", "Retail"),
        ("industry", "select", None),
        ("industry", "UNKNOWN", None),
    ],
)
def test_what_is_taken(name: str, value: object, expected: object):
    assert parse_value(F[name], value) == expected


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("employees", "12", "A number was expected."),
        ("employees", "", "A number was expected."),
        ("employees", True, "A number was expected."),
        ("employees", 0, "outside its bounds"),
        ("employees", math.nan, "Not a finite number."),
        ("employees", math.inf, "Not a finite number."),
        ("employees", 10**400, "Not a finite number."),
        ("employees", [1], "A number was expected."),
        ("phone", 1, "True or false was expected."),
        ("phone", "yes", "True or false was expected."),
        ("industry", 7, "A text was expected."),
        ("industry", "x" * 10_001, "10,001 characters"),
        ("industry", "\ud800", "lone surrogate"),
        ("created_at", "yesterday", "no date and time"),
        ("created_at", 5, "as text was expected"),
    ],
)
def test_what_is_refused_says_field_value_and_what_is_allowed(name: str, value: object, why: str):
    found = parse_value(F[name], value)
    assert isinstance(found, Problem)
    assert found.field == name
    assert why in found.why
    assert found.allowed
    assert len(found.got) <= 60
    assert name in found.sentence()


def test_instants_are_taken_to_utc_and_naive_ones_are_utc():
    assert parse_instant("2026-01-01T02:00:00+02:00") == np.datetime64("2026-01-01T00:00:00", "us")
    assert parse_instant("2026-01-01") == np.datetime64("2026-01-01", "us")
    assert parse_instant("03-02-2026 10:05", "%d-%m-%Y %H:%M") == np.datetime64(
        "2026-02-03T10:05", "us"
    )


def test_a_batch_keeps_good_rows_and_names_bad_ones():
    taken = from_records(
        [{"employees": 5, "colour": "red"}, {"employees": "many", "phone": 3}, {}], F
    )
    assert taken.columns["employees"].tolist()[0] == 5.0
    assert [(p.row, p.field) for p in taken.problems] == [(1, "employees"), (1, "phone")]
    assert taken.unknown == (("colour",), (), ())


def test_fields_that_no_score_may_see_are_known_but_not_read():
    taken = from_records([{"won": "yes", "tag": "hot"}], F)
    assert taken.unknown == ((),)
    assert "won" not in taken.columns
    assert "tag" not in taken.columns


def test_leads_without_an_id_are_named_by_their_row():
    taken = from_records([{"lead_id": "a", "account_id": "x"}, {}], F)
    assert lead_ids(taken.columns, F).tolist() == ["a", "#1"]
    assert account_ids(taken.columns, F).tolist() == ["x", None]
    assert np.isnat(created(taken.columns, F)).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([f.name for f in F.fields]), JSON))
def test_any_json_is_taken_or_named_and_never_breaks(record: dict[str, object]):
    taken = from_records([record], F)
    for problem in taken.problems:
        json.dumps(problem.sentence())
        assert problem.field in record
    assert taken.columns.n == 1


@pytest.mark.parametrize("marker", ["9999999", "9999999.0", "1e7"])
def test_a_long_marker_is_known_as_a_number(marker: str):
    field = F["visits"].model_copy(update={"missing": (marker,)})
    assert parse_value(field, float(marker)) is None
    assert parse_value(field, float(marker) + 1) == float(marker) + 1
