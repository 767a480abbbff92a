"""A rulebook edition as a document: what it refuses, and in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.arrays import texts
from features.errors import DocumentRefused
from features.rulebook.cases import run_cases
from features.rulebook.check import complaints
from features.rulebook.conditions import Fact
from features.rulebook.document import Criterion, read_rulebook
from features.rulebook.points import Facts, holds
from features.rulebook.sentences import sentence
from features.timeline import no_activities, see
from tests.support.build import RULEBOOK, at, fields, rulebook


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('edition: "t1"', 'edition: "t1"\nschema: x/9', "this version reads 'leadpact/rulebook/1'"),
        ("{id: phone,", "{id: mid,", "criterion id given twice: mid"),
        ("group: engagement, when", "group: nowhere, when", "group 'nowhere' not declared"),
        ("C: 20, D: 0}", "C: 20}", "lowest grade must start at 0"),
        ("{id: phone,", "{id: Phone!,", "write lower-case letters"),
        ("hand_over_from: 40", "hand_over: 40", "hand_over_from: Field required"),
        ("decay: {half_life_days: 10}", "decay: {}", "either half_life_days or gone_after_days"),
        ("points: 15}", "points: 15, count: repeat}", "a fact neither repeats nor fades"),
        ("count: repeat,", "cap: 8,", "cap goes with count: repeat"),
        ("{activity: {kind: webinar}", "{activity: {}", "give at least one of channel, kind, team"),
        ("between: [200, 999]", "between: [999, 200]", "holds no number"),
        ("between: [200, 999]", "at_least: 1, at_most: 5", "give exactly one of"),
        ("between: [200, 999]", "missing:", "give exactly one of"),
        ("edition:", "tests: [{says: x, expect: {}}]\nedition:", "a test expects nothing"),
        ("edition:", "tests: [{says: x, expect: {grade: E}}]\nedition:", "grades that are not"),
        ("edition:", "scale: {points_to_double_odds: 0}\nedition:", "greater than 0"),
        ("edition:", "scale: {anchor_likelihood: 1}\nedition:", "less than 1"),
    ],
)
def test_a_contradiction_is_refused_in_plain_words(old: str, new: str, says: str):
    assert RULEBOOK.count(old) == 1
    with pytest.raises(DocumentRefused, match="cannot be used") as told:
        rulebook(RULEBOOK.replace(old, new))
    assert says in str(told.value)


def test_a_rulebook_that_is_not_there_says_how_to_get_one(tmp_path: Path):
    with pytest.raises(DocumentRefused, match="leadpact init"):
        read_rulebook(tmp_path / "rulebook.yaml")


@pytest.mark.parametrize(
    ("score", "grade"), [(0, "D"), (19.99, "D"), (20, "C"), (59.9, "B"), (60, "A"), (100, "A")]
)
def test_the_grade_of_a_score(score: float, grade: str):
    assert rulebook().grade(score) == grade


def test_the_facts_and_the_most_a_criterion_counts():
    book = rulebook()
    assert book.facts() == {"employees", "title_seniority", "email_kind", "phone"}
    most = {c.id: c.most for c in book.criteria}
    assert most == {"mid": 1.0, "student": 1.0, "webinar": float("inf"), "phone": 1.0}
    webinar = next(c for c in book.criteria if c.id == "webinar")
    assert Criterion(**(webinar.model_dump() | {"cap": 20.0})).most == 2.5


def case(lead: str, expect: str, activities: str = "[]") -> tuple[bool, str]:
    """Whether one test case holds, and why not."""
    told = f"tests: [{{says: x, lead: {lead}, activities: {activities}, expect: {expect}}}]\n"
    (verdict,) = run_cases(rulebook(told + RULEBOOK), fields())
    return verdict.holds, verdict.why


def test_cases_hold_or_say_by_how_much_they_miss():
    mid = "{employees: 300, phone: true}"
    assert case(mid, "{points: 37, handed_over: false, grade: C}") == (True, "")
    assert case(mid, "{points: 40}") == (False, "expected 40 points, the rulebook gives 37")
    assert case(mid, "{at_least: 38}")[1] == "expected at least 38 points, the rulebook gives 37"
    assert case(mid, "{at_most: 36}")[1] == "expected at most 36 points, the rulebook gives 37"
    assert case(mid, "{handed_over: true}")[1] == "is not handed over at 40"
    assert case(mid, "{grade: A}")[1] == "expected grade A, the rulebook gives C"
    twice = "[{kind: webinar, days_ago: 0}, {kind: Webinar, days_ago: 10}]"
    assert case("{}", "{points: 22}", twice) == (True, "")
    many = "[" + ", ".join(["{kind: webinar, days_ago: 0}"] * 5) + "]"
    assert case(mid, "{points: 42, handed_over: true}", many) == (True, "")  # capped at 20


@pytest.mark.parametrize(
    ("lead", "acts", "says"),
    [
        ("{employees: many}", "[]", "employees: got 'many'"),
        ("{colour: red}", "[]", "colour: no such field"),
        ("{}", "[{kind: 7, days_ago: 1}]", "kind: got 7"),
    ],
)
def test_a_case_that_no_lead_could_be_fails_and_says_why(lead: str, acts: str, says: str):
    held, why = case(lead, "{points: 10}", acts)
    assert not held
    assert says in why


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"is": True}, "phone is yes"),
        ({"is": 1234567.0}, "phone is 1234567"),
        ({"in": ["a", "b"]}, "phone is one of a, b"),
        ({"between": [1, 2]}, "phone is 1 to 2"),
        ({"at_least": 3}, "phone is at least 3"),
        ({"below": 3}, "phone is below 3"),
        ({"contains": "x"}, 'phone contains "x"'),
        ({"missing": True}, "phone is missing"),
        ({"missing": False}, "phone is not missing"),
    ],
)
def test_tests_in_words(test: dict[str, object], words: str):
    assert sentence(Fact.model_validate({"field": "phone", **test})) == words


def test_a_rule_in_words():
    told = [sentence(c.when) for c in rulebook().criteria]
    assert told == [
        "employees is 200 to 999",
        "title seniority is student and email kind is free",
        "webinar within 90 days",
        "phone is yes",
    ]


def test_a_level_that_is_a_long_number_is_found():
    seen = see(texts(["a", "b"]), texts([None, None]), at(0, 0), no_activities())
    facts = Facts(2, {"product": texts(["1234567", "1234568"])}, seen.own)
    wanted = Fact.model_validate({"field": "product", "is": 1234567})
    assert holds(wanted, facts).tolist() == [True, False]
    assert holds(Fact(field="product", missing=True), facts).tolist() == [False, False]


def test_a_missing_instant_can_be_asked_for_where_it_may_be_looked_at():
    text = RULEBOOK + (
        " - {id: undated, says: No date, group: fit, points: 1,"
        " when: {field: created_at, missing: true}}\n"
    )
    assert complaints(rulebook(text), fields()) == []
    seen = see(texts(["a", "b"]), texts([None, None]), at(0, 0), no_activities())
    column = np.array(["2026-01-01", "NaT"], dtype="datetime64[us]")
    facts = Facts(2, {"created_at": column}, seen.own)
    assert holds(Fact(field="created_at", missing=True), facts).tolist() == [False, True]
    assert holds(Fact(field="created_at", missing=False), facts).tolist() == [True, False]


@pytest.mark.parametrize(
    ("rule", "days", "points"),
    [
        ("points: 8", "[0, 40]", 8),
        ("points: 8, decay: {half_life_days: 10}", "[20, 40]", 2),
        ("points: 8, decay: {gone_after_days: 40}", "[30]", 2),
        ("points: 8, decay: {gone_after_days: 40}", "[50]", 0),
        ("points: 8, count: repeat", "[0, 1, 2]", 24),
        ("points: 8, count: repeat, cap: 20", "[0, 1, 2]", 20),
        ("points: -8, count: repeat, cap: 20", "[0, 1, 2]", -20),
        ("points: 8, count: repeat, decay: {half_life_days: 10}", "[0, 10, 20]", 14),
        ("points: 8, within_days: 30", "[30]", 8),
        ("points: 8, within_days: 30", "[30.001]", 0),
        ("points: 8, at_least: 2", "[1]", 0),
        ("points: 8, at_least: 2", "[1, 2]", 8),
        ("points: 8, count: repeat, at_least: 2", "[1, 2, 3]", 24),
    ],
)
def test_points_of_activities_by_hand(rule: str, days: str, points: float):
    inside = [part for part in ("within_days: 30", "at_least: 2") if part in rule]
    rest = ", ".join(part for part in rule.split(", ") if part not in inside)
    when = ", ".join(["activity: {kind: call}", *inside])
    acts = ", ".join(f"{{kind: call, days_ago: {d}}}" for d in days.strip("[]").split(", "))
    text = f"""
edition: by hand
hand_over_from: 50
grades: {{A: 0}}
groups: {{g: {{label: G}}}}
criteria: [{{id: calls, says: Calls, group: g, when: {{{when}}}, {rest}}}]
tests: [{{says: x, activities: [{acts}], expect: {{at_least: -1000}}}}]
"""
    (verdict,) = run_cases(rulebook(text), fields())
    assert verdict.points == pytest.approx(points)
