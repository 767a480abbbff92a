"""How leads are put into groups."""

from __future__ import annotations

import numpy as np

from features.arrays import texts
from features.timeline import see
from tests.support import build
from training.segments import by_field, first_channel, pooled, teams


def _seen():
    did = build.activities(
        ("L1", None, 3, 3, "email", "opened", "marketing"),
        ("L1", None, 1, 1, "web", "visit", "marketing"),
        ("L1", None, 4, 4, "phone", "call", "sales"),
        ("L2", None, 2, 2, "phone", "call", "sales"),
        ("L2", None, 9, 9, "web", "visit", "marketing"),
    )
    leads = texts(["L1", "L2", "L3"])
    return see(leads, texts([None] * 3), build.at(5, 5, 5), did).own


def test_the_first_touch_is_the_oldest_that_could_be_seen() -> None:
    assert first_channel(_seen()).tolist() == ["web", "phone", "none"]


def test_teams_are_those_whose_touches_could_be_seen() -> None:
    assert teams(_seen()).tolist() == ["both teams", "sales only", "nobody"]


def test_numbers_fall_into_quarters_and_missing_ones_are_said_to_be() -> None:
    field = build.fields()["employees"]
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, np.nan])
    told = by_field(field, x).tolist()
    assert told[0] == "up to 2.75"
    assert told[2] == "2.75 to 4.5"
    assert told[7] == "above 6.25"
    assert told[8] == "not given"


def test_a_number_with_one_value_is_one_group() -> None:
    field = build.fields()["employees"]
    assert set(by_field(field, np.full(9, 7.0))) == {"up to 7"}
    assert set(by_field(field, np.full(9, np.nan))) == {"not given"}


def test_rare_values_are_pooled_but_what_is_not_given_stays() -> None:
    values = texts([f"v{k}" for k in range(12) for _ in range(20 - k)] + ["not given"])
    told = pooled(values, most=3)
    assert set(told) == {"v0", "v1", "v2", "other", "not given"}


def test_booleans_are_yes_no_or_not_given() -> None:
    field = build.fields()["phone"]
    assert by_field(field, np.array([1.0, 0.0, np.nan])).tolist() == ["yes", "no", "not given"]
