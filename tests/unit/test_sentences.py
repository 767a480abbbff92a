"""Rules in English: how they read, what else is understood, and what an error says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from features.errors import SentenceRefused
from features.rulebook.conditions import Condition
from features.rulebook.criteria import Criterion
from features.rulebook.reading import read_rule, read_sentence
from features.rulebook.sentences import rule_sentence, sentence

GOLDEN = {
    "employees is 200 to 999": "{field: employees, between: [200, 999]}",
    "job title seniority is one of chief, director": (
        "{field: job_title_seniority, in: [chief, director]}"
    ),
    "phone given is yes and email kind is free": (
        "{all: [{field: phone_given, is: true}, {field: email_kind, is: free}]}"
    ),
    "(a is 1 or b is at least -0.5) and not (c is missing)": (
        "{all: [{any: [{field: a, is: 1}, {field: b, at_least: -0.5}]},"
        " {not: {field: c, missing: true}}]}"
    ),
    'wants contains "cloud"': "{field: wants, contains: cloud}",
    'source is "Trade and Fair"': "{field: source, is: Trade and Fair}",
    'source is "7"': '{field: source, is: "7"}',
    "source is Lead Add Form": "{field: source, is: Lead Add Form}",
    '"recommended_and_is_told" is no': "{field: recommended_and_is_told, is: false}",
    "created at hour is below 9": "{field: created_at_hour, below: 9}",
    "webinar attended within 90 days": "{activity: {kind: webinar_attended}, within_days: 90}",
    "at least 3 times visit through one of web, app from marketing within 7 days": (
        "{activity: {kind: visit, channel: [web, app], team: marketing}, within_days: 7,"
        " at_least: 3}"
    ),
    "at least 3 people with any activity at the account within 30 days": (
        "{activity: {any: true}, by: account, counting: people, within_days: 30, at_least: 3}"
    ),
    "at least 500.5 in value with order": (
        "{activity: {kind: order}, counting: value, at_least: 500.5}"
    ),
    "any activity from sales among colleagues": "{activity: {team: sales}, by: colleagues}",
    "the first activity is any activity through fair": "{first: {channel: fair}}",
    "the last activity at the account is call within 14 days": (
        "{last: {kind: call}, by: account, within_days: 14}"
    ),
    "all of (a is missing)": "{all: [{field: a, missing: true}]}",
}


def tree(text: str) -> Condition:
    """The condition of a YAML text."""
    told = {"id": "x", "says": "X", "group": "g", "points": 1, "when": yaml.safe_load(text)}
    return Criterion.model_validate(told).when


@pytest.mark.parametrize("told", GOLDEN)
def test_a_condition_reads_as_people_say_it_and_back(told: str):
    assert sentence(tree(GOLDEN[told])) == told
    assert read_sentence(told) == tree(GOLDEN[told])


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        (
            "pricing page within 30 days: +4 points each time, at most 12, half after 14 days",
            {"points": 4, "count": "repeat", "cap": 12, "decay": {"half_life_days": 14}},
        ),
        ("pricing page: -2.5 points", {"points": -2.5}),
        (
            "pricing page: +8 points, gone after 60 days, until 2026-12-31",
            {"points": 8, "decay": {"gone_after_days": 60}, "valid_until": date(2026, 12, 31)},
        ),
    ],
)
def test_a_whole_rule_reads_with_its_points_and_back(told: str, rule: dict[str, Any]):
    found = read_rule(told)
    assert found.terms == rule
    made = Criterion(id="x", says="X", group="g", when=found.when, **found.terms)
    assert rule_sentence(made) == told


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Employees  IS   200 TO 999", "Employees is 200 to 999"),
        ("(employees is above 5)", "employees is above 5"),
        ("not phone is yes", "not (phone is yes)"),
        ("at least 1 time call within 1 day", "call within 1 days"),
        ('"employees" is 5.0', "employees is 5"),
        ("employees is at least \N{MINUS SIGN}3", "employees is at least -3"),
        ("call: 4 points, at most 8", "call"),
    ],
)
def test_what_people_type_is_understood(typed: str, meant: str):
    assert sentence(read_rule(typed).when) == meant


@pytest.mark.parametrize(
    ("typed", "place", "says"),
    [
        ("employees is over 5 and", 23, "found the end, expected a fact, an activity, not or ("),
        ("employees is 5 people", 15, "found 'people', expected and, or or the end"),
        ("a is 1 and b is 2 or c is 3", 18, "expected and, or parentheses around what belongs"),
        ("(a is 1", 7, "found the end, expected and, or or )"),
        ('wants contains "cloud', 15, 'a quoted text that does not end, expected a closing "'),
        ("wants contains cloud", 15, "expected a text in double quotes"),
        ("industry is not retail", 12, "to deny a whole test, write not (...)"),
        ("call within soon", 12, "found 'soon', expected a number"),
        ("at least two times call", 9, "found 'two', expected a number"),
        ("at least 2 calls", 11, "expected times, in value with, channels with"),
        ("at least 1.5 times call", 0, "is no count"),
        ("the call", 4, "expected first or last"),
        ("call: plenty", 6, "expected a number"),
        ("call: +4", 8, "expected points"),
        ("call: +4 points, until spring", 23, "expected a day such as 2026-12-31"),
        ("call: +4 points, forever", 17, "expected at most, half after, gone after or until"),
        ("employees is 9 to 5", 0, "holds no number"),
        ("", 0, "found the end"),
    ],
)
def test_an_error_says_where_what_was_found_and_what_was_expected(
    typed: str, place: int, says: str
):
    with pytest.raises(SentenceRefused) as told:
        read_rule(typed)
    assert says in str(told.value)
    assert told.value.at == place
    *_, line, mark = str(told.value).splitlines()
    assert mark.index("^") == place + 2
    assert line == f"  {typed}"


def test_a_fact_that_is_known_is_no_activity_of_that_name():
    assert sentence(read_sentence("employees over 5 up")) == "employees over 5 up"
    with pytest.raises(SentenceRefused, match="expected is, contains or double quotes") as told:
        read_sentence("employees over 5 up", {"employees"})
    assert told.value.at == 10
