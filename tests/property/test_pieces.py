"""A condition stands in rows of a form and reads back as the same one, or stays a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.catalogue import Vocabulary
from features.errors import InputRefused
from features.fields import Field, Fields
from features.rulebook.check import unusable
from features.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    Happened,
    Not,
    Which,
    acts,
)
from features.rulebook.reading import read_sentence
from features.rulebook.sentences import sentence
from serving.pages.piece_controls import (
    asks_of,
    row_errors,
    typed_condition,
    when_controls,
)
from serving.pages.piece_steps import rearranged
from serving.pages.pieces import FIRST, HAPPENED, LAST, MOST_ROWS, Pieces, Row
from serving.pages.pieces_read import condition_of
from serving.pages.pieces_written import pieces_of
from tests.support.build import fields as built_fields
from tests.support.strategies import (
    any_conditions,
    ends,
    facts_about,
    happenings,
    some_fields,
)

OWNER = "webinar"


def asks_about(fields: Fields) -> Any:
    return asks_of(fields, Vocabulary(("web", "email"), ("visit", "demo_page")), {})


FIELDS = built_fields()
ASKS = asks_about(FIELDS)


@st.composite
def said_in_rows(draw: st.DrawFn, fields: Fields) -> Condition:
    """Conditions that rows are for: one test or several, side by side, each perhaps denied."""
    one = st.one_of(happenings(), ends(), *(facts_about(f) for f in fields.inputs))
    tests = draw(st.lists(one.filter(_usual), min_size=1, max_size=4))
    parts = tuple(Not(not_=t) if draw(st.booleans()) else t for t in tests)
    if len(parts) == 1:
        return parts[0]
    return AllOf(all=parts) if draw(st.booleans()) else AnyOf(any=parts)


def _usual(leaf: Any) -> bool:
    """Not a list of a single name, which is one name written in an odd way."""
    if isinstance(leaf, Fact):
        return True
    which = acts(leaf)
    return not any(
        isinstance(told, tuple) and len(told) == 1 for told in (which.kind, which.channel)
    )


def sent(condition: Condition, asks: Any) -> dict[str, str]:
    """What a browser sends of a page on which the condition was opened: what its controls show."""
    opened, wrong = rearranged({}, f"rows {OWNER}", {OWNER: condition}, asks)
    assert wrong == {}
    shown = when_controls(opened, OWNER, asks, {})
    assert shown is not None
    assert shown.rows is not None
    told = {f"rows-{OWNER}": str(len(shown.rows)), f"joint-{OWNER}": shown.joint}
    for i, found in enumerate(shown.rows):
        told |= {f"{key}-{i}-{OWNER}": text for key, text in vars(found.row).items() if text}
    return told


@given(st.data())
def test_what_rows_can_say_reads_back_from_the_form_as_the_same_condition(data: st.DataObject):
    fields = data.draw(some_fields())
    asks, condition = asks_about(fields), data.draw(said_in_rows(fields))
    assume(not unusable("It", condition, fields))
    taken = typed_condition(sent(condition, asks), OWNER, asks)
    assert taken.problems == {}
    assert repr(taken.when) == repr(condition)


@given(any_conditions())
def test_any_condition_has_rows_that_say_the_same_or_none(condition: Condition):
    fields = Fields(
        lead="lead_id",
        fields=(
            Field(name="lead_id", column="Lead", type="id", role="id"),
            Field(name="employees", column="Employees", type="number", role="attribute"),
            Field(name="job_title", column="Title", type="text", role="attribute"),
        ),
    )
    asks = asks_about(fields)
    pieces = pieces_of(condition, asks)
    if pieces is not None:
        assert repr(condition_of(pieces, asks).when) == repr(condition)
        assert all(
            c.isprintable() or ord(c) > 31 for r in pieces.rows for c in "".join(vars(r).values())
        )
    opened, wrong = rearranged({}, f"rows {OWNER}", {OWNER: condition}, asks)
    assert (f"when-{OWNER}" in opened) == (pieces is None)
    assert ("it is written as a sentence" in "".join(wrong.values())) == (pieces is None)
    if pieces is None:
        assert read_sentence(opened[f"when-{OWNER}"]) == condition


@given(any_conditions())
def test_rows_to_sentence_to_rows_loses_nothing(condition: Condition):
    asks = asks_about(FIELDS)
    opened, _ = rearranged({}, f"rows {OWNER}", {OWNER: condition}, asks)
    told, wrong = rearranged(opened, f"sentence {OWNER}", {OWNER: condition}, asks)
    assert wrong == {}
    assert read_sentence(told[f"when-{OWNER}"]) == condition
    assert rearranged(told, f"rows {OWNER}", {OWNER: condition}, asks)[0] == opened


@pytest.mark.parametrize(
    ("row", "control", "why"),
    [
        (Row("employees", test="at_least", value="many"), "value", "A number was expected"),
        (Row("employees", test="at_least", value="1,000"), "value", "two ways"),
        (Row("employees", test="at_least", value="-5"), "value", "lies between"),
        (Row("employees", test="between", value="9", to="3"), "to", "lies no number"),
        (Row("employees", test="between", value="9"), "to", "A number was expected"),
        (Row("employees", test="contains", value="9"), "test", "Say how employees is compared"),
        (Row("industry", test="at_least", value="9"), "test", "Say how industry is compared"),
        (Row("industry", test="is"), "value", "A value is missing"),
        (Row("industry", test="in", value=" , "), "value", "A value is missing"),
        (Row("industry", test="in", value='"a'), "value", "double quote"),
        (Row("lead_id", test="is", value="x"), "test", "nothing that a score may look at"),
        (Row("</option>", test="is", value="x"), "test", "nothing that a score may look at"),
        (Row(HAPPENED, kind="visit", within="0"), "within", "more than 0"),
        (Row(HAPPENED, kind="visit", least="1.5"), "least", "write a whole number"),
        (Row(HAPPENED, kind="visit", least="0"), "least", "greater than 0"),
        (Row(HAPPENED, kind="visit", counting="cats"), "counting", "Input should be"),
        (Row(LAST, team="both"), "team", "Input should be"),
        (Row(FIRST, by="nobody"), "by", "Input should be"),
    ],
)
def test_what_is_wrong_is_told_beside_its_control(row: Row, control: str, why: str):
    taken = condition_of(Pieces((Row(HAPPENED, kind="visit"), row)), ASKS)
    assert taken.when is None
    assert list(taken.problems) == [(1, control)]
    assert why in taken.problems[1, control]
    assert list(row_errors(OWNER, taken)) == [f"{control}-1-{OWNER}"]


def test_a_kind_may_be_written_with_spaces_where_only_the_other_is_known():
    taken = condition_of(Pieces((Row(HAPPENED, kind="demo page, never seen"),)), ASKS)
    assert taken.when == Happened(activity=Which(kind=("demo_page", "never seen")))


def test_rows_are_added_and_taken_out_and_the_rest_stays():
    stored = {OWNER: read_sentence("industry is logistics")}
    told, _ = rearranged({"points-webinar": "7"}, f"rows {OWNER}", stored, ASKS)
    told, _ = rearranged(told | {f"about-{OWNER}": "employees"}, f"more {OWNER}", stored, ASKS)
    told |= {f"test-1-{OWNER}": "above", f"value-1-{OWNER}": "99", f"joint-{OWNER}": "any"}
    taken = typed_condition(told, OWNER, ASKS)
    assert sentence(taken.when) == "industry is logistics or employees is above 99"
    told, _ = rearranged(told, f"less {OWNER} 0", stored, ASKS)
    assert sentence(typed_condition(told, OWNER, ASKS).when) == "employees is above 99"
    told, _ = rearranged(told, f"less {OWNER} 0", stored, ASKS)
    assert "add a condition" in "".join(typed_condition(told, OWNER, ASKS).problems.values())
    assert told["points-webinar"] == "7"


@pytest.mark.parametrize("step", ["rows other", "more webinar", f"less {OWNER} 9", f"less {OWNER}"])
def test_a_step_that_no_button_asks_for_is_refused(step: str):
    stored = {OWNER: read_sentence("industry is logistics")}
    told = {} if step == "more webinar" else rearranged({}, f"rows {OWNER}", stored, ASKS)[0]
    with pytest.raises(InputRefused):
        rearranged(told, step, stored, ASKS)


def test_rows_end_somewhere():
    stored = {OWNER: read_sentence("industry is logistics")}
    told = {f"rows-{OWNER}": str(MOST_ROWS), f"about-{OWNER}": "employees"}
    with pytest.raises(InputRefused, match="12 rows at most"):
        rearranged(told, f"more {OWNER}", stored, ASKS)
    with pytest.raises(InputRefused, match="0 to 12 rows"):
        typed_condition({f"rows-{OWNER}": "9" * 400}, OWNER, ASKS)
