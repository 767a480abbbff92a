"""The use case: the smallest changes a team can bring about by which a lead reaches a goal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.errors import Problem
from features.fields import Field
from features.rulebook.document import Rulebook
from features.values import Value
from models.actionable import changes_of
from models.answer import answer
from models.counterfactual import MOST_CHANGES, Change, Found, Lift, happening, search
from models.scorer import Scorer
from models.variants import snapshot_of
from serving.problems import pointer, wrong
from serving.subjects import Known
from serving.what_if import difference, listed, moved

KEYS = ("goal", "most_changes", "alternatives")
MOST_ALTERNATIVES = 10
_ALTERNATIVES = 3
"""That are told where nobody says how many."""


@dataclass(frozen=True)
class Goal:
    """The score to be reached; `says` names it for people.

    For a `hand_over` no disqualifier may keep the lead back besides.
    """

    score: float
    says: str
    hand_over: bool = False

    def reached(self, told: Mapping[str, Any]) -> bool:
        """Whether an answer reaches it."""
        return bool(told["score"] >= self.score and (told["handed_over"] or not self.hand_over))


@dataclass(frozen=True)
class Sought:
    """What a question seeks.

    Attributes:
        goal: to be reached; None for the next grade.
        most_changes: in one alternative.
        alternatives: how many are wanted.
    """

    goal: Goal | None
    most_changes: int
    alternatives: int


def parse_sought(
    told: Mapping[str, Any], scorer: Scorer, _as_of: np.datetime64
) -> tuple[Sought, list[Problem]]:
    """What a question seeks, and everything wrong with it."""
    goal, problems = _goal(told.get("goal"), scorer.rulebook)
    most, found = _whole(told, "most_changes", MOST_CHANGES, MOST_CHANGES)
    wanted, faults = _whole(told, "alternatives", _ALTERNATIVES, MOST_ALTERNATIVES)
    return Sought(goal, most, wanted), [*problems, *found, *faults]


def _whole(
    told: Mapping[str, Any], name: str, default: int, most: int
) -> tuple[int, list[Problem]]:
    value = told.get(name)
    if value is None:
        return default, []
    # In JSON 2.0 is a whole number too.
    if isinstance(value, int | float) and value in range(1, most + 1) and value is not True:
        return int(value), []
    allowed = f"a whole number from 1 to {most}"
    return default, [wrong(pointer(name), value, "A whole number was expected.", allowed)]


def _goal(told: Any, rulebook: Rulebook) -> tuple[Goal | None, list[Problem]]:
    if told is None:
        return None, []
    such = 'one of {"grade": "B"}, {"score": 70} and {"handed_over": true}'
    if not isinstance(told, dict) or len(told) != 1:
        return None, [wrong("/goal", told, "One goal was expected.", such)]
    [(kind, value)] = told.items()
    place = pointer("goal", kind)
    if kind == "grade":
        if isinstance(value, str) and value in rulebook.grades:
            return _grade(rulebook, value), []
        grades = tuple(rulebook.grades)
        return None, [wrong(place, value, "No grade of that name.", listed(grades))]
    if kind == "score":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and 0 <= value <= 100:
            return Goal(float(value), f"a score of {value:g}"), []
        return None, [wrong(place, value, "No score.", "a number from 0 to 100")]
    if kind == "handed_over" and value is True:
        least = rulebook.hand_over_from
        return Goal(least, f"the hand-over, from {least:g}", hand_over=True), []
    return None, [wrong(place, value, "No goal of that name.", such)]


def _grade(rulebook: Rulebook, name: str) -> Goal:
    least = rulebook.grades[name]
    return Goal(least, f"grade {name}, from {least:g}")


def _next_grade(rulebook: Rulebook, score: float) -> Goal | None:
    above = {name: least for name, least in rulebook.grades.items() if least > score}
    return _grade(rulebook, min(above, key=lambda name: above[name])) if above else None


def counterfactual(scorer: Scorer, known: Known, sought: Sought) -> dict[str, Any]:
    """The lead as it is, and the cheapest sets of changes that reach the goal.

    Returns:
        `before` (`models.answer`), `goal`, `reached` (already), `alternatives` (each scored with
        its changes made), `best` (where none reaches the goal), `searched`, `says`.
    """
    scores = scorer.score_snapshot(known.subject.snapshot())
    before = answer(known.lead_id, scores, 0, scorer) | {"warnings": known.warnings}
    goal = sought.goal or _next_grade(scorer.rulebook, before["score"])
    changes = changes_of(scorer, known.subject)
    if goal is None or goal.reached(before) or not changes:
        found = Found((), None, 0, 0)
    else:
        wanted, most = sought.alternatives, sought.most_changes
        found = search(
            scorer, known.subject, changes, goal.score, wanted, most, hand_over=goal.hand_over
        )
    told = _told(scorer, known, before, [*found.lifts, *([found.best] if found.best else [])])
    lifts = [t for t in told[: len(found.lifts)] if goal is not None and goal.reached(t["after"])]
    higher = [t for t in told[len(found.lifts) :] if t["difference"]["points"] > 0]
    answered = {
        "before": before,
        "goal": None if goal is None else vars(goal),
        "reached": goal is not None and goal.reached(before),
        "alternatives": lifts,
        "best": higher[0] if higher and not lifts else None,
        "searched": {"sets": found.tried, "every_set_of_up_to": found.every},
    }
    return answered | {"says": _says(answered, len(changes), sought.most_changes)}


def _told(
    scorer: Scorer, known: Known, before: dict[str, Any], lifts: list[Lift]
) -> list[dict[str, Any]]:
    """Each set as it would be sent, with the score that it leads to, taken apart."""
    subject = known.subject
    changes = [{}, *({c.name: c.value for c in f.changes if c.activity is None} for f in lifts)]
    did = [happening((), subject), *(happening(f.changes, subject) for f in lifts)]
    seen = [subject.seen([added]) for added in did]
    each = np.arange(len(seen))
    scores = scorer.score_snapshot(snapshot_of(subject, changes, seen, each, scorer.fields))
    found = []
    for i, lift in enumerate(lifts, start=1):
        after = answer(known.lead_id, scores, i, scorer) | {"warnings": known.warnings}
        found.append(
            {
                "changes": _as_sent(lift, scorer),
                "add_activities": [
                    {
                        "occurred_at": f"{subject.as_of}Z",
                        "channel": c.activity.channel,
                        "kind": c.activity.kind,
                        "team": c.activity.team,
                    }
                    for c in lift.changes
                    if c.activity is not None
                ],
                "sentences": [sentence_of(c, scorer) for c in lift.changes],
                "difference": difference(before, after),
                "moved": moved(scores, 0, scores, i),
                "after": after,
            }
        )
    return found


def _as_sent(lift: Lift, scorer: Scorer) -> dict[str, Any]:
    named = [c for c in lift.changes if c.activity is None]
    return {c.name: _as_json(scorer.fields[c.name], c.value) for c in named}


def _as_json(field: Field, value: Value) -> Any:
    return value == 1.0 if field.type == "boolean" else value


def sentence_of(change: Change, scorer: Scorer) -> str:
    """A change in words, such as "Budget date given: yes"."""
    if change.activity is not None:
        return change.activity.says + (", once more" if change.nth > 1 else "")
    field = scorer.fields[change.name]
    value = _as_json(field, change.value)
    if isinstance(value, bool):
        return f"{field.title}: {'yes' if value else 'no'}"
    unit = f" {field.unit}" if field.unit else ""
    told = f"{value:,.6g}{unit}" if isinstance(value, float) else value
    return f"{field.title}: {told}"


def _says(answered: Mapping[str, Any], changes: int, most: int) -> str:
    """The answer in a sentence; honest where nothing reaches the goal, or not all was tried."""
    before, goal, lifts, best = (answered[k] for k in ("before", "goal", "alternatives", "best"))
    if goal is None:
        return f"The lead has the highest grade, {before['grade']}."
    if answered["reached"]:
        return f"The lead has reached {goal['says']}: its score is {before['score']}."
    if lifts:
        return f"What reaches {goal['says']}: {'; '.join(lifts[0]['sentences'])}."
    if not changes:
        return (
            "No field and no activity is marked as actionable. Mark in fields.yaml what your teams "
            "can bring about, and train again."
        )
    tried = answered["searched"]["every_set_of_up_to"]
    every = "" if tried >= most else f" Not every set of {tried + 1} was tried."
    top = "none raises the score"
    if best is not None:
        top = f"the best reaches {best['after']['score_exact']:.1f}"
    kept = (before if best is None else best["after"])["disqualified"]
    if goal["hand_over"] and kept is not None:
        top += f", and the lead is kept back ({kept['says']})"
    return f"No change of what is actionable reaches {goal['says']}; {top}.{every}"
