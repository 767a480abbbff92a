"""The use case: what a lead would score if it, or the agreement, were otherwise. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.activities import from_activity_records
from features.arrays import texts
from features.columns import readable
from features.errors import Problem, shorten
from features.fields import Field, Fields
from features.timeline import Activities
from features.values import Value, parse_value
from models.actionable import levels_of
from models.answer import answer
from models.differences import moves
from models.scorer import Scorer, Scores
from models.supposed import suppose, with_points
from models.variants import Changes, snapshot_of
from serving.problems import pointer, wrong
from serving.subjects import Known

MOST_ADDED = 100
"""Activities that may be added in one question."""
MOST_POINTS = 1000.0
"""Of a criterion, either way."""
KEYS = ("changes", "add_activities", "rulebook")
_SHOWN = 20
"""Names that an error lists."""


@dataclass(frozen=True)
class Otherwise:
    """What would be otherwise.

    Attributes:
        changes: fields with another value.
        added: activities that had happened too; "" is the lead's own, None its account's.
        points: criteria with other points.
    """

    changes: Changes
    added: Activities
    points: dict[str, float]


def parse_otherwise(
    told: Mapping[str, Any], scorer: Scorer, as_of: np.datetime64
) -> tuple[Otherwise, list[Problem]]:
    """What a question supposes, and everything wrong with it.

    Args:
        told: the body.
        scorer: whose fields and criteria may be changed.
        as_of: when an added activity happens that says no instant.
    """
    changes, problems = _changes(told.get("changes"), scorer)
    added, faults = _added(told.get("add_activities"), as_of)
    points, complaints = _points(told.get("rulebook"), scorer)
    return Otherwise(changes, added, points), [*problems, *faults, *complaints]


def changeable(fields: Fields) -> dict[str, Field]:
    """The fields that may be supposed otherwise, by name: those of a lead, but no id."""
    return {f.name: f for f in readable(fields) if f.type != "id"}


def _changes(told: Any, scorer: Scorer) -> tuple[dict[str, Value], list[Problem]]:
    if told is None:
        return {}, []
    if not isinstance(told, dict):
        return {}, [wrong("/changes", told, "An object was expected.", 'such as {"source": "web"}')]
    fields = changeable(scorer.fields)
    found: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, value in told.items():
        place = pointer("changes", name)
        if name not in fields:
            problems.append(wrong(place, value, "No field of that name.", listed(fields)))
            continue
        taken = parse_value(fields[name], value)
        if isinstance(taken, Problem):
            problems.append(replace(taken, place=place))
        elif (unknown := _unknown_level(scorer, fields[name], taken)) is not None:
            problems.append(wrong(place, value, "Neither history nor rulebook knows it.", unknown))
        else:
            found[name] = taken
    return found, problems


def _unknown_level(scorer: Scorer, field: Field, value: Value) -> str | None:
    """The levels that are known, when this is none of them."""
    levels = levels_of(scorer, field) if field.type == "category" else ()
    return listed(levels) if levels and value is not None and value not in levels else None


def listed(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Names for an error, not too many."""
    told = [shorten(name).strip("'") for name in names]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{', '.join(told[:_SHOWN])}{more}"


def _added(told: Any, as_of: np.datetime64) -> tuple[Activities, list[Problem]]:
    none, _ = from_activity_records([], "", None)
    if told is None:
        return none, []
    if not isinstance(told, list) or len(told) > MOST_ADDED:
        got = f"{len(told):,} activities" if isinstance(told, list) else told
        why = "A list was expected."
        return none, [wrong("/add_activities", got, why, f"{MOST_ADDED} activities at most")]
    problems = [
        wrong(pointer("add_activities", i), record, "An object was expected.", "an activity")
        for i, record in enumerate(told)
        if not isinstance(record, dict)
    ]
    if problems:
        return none, problems
    records = [{"occurred_at": f"{as_of}Z"} | _given(record) for record in told]
    found, faults = from_activity_records(records, "", None)
    return found, [
        replace(p, row=None, place=pointer("add_activities", p.row, p.field)) for p in faults
    ]


def _given(record: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if v is not None}


def _points(told: Any, scorer: Scorer) -> tuple[dict[str, float], list[Problem]]:
    if told is None:
        return {}, []
    such = 'such as {"criteria": {"webinar": {"points": 12}}}'
    if not isinstance(told, dict) or told.keys() - {"criteria"}:
        return {}, [wrong("/rulebook", told, "Only criteria can be supposed otherwise.", such)]
    criteria = told.get("criteria")
    if not isinstance(criteria, dict):
        return {}, [wrong("/rulebook/criteria", criteria, "An object was expected.", such)]
    known = {c.id: c for c in scorer.rulebook.criteria}
    found: dict[str, float] = {}
    problems = []
    for name, change in criteria.items():
        place = pointer("rulebook", "criteria", name)
        if name not in known:
            problems.append(wrong(place, change, "No criterion of that name.", listed(known)))
        elif not isinstance(change, dict) or change.keys() != {"points"}:
            why = "Only its points can be supposed otherwise."
            problems.append(wrong(place, change, why, 'such as {"points": 12}'))
        elif not _is_points(change["points"]):
            allowed = f"a number from -{MOST_POINTS:g} to {MOST_POINTS:g}"
            problems.append(wrong(f"{place}/points", change["points"], "No points.", allowed))
        else:
            found[name] = float(change["points"])
    return found, problems


def _is_points(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= MOST_POINTS  # type: ignore[arg-type]


def what_if(scorer: Scorer, known: Known, otherwise: Otherwise) -> dict[str, Any]:
    """A lead before and after: both scores, and what moved.

    Returns:
        `before` and `after` (`models.answer`), `difference`, `moved` (the lines that moved; they
        add up to the difference), `rulebook` (the edition that was supposed, or None), `warnings`.
    """
    subject = known.subject
    added = _of(known, otherwise.added)
    seen = [subject.seen(), subject.seen([added])]
    which = np.array([0, 1])
    snapshot = snapshot_of(subject, [{}, otherwise.changes], seen, which, scorer.fields)
    scores = scorer.score_snapshot(snapshot)
    before = answer(known.lead_id, scores, 0, scorer) | {"warnings": known.warnings}
    then, supposed = scores, None
    if otherwise.points:
        edition = with_points(scorer.rulebook, otherwise.points)
        then = suppose(scores, edition, scorer)
        supposed = _supposed(scorer, otherwise.points, edition.fingerprint())
    after = answer(known.lead_id, then, 1, scorer) | {"warnings": known.warnings}
    if supposed is not None:
        name = f"{scorer.rulebook.edition}, supposed"
        told = {"rulebook": name, "rulebook_sha256": supposed["sha256"]}
        after["versions"] = before["versions"] | told
    return {
        "before": before,
        "after": after,
        "difference": difference(before, after),
        "moved": moved(scores, 0, then, 1),
        "rulebook": supposed,
        "warnings": _unseen(added, subject.as_of),
    }


def _of(known: Known, added: Activities) -> Activities:
    """Added activities under the names of the lead and of its account, where they say none."""
    subject = known.subject
    return replace(
        added,
        lead=texts(name or subject.lead for name in added.lead),
        account=texts(subject.account if name is None else name for name in added.account),
    )


def _unseen(added: Activities, as_of: np.datetime64) -> list[str]:
    return [
        f"add_activities/{i}: occurs or is recorded after {as_of}Z, so it does not count."
        for i in np.flatnonzero(added.visible_at > as_of).tolist()
    ]


def _supposed(scorer: Scorer, points: dict[str, float], sha256: str) -> dict[str, Any]:
    edition = scorer.rulebook.edition
    return {
        "edition": edition,
        "sha256": sha256,
        "criteria": [
            {"id": c.id, "says": c.says, "before": c.points, "after": points[c.id]}
            for c in scorer.rulebook.criteria
            if c.id in points
        ],
        "says": (
            f"Edition {edition} with other points; nobody has signed it. Agreed points change at "
            f"once; what was learned stays as the model learned it beside edition {edition}, and a "
            "model aligned anew would correct the new points in its turn."
        ),
    }


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """After less before, of two answers."""
    names = ("score", "agreed_score", "likelihood")
    told = {name: after[name] - before[name] for name in names}
    was, now = before["value"], after["value"]
    expected = None if was is None or now is None else round(now["expected"] - was["expected"], 2)
    return {"points": after["score_exact"] - before["score_exact"], **told, "expected": expected}


def moved(before: Scores, i: int, after: Scores, k: int) -> list[dict[str, Any]]:
    """The lines that moved from lead `i` of `before` to lead `k` of `after`, as plain values."""
    return [vars(m) | {"points": m.points} for m in moves(before.explain(i), after.explain(k))]
