"""Geometry and words of the pages' pictures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from serving.canonical import canonical
from serving.pages import sparkline, timeline, waterfall
from serving.pages.evidence import chart
from serving.pages.pact_bar import grade_spans, place
from serving.pages.words import day, thousands, when
from serving.pages.worklist import disagreement, largest
from serving.top_reasons import points_text
from tests.support import build

DAY = 86_400_000_000
NOW = 20_000 * DAY
MINUS = "\N{MINUS SIGN}"


def test_a_bar_shows_what_was_added_left_of_the_mark_and_what_was_taken_right_of_it():
    added, taken = place(72, 64, 61), place(41, 63, 61)
    assert (added.left, added.width, added.mark, added.kind) == (64, 8, 72, "learned-added")
    assert (taken.left, taken.width, taken.mark, taken.kind) == (41, 22, 41, "learned-taken")
    assert added.agreed == 64
    assert taken.agreed == 41


def test_grades_cover_the_scale_and_one_is_the_leads_own():
    spans = grade_spans({"A": 80, "B": 60, "C": 40, "D": 0}, "B")
    assert [s["name"] for s in spans] == ["D", "C", "B", "A"]
    assert [s["from"] for s in spans] == [0, 40, 60, 80]
    assert [s["name"] for s in spans if s["own"]] == ["B"]
    assert spans[-1]["middle"] == 90


def test_a_course_says_what_changed_and_ends_at_the_edge():
    spark = sparkline.draw([(NOW - 90 * DAY, 30), (NOW - 45 * DAY, 61)], NOW - 90 * DAY, NOW, 61)
    assert spark.change == "+31"
    assert spark.path.startswith("M0.0 ")
    assert spark.path.endswith("H80")
    assert spark.end == spark.hand_over


def score(at: int, points: int, seqs: list[int], cause: str = "activity", **more: Any) -> Any:
    """A stored score; `more` may be its `edition`, `model` and `version` of the lead."""
    versions = {"rulebook": more.get("edition", "1"), "model": more.get("model", "aa")}
    ends = {"low": points - 5, "high": points + 5}
    answer = canonical({"score_interval": ends, "versions": versions})
    told = {"as_of": at, "score": points, "activity_seqs": canonical(seqs), "cause": cause}
    return SimpleNamespace(**told, lead_version=more.get("version", 1), answer=answer)


def did(seq: int, at: int, kind: str, team: str = "marketing") -> Any:
    return SimpleNamespace(seq=seq, occurred_at=at, kind=kind, channel="web", team=team)


def test_a_jump_is_told_beside_the_activity_that_made_it():
    scores = [
        score(NOW - 40 * DAY, 48, [], "lead written"),
        score(NOW - 20 * DAY, 61, [7]),
        score(NOW - 2 * DAY, 58, [7, 8]),
    ]
    acts = [did(7, NOW - 20 * DAY, "webinar_attended"), did(8, NOW - 2 * DAY, "call", "sales")]
    drawn = timeline.draw(scores, acts, [], NOW, 61)
    assert [m.change for m in drawn.moments] == [f"{MINUS}3 to 58", "+13 to 61"]
    assert [m.what for m in drawn.moments] == ["call", "webinar attended"]
    told = {(label.what, label.points) for label in drawn.labels}
    assert told == {("webinar attended", "+13"), ("call", f"{MINUS}3")}
    assert all(path.count("h0") == 1 for path in drawn.marks.values())
    assert drawn.course.startswith("M")
    assert drawn.course.endswith("H1000")


def test_what_moves_a_score_without_an_activity_of_its_own_stands_in_the_list_in_the_same_words():
    at = [NOW - days * DAY for days in (60, 50, 49, 48, 40, 30, 20, 10)]
    scores = [
        score(at[0], 50, [1], "lead written"),
        score(at[1], 47, [1], "time"),
        score(at[2], 46, [1], "time"),
        score(at[3], 44, [1], "time"),
        score(at[4], 41, [1], "inputs or model changed", edition="2"),
        score(at[5], 45, [1], "inputs or model changed", edition="2", model="bb"),
        score(at[6], 49, [1, 9], "account changed", edition="2", model="bb"),
        score(at[7], 55, [1, 9], "lead written", edition="2", model="bb", version=2),
    ]
    drawn = timeline.draw(scores, [did(1, at[0], "visit")], [], NOW, 61)
    assert [(m.what, m.change) for m in drawn.moments] == [
        ("fields changed", "+6 to 55"),
        ("activity at the account", "+4 to 49"),
        ("model bb", "+4 to 45"),
        ("edition 2 in force", f"{MINUS}3 to 41"),
        ("points faded", f"{MINUS}6 to 44"),
        ("visit", ""),
    ]
    assert {label.what for label in drawn.labels} <= {m.what for m in drawn.moments}
    assert [(u.kinds, u.text) for u in drawn.uprights] == [
        (("model",), "model bb, +4"),
        (("edition",), f"edition 2, {MINUS}3"),
    ]


def test_words_of_editions_that_lie_near_each_other_stand_where_there_is_room():
    scores = [score(NOW - 80 * DAY, 50, [])]
    for days, edition in ((40, "2"), (39, "3"), (20, "4"), (5, "5")):
        scores.append(score(NOW - days * DAY, 50 + days, [], "time", edition=edition))
    drawn = timeline.draw(scores, [], [], NOW, 61)
    rooms = {u.text.partition(",")[0]: u.room for u in drawn.uprights}
    assert rooms == {"edition 5": "", "edition 4": "on-desk", "edition 3": "", "edition 2": None}


def test_an_edition_that_came_with_an_activity_is_told_once_with_both():
    scores = [
        score(NOW - 40 * DAY, 48, []),
        score(NOW - 20 * DAY, 61, [7], edition="2", model="bb"),
    ]
    drawn = timeline.draw(scores, [did(7, NOW - 20 * DAY, "call", "sales")], [], NOW, 61)
    assert {(m.what, m.change) for m in drawn.moments} == {
        ("call, edition 2 in force, model bb", "+13 to 61"),
        ("call", ""),
    }
    [upright] = drawn.uprights
    assert (upright.kinds, upright.text) == (("edition", "model"), "edition 2, model bb, +13")
    assert drawn.labels == ()


def test_a_drop_goes_from_a_mark_up_to_the_score_that_held_then():
    scores = [score(NOW - 40 * DAY, 100, []), score(NOW - 20 * DAY, 0, [])]
    acts = [did(1, NOW - 30 * DAY, "visit"), did(2, NOW - 10 * DAY, "visit")]
    acts += [did(3, NOW - 41 * DAY, "visit")]
    drawn = timeline.draw(scores, acts, [], NOW, 61)
    assert [part.partition(" ")[2] for part in drawn.drops.split("M")[1:]] == ["20V156", "140V156"]
    assert drawn.marks["marketing"] == "M24 162h0m262 0h0m476 0h0"


def test_the_band_goes_there_along_its_upper_ends_and_back_along_the_lower_ones():
    scores = [score(NOW - 90 * DAY, 45, []), score(NOW - 45 * DAY, 70, [1])]
    drawn = timeline.draw(scores, [], [], NOW, 61)
    assert drawn.band == "M0 80H500V50H1000V62H500V92H0Z"
    assert drawn.course == "M0 86H500V56H1000"


def test_labels_that_would_lie_over_each_other_are_left_to_the_list():
    base = score(NOW - 80 * DAY, 20, [], "lead written")
    scores = [base, *(score(NOW - 10 * DAY + i, 30 + i, list(range(i + 1))) for i in range(6))]
    acts = [did(i, NOW - 10 * DAY + i, "visit") for i in range(6)]
    drawn = timeline.draw(scores, acts, [], NOW, 61)
    assert len(drawn.labels) == 1
    assert len(drawn.moments) == 6


def test_the_largest_parts_are_told_whichever_side_gave_them():
    reasons = [
        {"sentence": "start", "kind": "base", "agreed": 20.0, "learned": -3.0},
        {"sentence": "pricing page", "kind": "criterion", "agreed": 12.0, "learned": 5.4},
        {"sentence": "free mailbox", "kind": "field", "agreed": 0.0, "learned": -9.1},
    ]
    parts = largest(reasons, 2)
    assert [(p.sentence, p.points, p.kind) for p in parts] == [
        ("pricing page", "+12", "agreed"),
        ("free mailbox", "\N{MINUS SIGN}9.1", "learned"),
    ]


def test_a_disagreement_is_told_with_what_is_behind_it():
    told = {"difference": -22, "responsible": "field:email"}
    answer = {"score": 41, "agreed_score": 63, "disagreement": told}
    answer["reasons"] = [{"key": "field:email", "label": "Free mailbox", "learned": -9.1}]
    assert disagreement(answer) == (
        "We disagree by 22: agreed 63, with what was learned 41; "
        "most of it Free mailbox \N{MINUS SIGN}9.1"
    )
    assert disagreement({"disagreement": None}) == ""
    assert disagreement({"score": 41}) == ""


def test_instants_and_numbers_are_worded_once_for_all_pages():
    assert when(np.datetime64("2026-11-24T11:58:30")) == "24 Nov 2026, 11:58"
    assert when("2026-11-04T01:05:00.000000Z") == "4 Nov 2026, 01:05"
    assert day(0) == "1 Jan 1970"
    assert thousands(4812) == "4,812"
    assert points_text(9.73, "agreed") == "+9.7"


def line(kind: str, agreed: float, learned: float) -> dict[str, Any]:
    told = {"kind": kind, "owner": "sales", "sentence": f"{kind} {learned}", "agreed": agreed}
    return told | {"learned": learned, "points": agreed + learned}


def test_what_was_learned_alone_has_rows_up_to_a_number_and_the_rest_one_that_says_its_most():
    most = waterfall.MOST_LEARNED
    learned = [line("field", 0.0, 1.0 + i / 10) for i in range(most + 3)]
    reasons = [line("base", 20.0, 1.0), line("criterion", 4.0, 0.1), *learned]
    drawn = waterfall.draw(reasons, 61)
    assert len(drawn.rows) == 2 + most + 1
    assert drawn.rows[-1].text == "3 smaller lines, none above 1.2"
    assert drawn.rows[-1].learned == "+3.3"
    assert float(drawn.total) == round(sum(r["points"] for r in reasons), 1)
    few = waterfall.draw([*reasons[:2], line("field", 0.0, 0.3), line("field", 0.0, 0.7)], 61)
    assert [row.text for row in few.rows[2:]] == ["field 0.7", "1 smaller line, none above 0.6"]


def weighed(verdict: str, low: float, high: float) -> dict[str, Any]:
    told = {"verdict": verdict, "low": low, "high": high, "points": (low + high) / 2}
    return told | {"agreed": 12.0, "leads": 1200, "conversions": 90, "reason": "As it is."}


def test_an_interval_that_goes_on_beyond_the_axis_says_so_at_that_end():
    found = {"mid": weighed("keep", 5.0, 16.0), "student": weighed("too few", -80.0, 4.0)}
    told = chart(build.rulebook(), found)
    marks = {row.id: row.mark for group in told.groups for row in group.rows}
    assert marks["mid"] is not None
    assert marks["student"] is not None
    assert marks["mid"].cut == (False, False)
    assert (marks["student"].cut, marks["student"].low) == ((True, False), 0.0)
    assert marks["webinar"] is None


def test_criteria_with_too_little_evidence_are_not_counted_among_those_that_it_judges():
    found = {"mid": weighed("keep", 5, 16), "student": weighed("too few", -80, 4)}
    found["webinar"] = weighed("lower", -4, 2)
    told = chart(build.rulebook(), found)
    assert (told.judged, told.kept, told.asked, told.few) == (2, 1, 1, 1)
