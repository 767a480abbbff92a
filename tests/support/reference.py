"""A rulebook evaluated the slow way: one lead, plain Python, straight from the words of the rules.

It shares no code with `features.rulebook.points` and `holds`: both must be wrong alike to agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from features.contact import email_kind, seniority
from features.fields import Fields
from features.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    First,
    Happened,
    Last,
    Not,
    Which,
)
from features.rulebook.document import Criterion, Rulebook
from features.timeline import Activities

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def seen_touches(activities: Activities, lead: str, now: datetime) -> list[dict[str, Any]]:
    """The lead's own activities that had occurred and been recorded by `now`, old to new."""
    return _seen(activities, [i for i in range(len(activities)) if activities.lead[i] == lead], now)


def colleague_touches(
    activities: Activities, lead: str, account: str | None, now: datetime
) -> list[dict[str, Any]]:
    """Those of other leads at the lead's account."""
    others = [i for i in range(len(activities)) if activities.lead[i] != lead]
    at_account = [i for i in others if account is not None and activities.account[i] == account]
    return _seen(activities, at_account, now)


def _seen(activities: Activities, places: list[int], now: datetime) -> list[dict[str, Any]]:
    found = []
    for i in places:
        occurred = activities.occurred_at[i].item()
        recorded = activities.recorded_at[i].item() or occurred
        if occurred <= now and recorded <= now:
            found.append(
                {
                    "age": (now - occurred) / timedelta(days=1),
                    "channel": activities.channel[i],
                    "kind": activities.kind[i],
                    "team": activities.team[i],
                    "value": activities.value[i],
                    "lead": activities.lead[i],
                }
            )
    return sorted(found, key=_in_time)


def _in_time(touch: dict[str, Any]) -> tuple[Any, ...]:
    return -touch["age"], touch["kind"], touch["channel"], touch["team"]


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
    rulebook: Rulebook,
    told: dict[str, Any],
    touches: list[dict[str, Any]],
    others: list[dict[str, Any]],
    now: datetime,
) -> tuple[float, dict[str, float]]:
    """The agreed points of one lead, and those of each criterion before caps."""
    lead = Lead(told, touches, others)
    by_criterion = {c.id: c.points * strength(c, lead, now) for c in rulebook.criteria}
    total = rulebook.base_points
    for name in rulebook.groups:
        total += group_points(rulebook, name, by_criterion)
    bounds = rulebook.total
    if bounds is not None and bounds.at_least is not None:
        total = max(total, bounds.at_least)
    if bounds is not None and bounds.at_most is not None:
        total = min(total, bounds.at_most)
    return total, by_criterion


def group_points(rulebook: Rulebook, name: str, by_criterion: dict[str, float]) -> float:
    """What a group comes to, within its bounds."""
    group = rulebook.groups[name]
    here = sum(by_criterion[c.id] for c in rulebook.criteria if c.group == name)
    if group.at_least is not None:
        here = max(here, group.at_least)
    if group.at_most is not None:
        here = min(here, group.at_most)
    return here


@dataclass
class Lead:
    """One lead: its facts, and what it and its colleagues did."""

    told: dict[str, Any]
    touches: list[dict[str, Any]]
    others: list[dict[str, Any]]

    def acts(self, by: str | None) -> list[dict[str, Any]]:
        """The activities of whom a test asks about, from old to new."""
        if by is None:
            return self.touches
        return (
            self.others if by == "colleagues" else sorted(self.touches + self.others, key=_in_time)
        )


def strength(criterion: Criterion, lead: Lead, now: datetime) -> float:
    """How much of a criterion applies."""
    when = criterion.when
    if criterion.valid_until is not None and now.date() > criterion.valid_until:
        return 0.0
    if not isinstance(when, Happened) or (criterion.count == "once" and criterion.decay is None):
        return float(holds(when, lead))
    hits = _hits(when, lead)
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


def _hits(when: Happened, lead: Lead) -> list[dict[str, Any]]:
    found = [t for t in lead.acts(when.by) if _meant(when.activity, t)]
    return [t for t in found if when.within_days is None or t["age"] <= when.within_days]


def _meant(which: Which, touch: dict[str, Any]) -> bool:
    for part in ("channel", "kind", "team"):
        wanted = getattr(which, part)
        several = (wanted,) if isinstance(wanted, str) else wanted
        if wanted is not None and touch[part].casefold() not in [w.casefold() for w in several]:
            return False
    return True


def _counted(when: Happened, lead: Lead) -> float:
    hits = _hits(when, lead)
    match when.counting:
        case None:
            return len(hits)
        case "value":
            return sum(t["value"] for t in hits if t["value"] == t["value"])
        case "people":
            return len({t["lead"] for t in hits})
        case "days":
            return len({math.floor(t["age"]) for t in hits})
        case part:
            return len({t[part.removesuffix("s")].casefold() for t in hits})


def holds(condition: Condition, lead: Lead) -> bool:
    """Whether a condition holds."""
    if isinstance(condition, AllOf):
        return all(holds(c, lead) for c in condition.all)
    if isinstance(condition, AnyOf):
        return any(holds(c, lead) for c in condition.any)
    if isinstance(condition, Not):
        return not holds(condition.not_, lead)
    if isinstance(condition, Happened):
        return _counted(condition, lead) >= condition.at_least
    if isinstance(condition, First | Last):
        return _end_holds(condition, lead)
    return _fact(condition, lead.told.get(condition.field))


def _end_holds(when: First | Last, lead: Lead) -> bool:
    touches = lead.acts(when.by)
    if not touches:
        return False
    which, end = (when.first, touches[0]) if isinstance(when, First) else (when.last, touches[-1])
    return _meant(which, end) and (when.within_days is None or end["age"] <= when.within_days)


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
