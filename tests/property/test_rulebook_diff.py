"""What changed between two editions: nothing is left out, and nothing is made up."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.rulebook.diff import Change, diff
from features.rulebook.document import Rulebook, parse_rulebook
from tests.support.build import RULEBOOK, rulebook
from tests.support.strategies import rulebooks, some_fields


@given(st.data())
def test_a_diff_is_empty_if_and_only_if_the_signed_texts_are_the_same(data: st.DataObject):
    fields = data.draw(some_fields())
    old, new = data.draw(rulebooks(fields)), data.draw(rulebooks(fields))
    mixed = new.model_copy(update={"criteria": old.criteria, "edition": old.edition})
    for one, other in ((old, new), (old, mixed), (old, old)):
        changes = diff(one, other)
        assert (changes == []) == (one.fingerprint() == other.fingerprint())
        assert all(change.says for change in changes)
        json.dumps([asdict(change) for change in changes])


@given(st.data())
def test_there_and_back_are_mirror_images(data: st.DataObject):
    fields = data.draw(some_fields())
    old, new = data.draw(rulebooks(fields)), data.draw(rulebooks(fields))
    turned = {"added": "removed", "removed": "added", "changed": "changed"}

    def short(changes: list[Change], turn: bool) -> set[tuple[str, ...]]:
        return {
            (c.part, c.id, turned[c.what] if turn else c.what, c.key, repr((c.after, c.before)))
            if turn
            else (c.part, c.id, c.what, c.key, repr((c.before, c.after)))
            for c in changes
        }

    assert short(diff(old, new), turn=False) == short(diff(new, old), turn=True)


def told(old: str, new: str) -> list[str]:
    """The differences, in words, when `old` in the small rulebook becomes `new`."""
    assert RULEBOOK.count(old) == 1
    return [c.says for c in diff(rulebook(), rulebook(RULEBOOK.replace(old, new)))]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("points: 12}", "points: 14.5}", ["Criterion mid: points +12 -> +14.5"]),
        ("points: 12}", "points: -1}", ["Criterion mid: points +12 -> -1"]),
        (
            "between: [200, 999]",
            "at_least: 200",
            [
                "Criterion mid: applies when employees is at least 200; before, when employees is "
                "200 to 999"
            ],
        ),
        (
            "half_life_days: 10",
            "gone_after_days: 60",
            ["Criterion webinar: decay half life days 10.0 -> gone after days 60.0"],
        ),
        (
            "{id: phone,",
            "{id: phone, valid_until: 2026-12-31,",
            ["Criterion phone: valid until none -> 2026-12-31"],
        ),
        ("says: Phone known", "says: Phone", ['Criterion phone: says "Phone known" -> "Phone"']),
        ("hand_over_from: 40", "hand_over_from: 45", ["hand over from 40 -> 45"]),
        ("A: 60", "A: 65", ["Grade A: 60 -> 65"]),
        ("B: 40, ", "", ["Grade B is gone: 40"]),
        ("at_most: 20", "at_most: 25", ["Group engagement: at most 20 -> 25"]),
        (
            "edition:",
            "scale: {points_to_double_odds: 15}\nedition:",
            ["scale: points to double odds 12 -> 15"],
        ),
        ("edition:", "total: {at_most: 90}\nedition:", ["total none -> at most 90.0"]),
        (
            "edition:",
            "disqualifiers: [{id: tiny, says: Tiny, when: {field: employees, below: 5}, route:"
            " nurture}]\nedition:",
            ["Disqualifier tiny is new: Tiny, joint; employees is below 5: nurture"],
        ),
        (
            "edition:",
            "tests: [{says: Nothing known, expect: {points: 10}}]\nedition:",
            ["Test is new: Nothing known"],
        ),
        ("edition:", "effective_from: 2026-01-01\nstatus: signed\nedition:", []),
    ],
)
def test_every_sort_of_change_in_words(old: str, new: str, says: list[str]):
    assert told(old, new) == says


def test_criteria_that_came_went_and_changed_places():
    lines = RULEBOOK.strip().splitlines()
    phone = lines.pop()
    moved = "\n".join([*lines[:6], phone, *lines[6:]])
    assert [c.says for c in diff(rulebook(), parse_rulebook(moved))] == [
        "The criterion order is now phone, mid, student, webinar; before, mid, student, webinar, "
        "phone"
    ]
    without = parse_rulebook("\n".join(lines))
    (gone,) = diff(rulebook(), without)
    assert gone == Change(
        "criterion",
        "phone",
        "removed",
        "",
        "Phone known, engagement, joint; phone is yes: +15 points",
        None,
        "Criterion phone is gone: Phone known, engagement, joint; phone is yes: +15 points",
    )
    (come,) = diff(without, rulebook())
    assert (come.what, come.after) == ("added", gone.before)


def test_a_condition_changed_is_told_as_two_sentences_for_machines():
    new = rulebook(RULEBOOK.replace("is: free", "is: education"))
    (change,) = diff(rulebook(), new)
    assert (change.part, change.id, change.key) == ("criterion", "student", "when")
    assert change.before == "title seniority is student and email kind is free"
    assert change.after == "title seniority is student and email kind is education"


def test_a_date_is_plain_text_for_machines():
    old = rulebook()
    ended = old.criteria[0].model_copy(update={"valid_until": date(2026, 3, 31)})
    new = old.model_copy(update={"criteria": (ended, *old.criteria[1:])})
    assert isinstance(new, Rulebook)
    (change,) = diff(old, new)
    assert change.after == "2026-03-31"
