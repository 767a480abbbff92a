"""What the rule language can say, by hand: account activity, counts, sums, routes, the grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.errors import DocumentRefused
from features.rulebook.cases import run_cases
from features.rulebook.conditions import Fact
from features.rulebook.document import Rulebook, parse_rulebook, read_rulebook
from features.rulebook.points import award, disqualified, holds
from features.snapshot import take_snapshot
from tests.support import build

DID = build.activities(
    ("a", "acme", -40, -40, "web", "visit", "marketing"),
    ("a", "acme", -3, -3, "email", "open", "marketing"),
    ("a", "acme", -3.5, -3.5, "email", "open", "marketing"),
    ("b", "acme", -2, -2, "phone", "call", "sales"),
    ("c", "acme", -1, -1, "web", "Visit", "marketing"),
    ("d", "other", -1, -1, "web", "visit", "marketing"),
)


def holding(when: str) -> list[str]:
    """Of the leads a, b, c, d those for whom a condition holds."""
    book = edition(when=when)
    facts = facts_of_four()
    flags = holds(book.criteria[0].when, facts)
    return [name for name, flag in zip("abcd", flags, strict=True) if flag]


def facts_of_four() -> Any:
    from features.catalogue import Catalogue, Vocabulary
    from features.columns import from_records
    from features.facts import facts_of

    fields = build.fields()
    accounts = {"a": "acme", "b": "acme", "c": "acme", "d": None}
    records = [{"lead_id": k, "account_id": v} for k, v in accounts.items()]
    columns = from_records(records, fields).columns
    snapshot = take_snapshot(columns, DID, build.at(0, 0, 0, 0), fields)
    return facts_of(snapshot, Catalogue.of(fields, Vocabulary()).compute(snapshot))


def edition(
    when: str = "{field: phone, is: true}", rule: str = "points: 8", more: str = ""
) -> Rulebook:
    """A small edition of one criterion."""
    return parse_rulebook(source_of(when, rule, more))


def source_of(when: str, rule: str, more: str) -> str:
    """Its YAML."""
    return f"""
edition: by hand
hand_over_from: 50
grades: {{A: 0}}
groups: {{f: {{label: F, dimension: fit}}, e: {{label: E, dimension: engagement}}}}
criteria: [{{id: one, says: One, group: f, when: {when}, {rule}}}]
{more}
"""


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("{activity: {any: true}}", "abcd"),
        ("{activity: {any: true}, within_days: 2.5}", "bcd"),
        ("{activity: {kind: [open, CALL]}}", "ab"),
        ("{activity: {channel: [web, phone], team: marketing}}", "acd"),
        ("{activity: {kind: visit}, by: colleagues}", "abc"),
        ("{activity: {kind: call}, by: colleagues}", "ac"),
        ("{activity: {kind: call}, by: account}", "abc"),
        ("{activity: {any: true}, by: account, counting: people, at_least: 3}", "abc"),
        ("{activity: {any: true}, by: colleagues, counting: people, at_least: 3}", ""),
        ("{activity: {any: true}, counting: channels, at_least: 2}", "a"),
        ("{activity: {any: true}, counting: kinds, at_least: 2, within_days: 30}", ""),
        ("{activity: {any: true}, counting: days, at_least: 2}", "a"),
        ("{activity: {kind: open}, counting: days, at_least: 2}", ""),
        ("{activity: {kind: visit}, by: account, counting: kinds, at_least: 2}", ""),
        ("{first: {channel: web}}", "acd"),
        ("{first: {channel: web}, within_days: 30}", "cd"),
        ("{last: {channel: web}}", "cd"),
        ("{last: {kind: visit}, by: account}", "abcd"),
        ("{last: {kind: call}, by: colleagues}", "c"),
        ("{first: {kind: visit}, by: colleagues}", "bc"),
        ("{not: {activity: {any: true}, within_days: 2.5}}", "a"),
    ],
)
def test_activity_tests_by_hand(when: str, who: str):
    assert "".join(holding(when)) == who


def case(lead: str, expect: str, more: str = "", acts: str = "[]", **how: str) -> tuple[bool, str]:
    """Whether one test case holds, and why not."""
    told = f"tests: [{{says: x, {more}lead: {lead}, activities: {acts}, expect: {expect}}}]"
    extra = how.pop("extra", "")
    (verdict,) = run_cases(edition(more=f"{told}\n{extra}", **how), build.fields())
    return verdict.holds, verdict.why


def test_a_sum_of_values_counts_what_was_given():
    order = "{activity: {kind: order}, counting: value, at_least: 120.5}"
    acts = "[{kind: order, value: 100, days_ago: 2}, {kind: order, value: 20.5, days_ago: 1}]"
    assert case("{}", "{points: 8}", acts=acts, when=order) == (True, "")
    less = acts.replace("20.5", "20.4")
    assert case("{}", "{points: 0}", acts=less, when=order) == (True, "")
    assert case("{}", "{points: 0}", acts="[{kind: order, days_ago: 1}]", when=order)[0]


def test_a_criterion_ends_with_its_last_day():
    rule = "points: 8, valid_until: 2026-03-31"
    for day, points in (("2026-03-31", 8), ("2026-04-01", 0)):
        held = case("{phone: true}", f"{{points: {points}}}", f"as_of: {day}, ", rule=rule)
        assert held == (True, "")


def test_the_total_has_bounds_of_its_own():
    book = edition(rule="points: 80", more="base_points: 10\ntotal: {at_most: 70, at_least: 20}")
    facts = facts_of_four()
    facts.columns["phone"][:2] = 1.0
    found = award(book, facts)
    assert found.total.tolist() == [70, 70, 20, 20]
    assert found.caps[:, -1].tolist() == [-20, -20, 10, 10]


ROUTES = """
disqualifiers:
 - {id: student, says: Student, when: {field: title_seniority, is: student}, route: nurture}
 - {id: free, says: Free mailbox, owner: sales, when: {field: email_kind, is: free}, route: reject}
"""


def test_a_disqualified_lead_keeps_its_points_and_goes_another_way():
    told = {"rule": "points: 90", "extra": ROUTES}
    both = "{title: Student, email: a@gmail.com, phone: true}"
    assert case(both, "{points: 90, handed_over: false, route: nurture}", **told) == (True, "")
    free = "{email: a@gmail.com, phone: true}"
    assert case(free, "{points: 90, handed_over: false, route: reject}", **told) == (True, "")
    assert case("{phone: true}", "{handed_over: true}", **told) == (True, "")
    held, why = case(free, "{handed_over: true, route: nurture}", **told)
    assert not held
    assert why == (
        "is not handed over at 50, its route is reject; expected the route nurture, it goes reject"
    )
    places = disqualified(edition(more=ROUTES), facts_of_four())
    assert places.tolist() == [-1, -1, -1, -1]


GRID = "grid: {fit: {A: 20, B: 8, C: 0.5}, engagement: {1: 10, 2: 4, 3: 0}}"


def test_the_grid_tells_fit_and_engagement_apart():
    assert case("{phone: true}", "{grid: B3}", extra=GRID) == (True, "")
    assert case("{}", "{grid: D3}", extra=GRID) == (True, "")
    assert (
        case("{}", "{grid: A1}", extra=GRID)[1] == "expected A1 on the grid, the rulebook gives D3"
    )
    grid = edition(more=GRID).grid
    assert grid is not None
    told = [grid.cell(f, e) for f, e in ((20, 10), (19.9999999999, 9.9), (8, 4), (-9, -0.1))]
    assert told == ["A1", "A2", "B2", "D4"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("{field: phone, is: true}", "{fact: phone, is: true}"),
            "one of the keys field, activity",
        ),
        (("{field: phone, is: true}", "{field: phone, in: []}"), "at least 1 item"),
        (("{field: phone, is: true}", "{field: phone, above: .inf}"), "is no finite number"),
        (("{field: phone, is: true}", "{activity: {any: true, kind: x}}"), "goes without channel"),
        (("{field: phone, is: true}", "{activity: {kind: x}, at_least: 1.5}"), "is no count"),
        (("{field: phone, is: true}", "{activity: {kind: x}, by: boss}"), "'colleagues'"),
        (("points: 8", "points: 8, valid_until: soon"), "valid_until"),
        (
            ("grades:", "grid: {fit: {A: 1, B: 2, C: 0}, engagement: {1: 3, 2: 2, 3: 1}}\ngrades:"),
            "A, B, C",
        ),
        (
            ("grades:", "grid: {fit: {A: 3, B: 2, C: 1}, engagement: {1: 3, 2: 2}}\ngrades:"),
            "1, 2, 3",
        ),
        (("{label: F, dimension: fit}", "{label: F}"), "no group has dimension: fit"),
        (("route: reject}", "route: No!}"), "write lower-case"),
        (("id: free", "id: student"), "disqualifier id given twice: student"),
        (("id: free", "id: one"), "disqualifier id given twice: one"),
    ],
)
def test_what_the_language_cannot_say_is_refused_in_words(change: tuple[str, str], says: str):
    more = GRID if "dimension" in change[0] else ROUTES if change[0] in ROUTES else ""
    source = source_of("{field: phone, is: true}", "points: 8", more)
    assert source.count(change[0]) == 1
    with pytest.raises(DocumentRefused) as told:
        parse_rulebook(source.replace(*change))
    assert says in str(told.value)


def test_counting_anything_else_neither_repeats_nor_fades():
    when = "{activity: {any: true}, counting: days, at_least: 2}"
    with pytest.raises(DocumentRefused, match="single activity test"):
        edition(when=when, rule="points: 8, count: repeat")


def test_what_an_edition_does_not_use_changes_no_hash():
    plain = edition()
    assert "disqualifiers" not in plain.canonical()
    assert "valid_until" not in plain.canonical()
    for more in (ROUTES, GRID, "total: {at_most: 90}"):
        assert edition(more=more).fingerprint() != plain.fingerprint()


SIGNED = {
    "x_education": "84cd2c809bdca08a8fe9be2f7f1844b2de02740168ca1a905fd53bf5a517c13c",
    "bank_marketing": "8954b2ac2599f39e5352aa6fbe228afd80fb0d30c3e4072017d00715078600e9",
    "ficzon": "93f297b4409d6e40f5596bdac274fc9a012fe29c1ecae2bd10f3e15fedac3b0e",
}


@pytest.mark.parametrize("name", SIGNED)
def test_editions_signed_before_keep_their_hash(name: str):
    book = read_rulebook(Path(__file__).parents[1] / "real" / name / "rulebook.yaml")
    assert book.fingerprint() == SIGNED[name]


def test_a_number_in_a_condition_is_one_number_however_it_is_written():
    one = edition(when="{activity: {kind: x}, at_least: 2}")
    other = edition(when="{activity: {kind: x}, at_least: 2.0}")
    assert one.canonical() == other.canonical()
    assert Fact.model_validate({"field": "x", "is": 3}).numbers == (3.0,)
