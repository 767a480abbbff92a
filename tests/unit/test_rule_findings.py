"""What a check says of an edition: golden cases, one sort of finding after the other."""

from __future__ import annotations

from datetime import date

import pytest

from features.fields import Fields
from features.rulebook.conditions import AllOf, AnyOf, Fact
from features.rulebook.document import Rulebook, parse_rulebook
from features.rulebook.finding import Finding
from features.rulebook.findings import findings
from features.rulebook.logic import Logic
from tests.support import build

FIELDS = build.FIELDS.replace(
    "{name: industry, column: Industry, type: category,",
    "{name: industry, column: Industry, type: category, levels: [retail, logistics],",
)


def fields() -> Fields:
    """The fields of every type, with levels."""
    return build.fields(FIELDS)


def edition(*rules: str, more: str = "") -> Rulebook:
    """An edition of criteria a, b, c ... that apply when `rules` say."""
    made = "\n".join(
        f" - {{id: {name}, says: {name}, group: g, points: 30, when: {when}}}"
        for name, when in zip("abcdefgh", rules, strict=False)
    )
    return parse_rulebook(f"""
edition: check
hand_over_from: 20
grades: {{A: 0}}
groups: {{g: {{label: G}}}}
criteria:
{made}
{more}
""")


def found(*rules: str, more: str = "", today: date | None = None) -> list[Finding]:
    """What a check says."""
    return findings(edition(*rules, more=more), fields(), today)


def kinds(*rules: str, more: str = "") -> list[tuple[str, str, str]]:
    """Its findings in short."""
    return [(f.where, f.kind, f.severity) for f in found(*rules, more=more)]


@pytest.mark.parametrize(
    "rule",
    [
        "{field: employees, between: [200, 999]}",
        "{field: industry, in: [retail, Logistics]}",
        "{field: title_seniority, is: chief}",
        "{all: [{field: employees, above: 3}, {field: employees, below: 4}]}",
        "{any: [{field: phone, is: true}, {field: visits, missing: true}]}",
        "{activity: {any: true}, counting: days, within_days: 2, at_least: 3}",
        "{all: [{activity: {kind: call}}, {not: {activity: {kind: call}, at_least: 2}}]}",
    ],
)
def test_a_sound_rule_gives_nothing_to_say(rule: str):
    assert found(rule) == []


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("{field: colour, is: red}", "no field and no fact derived from one"),
        ("{field: tag, is: x}", "which no score may look at (set by reps)"),
        ("{field: employees, contains: x}", "as a text, but it is a number"),
        ("{field: employees, at_least: 0}", "lies between 1 and inf"),
        ("{field: employees, is: 0}", "lies between 1 and inf"),
        ("{field: industry, above: 3}", "as a number, but it is a category"),
    ],
)
def test_a_rule_that_cannot_be_evaluated(rule: str, says: str):
    (told,) = found(rule)
    assert (told.where, told.kind, told.severity) == ("a", "unusable", "error")
    assert says in told.sentence()
    route = f"disqualifiers: [{{id: out, says: Out, when: {rule}, route: reject}}]"
    told = found("{field: phone, is: true}", more=route)[0]
    assert (told.where, told.kind) == ("out", "unusable")


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("{field: industry, in: [retail, railways]}", "It is one of logistics, retail."),
        ("{field: title_seniority, is: boss}", "It is one of assistant, chief, director, expert"),
        ("{field: email_kind, is: private}", "It is one of corporate, education, free, invalid."),
        ("{field: title_function, in: [HR, fun]}", "job"),
        ("{field: created_at_weekday, is: monday}", "fri, mon"),
        ("{any: [{field: phone, is: 2}, {field: visits, is: 3}]}", "It is yes or no."),
    ],
)
def test_a_value_that_cannot_be(rule: str, says: str):
    told = next(f for f in found(rule) if f.kind == "impossible value")
    assert told.severity == "error"
    assert says in told.sentence() or "title function is fun" in told.sentence()


def test_a_level_that_means_missing_is_no_value():
    rule = "{field: industry, is: Select}"
    (told, contradiction) = findings(edition(rule), build.fields())
    assert "Such a value means that it is missing: select, unknown." in told.sentence()
    assert contradiction.kind == "contradiction"


@pytest.mark.parametrize(
    "rule",
    [
        "{all: [{field: employees, above: 5}, {field: employees, below: 3}]}",
        "{all: [{field: employees, above: 5}, {field: employees, at_most: 5}]}",
        "{all: [{field: industry, is: retail}, {not: {field: industry, in: [RETAIL]}}]}",
        "{all: [{field: visits, missing: true}, {field: visits, at_least: -5}]}",
        "{all: [{field: phone, is: true}, {any: [{field: phone, is: false}, {field: phone,"
        " missing: true}]}]}",
        '{all: [{field: title, contains: "abc"}, {not: {field: title, contains: B}}]}',
        "{not: {any: [{field: visits, above: 1}, {field: visits, at_most: 1}, {field: visits,"
        " missing: true}]}}",
        "{all: [{activity: {kind: call}, at_least: 3}, {not: {activity: {any: true}}}]}",
        "{all: [{first: {kind: call}}, {first: {kind: visit}}]}",
        "{all: [{last: {kind: call}, by: account}, {not: {activity: {kind: call}, by: account}}]}",
        "{activity: {kind: [call, visit]}, counting: kinds, at_least: 3}",
        "{activity: {any: true}, counting: people, at_least: 2}",
    ],
)
def test_a_rule_that_contradicts_itself(rule: str):
    (told,) = found(rule)
    assert (told.where, told.kind, told.severity) == ("a", "contradiction", "error")
    assert told.what.startswith("Criterion a can never apply: ")


def test_a_rule_for_everybody_tells_nobody_apart():
    rule = "{any: [{field: visits, above: 0}, {not: {field: visits, above: 1}}]}"
    (told,) = found(rule)
    assert (told.kind, told.severity) == ("always", "warning")
    route = f"disqualifiers: [{{id: out, says: Out, when: {rule}, route: reject}}]"
    told = found("{field: phone, is: true}", more=route)[0]
    assert (told.where, told.kind, told.severity) == ("out", "always", "error")
    assert "No lead is ever handed over." in told.sentence()


def test_an_alternative_that_cannot_hold_and_a_part_that_changes_nothing():
    dead = (
        "{all: [{field: employees, above: 100}, {any: [{field: employees, below: 50}, {field:"
        " phone, is: true}]}]}"
    )
    (told,) = found(dead)
    assert told.kind == "unreachable"
    assert told.what == "In criterion a the alternative (employees is below 50) can never hold."
    idle = "{all: [{field: employees, above: 100}, {field: employees, above: 50}]}"
    (told,) = found(idle)
    assert told.kind == "overlap"
    assert told.what == "In criterion a the part (employees is above 50) changes nothing."
    assert told.why == "The rest says as much: employees is above 100."
    idle = "{any: [{activity: {kind: call}, at_least: 3}, {activity: {kind: call}}]}"
    (told,) = found(idle)
    assert "(at least 3 times call) changes nothing" in told.what


def test_criteria_that_always_apply_together_or_one_within_the_other():
    same = (
        "{field: phone, is: true}",
        "{not: {any: [{field: phone, is: false}, {field: phone, missing: true}]}}",
    )
    (told,) = found(*same)
    assert (told.where, told.kind) == ("b", "overlap")
    assert told.sentence().startswith("Criteria a and b always apply together.")
    within = ("{field: visits, above: 5}", "{field: visits, above: 3}")
    (told,) = found(*within)
    assert told.what == "Wherever criterion a applies, b applies too."
    acts = ("{activity: {any: true}, by: account}", "{activity: {kind: call}, within_days: 7}")
    (told,) = found(*acts)
    assert told.what == "Wherever criterion b applies, a applies too."


def test_one_fact_in_two_criteria_counts_twice_unless_they_exclude_each_other():
    twice = ("{field: visits, between: [1, 5]}", "{field: visits, between: [5, 9]}")
    (told,) = found(*twice)
    assert (told.where, told.kind, told.severity) == ("b", "double counting", "warning")
    assert "both ask for visits" in told.what
    assert kinds("{field: visits, between: [1, 5]}", "{field: visits, above: 5}") == []
    assert kinds("{field: phone, is: true}", "{field: visits, above: 5}") == []
    assert kinds("{activity: {kind: call}}", "{activity: {kind: visit}}") == []
    both = ("{activity: {kind: call}, at_least: 2}", "{last: {kind: call}}")
    assert [f.kind for f in found(*both)] == ["double counting"]


def test_a_disqualifier_behind_a_wider_one_never_decides():
    more = """
disqualifiers:
 - {id: small, says: Small, when: {field: employees, below: 50}, route: nurture}
 - {id: tiny, says: Tiny, when: {field: employees, below: 5}, route: reject}
"""
    (told,) = found("{field: phone, is: true}", more=more)
    assert (told.where, told.kind) == ("tiny", "unreachable")
    assert told.what == "Disqualifier tiny never decides: small is asked before it."


@pytest.mark.parametrize(
    ("more", "says", "severity"),
    [
        ("hand_over_from: 31", "Agreed points come to 30 at most", "warning"),
        ("hand_over_from: 0", "every lead is handed over", "warning"),
        ("grades: {A: 80, B: 0}", "Grade A starts at 80", "warning"),
        ("groups: {g: {label: G, at_least: 5, at_most: 3}}", "at least 5 and at most 3", "error"),
        ("total: {at_most: 12}", "Agreed points come to 12 at most", "warning"),
    ],
)
def test_thresholds_that_agreed_points_cannot_reach(more: str, says: str, severity: str):
    book = edition("{field: phone, is: true}").text()
    key = more.partition(":")[0]
    lines = [line for line in book.splitlines() if not line.startswith(key)]
    if key in ("grades", "groups"):
        start = book.splitlines().index(f"{key}:")
        rest = book.splitlines()[start + 1 :]
        end = next(i for i, line in enumerate(rest) if not line.startswith(" "))
        lines = book.splitlines()[:start] + rest[end:]
    told = findings(parse_rulebook("\n".join([*lines, more])), fields())
    assert says in told[0].sentence()
    assert told[0].severity == severity


def test_a_criterion_that_has_ended_is_told():
    book = edition("{field: phone, is: true}")
    ended = book.criteria[0].model_copy(update={"valid_until": date(2026, 3, 31)})
    book = book.model_copy(update={"criteria": (ended,)})
    assert findings(book, fields(), date(2026, 3, 31)) == []
    (told,) = findings(book, fields(), date(2026, 4, 1))
    assert told.kind == "ended"


def test_what_has_too_many_alternatives_is_said_to_be_undecided():
    tests = [Fact(field="visits", between=(i, i + 1)) for i in range(40)]
    pairs = [AnyOf(any=(a, b)) for a in tests[:20] for b in tests[20:]]
    tree = AllOf(all=tuple(pairs))
    logic = Logic({"visits": _any_number()})
    assert logic.never(tree) is None
    book = edition("{field: phone, is: true}")
    wide = book.criteria[0].model_copy(update={"when": tree})
    (told,) = findings(book.model_copy(update={"criteria": (wide,)}), fields())
    assert (told.kind, told.severity) == ("not decided", "warning")


def _any_number():  # type: ignore[no-untyped-def]
    from features.rulebook.domains import Domain, Numbers

    return Domain(Numbers(), missing=True)
