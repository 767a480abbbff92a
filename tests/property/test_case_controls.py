"""A test case stands in controls of a form and reads back as the same one, or stays YAML."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputRefused
from features.rulebook.cases import run_cases
from features.rulebook.document import Case
from serving.pages.case_controls import (
    NEW,
    case_controls,
    edited_cases,
    rearranged_cases,
    stored_cases,
)
from serving.pages.case_texts import MOST_ROWS, case_of, texts_of
from tests.support.build import fields, rulebook
from tests.support.strategies import LABELS

FIELDS, BOOK = fields(), rulebook()
NUMBERS = st.integers(-20, 700) | st.floats(-1e3, 1e3)


def some(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=parts)


LEADS = some(
    employees=NUMBERS,
    industry=LABELS,
    title=LABELS,
    phone=st.booleans(),
    created_at=st.just("2026-01-05T10:00:00Z"),
)
ACTS = some(
    kind=LABELS,
    channel=LABELS,
    team=st.sampled_from(["marketing", "sales"]),
    days_ago=st.integers(0, 90) | st.floats(0, 90),
    value=NUMBERS,
)
EXPECTED = some(
    points=NUMBERS,
    at_least=NUMBERS,
    at_most=NUMBERS,
    handed_over=st.booleans(),
    grade=st.sampled_from("ABCD"),
    route=st.just("nurture"),
).filter(bool)


@st.composite
def told_cases(draw: st.DrawFn) -> dict[str, Any]:
    """Cases as a rulebook's text tells them."""
    case = Case(
        says=draw(LABELS),
        as_of=draw(st.none() | st.dates()),
        lead=draw(LEADS),
        activities=tuple(draw(st.lists(ACTS, max_size=3))),
        expect=draw(EXPECTED),
    )
    [told] = stored_cases(BOOK.model_copy(update={"tests": (case,)}))
    return told


@given(told_cases())
def test_a_case_reads_back_from_its_controls_as_the_same_one(case: dict[str, Any]):
    texts = texts_of(case, FIELDS)
    assert texts is not None
    assert case_of({key: text for key, text in texts.items() if text}, FIELDS) == (case, {})


@given(told_cases(), st.lists(told_cases(), max_size=2))
def test_a_case_that_is_opened_and_saved_changes_nothing(
    case: dict[str, Any], others: list[dict[str, Any]]
):
    stored = [case, *others]
    typed = rearranged_cases({}, "case 0", stored, FIELDS)
    assert edited_cases(stored, typed, FIELDS) == (stored, {})


@pytest.mark.parametrize(
    "odd",
    [
        {"lead": {"nobody": 1}},
        {"lead": {"phone": 1}},
        {"lead": {"industry": 7}},
        {"lead": {"industry": "a\nb"}},
        {"activities": [{"kind": "visit", "lead_id": "l1"}]},
        {"activities": [{"kind": "visit"}] * (MOST_ROWS + 1)},
    ],
)
def test_a_case_that_controls_cannot_hold_is_left_as_it_is(odd: dict[str, Any]):
    case = {"says": "odd", "expect": {"points": 1}} | odd
    assert texts_of(case, FIELDS) is None
    with pytest.raises(InputRefused, match="Show as YAML"):
        rearranged_cases({}, "case 0", [case], FIELDS)


def test_a_case_is_added_changed_and_taken_out():
    typed = rearranged_cases({}, f"case {NEW}", [], FIELDS)
    typed = rearranged_cases(typed, f"case-more {NEW}", [], FIELDS)
    typed = rearranged_cases(typed, f"case-more {NEW}", [], FIELDS)
    typed |= {"kind_0-case-new": "visit", "kind_1-case-new": "webinar", "days_ago_1-case-new": "0"}
    typed = rearranged_cases(typed, f"case-less {NEW} 0", [], FIELDS)
    typed |= {"lead_employees-case-new": "640", "says-case-new": "A firm of 640 at a webinar"}
    typed |= {"expect_points-case-new": "30", "expect_handed_over-case-new": "no"}
    [made], errors = edited_cases([], typed, FIELDS)
    assert errors == {}
    assert made["activities"] == [{"kind": "webinar", "days_ago": 0}]
    assert made["expect"] == {"points": 30, "handed_over": False}
    [verdict] = run_cases(BOOK.model_copy(update={"tests": (Case(**made),)}), FIELDS)
    assert verdict.holds
    [shown] = case_controls([made], BOOK, {}, {}, FIELDS)
    assert shown.verdict == "holds"
    assert edited_cases([made], {"drop-case-0": "1"}, FIELDS) == ([], {})


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("says", "", "Say in words"),
        ("expect_points", "", "at least one thing"),
        ("expect_points", "many", "A number was expected"),
        ("expect_handed_over", "perhaps", "valid boolean"),
        ("lead_employees", "1,000", "two ways"),
        ("as_of", "yesterday", "valid date"),
    ],
)
def test_what_is_wrong_with_a_case_is_told_beside_its_control(name: str, text: str, why: str):
    stored = [{"says": "one", "expect": {"points": 10}}]
    typed = rearranged_cases({}, "case 0", stored, FIELDS) | {f"{name}-case-0": text}
    kept, errors = edited_cases(stored, typed, FIELDS)
    assert kept == stored
    assert list(errors) == [f"{name}-case-0"]
    assert why in errors[f"{name}-case-0"]
    [shown] = case_controls(stored, BOOK, typed, errors, FIELDS)
    assert shown.errors == {name: errors[f"{name}-case-0"]}


@pytest.mark.parametrize("step", ["case 1", "case-more 0", "case-less 0 1", "case x"])
def test_a_step_that_no_button_asks_for_is_refused(step: str):
    with pytest.raises(InputRefused):
        rearranged_cases({}, step, [{"says": "one", "expect": {"points": 10}}], FIELDS)
