"""What may be changed of a lead, how far is looked, and what stays under another agreement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.activities import from_activity_records
from features.columns import from_records
from features.errors import DocumentRefused
from features.fields import Fields
from features.timeline import no_activities, see, stack
from models import counterfactual
from models.actionable import changes_of, levels_of
from models.counterfactual import Change, search
from models.scorer import Scorer
from models.supposed import suppose, with_points
from models.variants import Subject
from serving.counterfactual import counterfactual as use_case
from serving.counterfactual import parse_sought
from serving.subjects import Known
from tests.support.build import FIELDS, RULEBOOK, activities, at, fields
from tests.support.scorers import drawn_scorer

MARKED = FIELDS.replace("type: boolean,", "type: boolean, actionable: true,").replace(
    "fields:\n",
    "actionable_activities: [{says: A webinar, channel: web, kind: webinar}]\nfields:\n",
)


def a_scorer(told: str = MARKED, seed: int = 3, agreement: str = RULEBOOK) -> Scorer:
    """A model of the test fields and the test rulebook with everything learned drawn."""
    return drawn_scorer(told, seed, agreement)


def a_subject(scorer: Scorer, record: dict[str, Any]) -> Subject:
    columns = from_records([record], scorer.fields).columns
    return Subject(columns, no_activities(), "l", None, at(0.0)[0])


def tried(scorer: Scorer, record: dict[str, Any], name: str) -> list[Any]:
    return [c.value for c in changes_of(scorer, a_subject(scorer, record)) if c.name == name]


def actionable(name: str, more: str = "") -> str:
    return FIELDS.replace(f"name: {name},", f"name: {name}, actionable: true,{more}")


def test_only_what_is_marked_may_be_changed():
    scorer = a_scorer()
    names = [c.name for c in changes_of(scorer, a_subject(scorer, {"phone": False}))]
    assert names == ["phone", ""]
    assert tried(scorer, {"phone": False}, "phone") == [1.0]
    assert tried(scorer, {}, "phone") == [1.0, 0.0]
    assert changes_of(a_scorer(FIELDS), a_subject(a_scorer(FIELDS), {})) == []


def test_a_category_takes_the_levels_that_history_or_the_rulebook_knows():
    scorer = a_scorer(actionable("industry"))
    assert levels_of(scorer, scorer.fields["industry"]) == ("Logistics", "banking", "retail")
    assert tried(scorer, {"industry": "banking"}, "industry") == ["Logistics", "retail"]


def test_a_number_takes_the_rulebooks_bounds_and_the_steps_of_history():
    values = tried(a_scorer(actionable("employees")), {"employees": 200}, "employees")
    assert 999.0 in values
    assert 200.0 not in values
    assert len(values) > 2
    assert values == sorted(values)


@pytest.mark.parametrize(("way", "keeps"), [("increasing", np.greater), ("decreasing", np.less)])
def test_a_number_that_may_only_rise_or_fall_is_not_tried_the_other_way(way: str, keeps: Any):
    scorer = a_scorer(actionable("visits", f" monotone: {way},"))
    every = tried(scorer, {}, "visits")
    assert min(every) < 5 < max(every)
    assert tried(scorer, {"visits": 5}, "visits") == [v for v in every if keeps(v, 5)]


def test_a_number_that_a_criterion_asks_for_is_tried_both_ways():
    scorer = a_scorer(actionable("employees", " monotone: increasing,"))
    values = tried(scorer, {"employees": 5000}, "employees")
    assert 999.0 in values


@pytest.mark.parametrize(
    "told",
    [
        FIELDS.replace("name: title,", "name: title, actionable: true,"),
        FIELDS.replace("name: tag,", "name: tag, actionable: true,"),
    ],
)
def test_what_cannot_be_changed_is_not_marked_actionable(told: str):
    with pytest.raises(DocumentRefused, match="actionable goes with a number"):
        fields(told)


def test_marking_what_is_actionable_changes_no_fingerprint():
    assert isinstance(fields(MARKED), Fields)
    assert fields(MARKED).text() != fields().text()
    assert fields(MARKED).fingerprint() == fields().fingerprint()


def test_a_search_that_may_not_try_everything_says_how_far_it_came(monkeypatch: Any):
    told = actionable("employees").replace("name: industry,", "name: industry, actionable: true,")
    scorer = a_scorer(told)
    subject = a_subject(scorer, {})
    changes = changes_of(scorer, subject)
    whole = search(scorer, subject, changes, 1000.0, 3)
    assert whole.every == 3
    assert whole.tried > len(changes) + 5
    monkeypatch.setattr(counterfactual, "MOST_VARIANTS", len(changes) + 5)
    part = search(scorer, subject, changes, 1000.0, 3)
    assert (part.every, part.tried, part.lifts) == (1, len(changes) + 5, ())
    assert part.best is not None
    assert whole.best is not None
    assert part.best.exact <= whole.best.exact
    many = replace(subject, activities=activities(*[("x", None, 1, 1, "a", "b", "c")] * 50))
    monkeypatch.setattr(counterfactual, "MOST_TOUCHES", 51 * 4)
    assert search(scorer, many, changes, 1000.0, 3).tried == 4


def test_the_most_promising_sets_come_first():
    found = list(counterfactual._best_first([5.0, 3.0, 2.0, -1.0], 2))
    assert found == [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    assert list(counterfactual._best_first([5.0], 2)) == []


def test_one_field_of_many_values_does_not_crowd_out_the_others():
    every = [Change(f"field:{f}", f, f"v{i}") for f in "abc" for i in range(300)]
    promise = {f"field:{c.name} {c.value}": 50.0 if c.name == "a" else 1.0 for c in every}
    sets, whole = counterfactual._sets(every, promise, 3, 200)
    assert not whole
    assert len(sets) == 200
    assert all({c.name for c in told} == {"a", "b", "c"} for told in sets)


def test_a_lead_seen_twice_is_seen_the_same_twice():
    did = activities(
        ("a", "x", -3, -3, "web", "visit", "marketing"),
        ("b", "x", -2, -2, "web", "open", "marketing"),
        ("b", None, -1, -1, "mail", "open", "sales"),
    )
    seen = see(np.array(["a", "b", "c"]), np.array(["x", "x", None]), at(0, 0, 0), did)
    twice = seen.take(np.array([1, 1, 2, 0]))
    for side in ("own", "colleagues"):
        touches, one = getattr(twice, side), getattr(seen, side)
        assert touches.n == 4
        for place, row in enumerate([1, 1, 2, 0]):
            kinds = touches.kind[touches.row == place].tolist()
            assert kinds == one.kind[one.row == row].tolist()
    both = stack([seen, twice]).own
    assert both.n == 7
    assert both.row.tolist() == [*seen.own.row, *(3 + twice.own.row)]


def test_a_cap_that_no_longer_cuts_keeps_what_was_learned_of_it():
    scorer = a_scorer()
    told = [{"occurred_at": f"2025-12-{day}T00:00:00", "kind": "webinar"} for day in (30, 31)]
    did, _ = from_activity_records(told, "l", None)
    columns = from_records([{"phone": True, "lead_id": "l"}], scorer.fields).columns
    scores = scorer.score(columns, did, at(0.0))
    before = {line.key: line for line in scores.explain(0).lines}
    assert before["cap:engagement"].agreed < 0
    assert before["cap:engagement"].learned != 0
    then = suppose(scores, with_points(scorer.rulebook, {"phone": -5.0}), scorer)
    after = {line.key: line for line in then.explain(0).lines}
    assert after["cap:engagement"].agreed == 0
    assert after["cap:engagement"].learned == before["cap:engagement"].learned
    assert after["criterion:phone"].agreed == -5
    assert after["criterion:phone"].learned == before["criterion:phone"].learned
    cap = before["cap:engagement"].agreed
    assert then.exact[0] - scores.exact[0] == pytest.approx(-20 - cap)


NO_PHONE = """disqualifiers:
 - {id: no_phone, says: No phone, when: {field: phone, is: false}, route: nurture}
"""


def test_a_lead_that_is_kept_back_is_handed_over_only_by_what_lets_it_go():
    scorer = a_scorer(agreement=RULEBOOK + NO_PHONE)
    subject = a_subject(scorer, {"phone": False, "employees": 300})
    exact, barred = scorer.glance(subject.snapshot())
    assert barred.tolist() == [True]
    goal = {"handed_over": True}
    low = replace_threshold(scorer, float(exact[0]) - 30)
    told = ask(low, subject, goal)
    assert told["before"]["score"] >= told["goal"]["score"]
    assert not told["reached"]
    assert [one["changes"] for one in told["alternatives"]] == [{"phone": True}]
    assert told["alternatives"][0]["after"]["handed_over"]
    assert ask(low, subject, {"score": told["goal"]["score"]})["reached"]
    fixed = a_scorer(FIELDS.replace("visits,", "visits, actionable: true,"), 3, RULEBOOK + NO_PHONE)
    stuck = ask(replace_threshold(fixed, 1.0), subject, goal)
    assert stuck["alternatives"] == []
    assert "and the lead is kept back (No phone)" in stuck["says"]


def replace_threshold(scorer: Scorer, least: float) -> Scorer:
    scorer.rulebook = scorer.rulebook.model_copy(update={"hand_over_from": max(least, 0.0)})
    return scorer


def ask(scorer: Scorer, subject: Subject, goal: Any) -> dict[str, Any]:
    sought, wrong = parse_sought({"goal": goal}, scorer, subject.as_of)
    assert not wrong
    return use_case(scorer, Known(subject, "l", []), sought)
