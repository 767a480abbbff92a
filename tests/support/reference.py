"""A rulebook evaluated the slow way: one lead, plain Python, straight from the words of the rules.

It shares no code with `features.rulebook.points`, so that both must be wrong alike to agree.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from features.contact import email_kind, seniority
from features.fields import Fields
from features.rulebook.conditions import AllOf, AnyOf, Condition, Fact, Happened, Not
from features.rulebook.document import Criterion, Rulebook
from features.timeline import Activities

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def seen_touches(activities: Activities, lead: str, now: datetime) -> list[dict[str, Any]]:
    """The lead's own activities that had occurred and been recorded by `now`."""
    found = []
    for i in range(len(activities)):
        occurred = activities.occurred_at[i].item()
        recorded = activities.recorded_at[i].item() or occurred
        if activities.lead[i] == lead and occurred <= now and recorded <= now:
            found.append(
                {
                    "age": (now - occurred) / timedelta(days=1),
                    "channel": activities.channel[i],
                    "kind": activities.kind[i],
                    "team": activities.team[i],
                }
            )
    return found


def facts(record: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """What may be asked of a lead: its values, markers taken as missing, and derived facts."""
    told: dict[str, Any] = {}
    for field in fields.inputs:
        value = record.get(field.name)
        plain = f"{value:g}" if isinstance(value, float | int) else str(value).strip()
        markers = {m.casefold() for m in field.missing} if field.type != "boolean" else set()
        value = None if value is None or plain.casefold() in {"", *markers} else value
        if field.type in ("category", "text") and value is not None:
            value = value.strip()
        if field.type == "instant" and value is not None:
            value = datetime.fromisoformat(value)
            told[f"{field.name}_hour"] = float(value.hour)
            told[f"{field.name}_weekday"] = DAYS[value.weekday()]
        told[field.name] = value
        told[f"{field.name}_given"] = "no" if value is None else "yes"
        if field.format == "email" and value is not None:
            told[f"{field.name}_kind"] = email_kind(value)
        if field.format == "job title" and value is not None:
            told[f"{field.name}_seniority"] = seniority(value)
    return told


def points(
    rulebook: Rulebook, told: dict[str, Any], touches: list[dict[str, Any]]
) -> tuple[float, dict[str, float]]:
    """The agreed points of one lead, and those of each criterion before caps."""
    by_criterion = {c.id: c.points * strength(c, told, touches) for c in rulebook.criteria}
    total = rulebook.base_points
    for name, group in rulebook.groups.items():
        here = sum(by_criterion[c.id] for c in rulebook.criteria if c.group == name)
        if group.at_least is not None:
            here = max(here, group.at_least)
        if group.at_most is not None:
            here = min(here, group.at_most)
        total += here
    return total, by_criterion


def strength(criterion: Criterion, told: dict[str, Any], touches: list[dict[str, Any]]) -> float:
    """How much of a criterion applies."""
    when = criterion.when
    if not isinstance(when, Happened):
        return float(holds(when, told, touches))
    hits = [t for t in touches if _matches(when, t)]
    if len(hits) < when.at_least:
        return 0.0
    weights = [_left(criterion, t["age"]) for t in hits]
    if criterion.count == "once":
        return max(weights)
    most = float("inf")
    if criterion.cap is not None and criterion.points:
        most = criterion.cap / abs(criterion.points)
    return min(sum(weights), most)


def _left(criterion: Criterion, age: float) -> float:
    if criterion.decay is None:
        return 1.0
    if criterion.decay.half_life_days:
        return float(0.5 ** (age / criterion.decay.half_life_days))
    return max(0.0, 1 - age / (criterion.decay.gone_after_days or 1.0))


def _matches(when: Happened, touch: dict[str, Any]) -> bool:
    for part in ("channel", "kind", "team"):
        wanted = getattr(when.activity, part)
        if wanted is not None and touch[part].casefold() != wanted.casefold():
            return False
    return when.within_days is None or touch["age"] <= when.within_days


def holds(condition: Condition, told: dict[str, Any], touches: list[dict[str, Any]]) -> bool:
    """Whether a condition holds."""
    if isinstance(condition, AllOf):
        return all(holds(c, told, touches) for c in condition.all)
    if isinstance(condition, AnyOf):
        return any(holds(c, told, touches) for c in condition.any)
    if isinstance(condition, Not):
        return not holds(condition.not_, told, touches)
    if isinstance(condition, Happened):
        return sum(_matches(condition, t) for t in touches) >= condition.at_least
    return _fact(condition, told.get(condition.field))


def _fact(fact: Fact, value: Any) -> bool:
    if fact.missing is not None:
        return (value is None) == fact.missing
    if value is None:
        return False
    if fact.contains is not None:
        return fact.contains.casefold() in value.casefold()
    if fact.between is not None:
        return bool(fact.between[0] <= value <= fact.between[1])
    wanted = fact.in_ if fact.in_ is not None else (fact.is_,)
    if isinstance(value, str):
        return value.casefold() in {str(v).casefold() for v in wanted}
    tests = {
        "at_least": lambda bound: value >= bound,
        "at_most": lambda bound: value <= bound,
        "above": lambda bound: value > bound,
        "below": lambda bound: value < bound,
    }
    for name, test in tests.items():
        if getattr(fact, name) is not None:
            return bool(test(getattr(fact, name)))
    return value in wanted
