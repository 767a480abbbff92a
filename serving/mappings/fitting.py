"""What a payload tells, held against a workspace's fields: what of it can be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from features.columns import readable
from features.errors import Problem, shorten
from features.fields import Fields
from features.values import parse_value
from serving.incoming import ID_ALLOWED, is_id, is_short
from serving.mappings.items import Fact, Told
from serving.problems import wrong

OWNER = "@owner"
"""Under which the owner of a lead stands among its facts; no field can be called so."""


@dataclass(frozen=True)
class Fitted:
    """What of a record's facts can be stored.

    Attributes:
        facts: by name of the field; the owner under `OWNER`.
        problems: values that this workspace cannot take.
        ignored: names that no field of this workspace reads, or that are not known before the end.
    """

    facts: Mapping[str, Fact]
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...]


def fit(told: Told, fields: Fields) -> Fitted:
    """Facts that fields of this workspace take; the others named. A bad value loses no other."""
    facts, ignored = dict(told.facts), []
    if told.account is not None:
        if fields.account is None:
            ignored.append("account")
        else:
            facts[fields.account] = told.account
    known = {f.name: f for f in readable(fields) if f.name != fields.lead}
    kept: dict[str, Fact] = {}
    problems = list(told.problems)
    for name, fact in facts.items():
        if name not in known:
            ignored.append(name)
            continue
        found = parse_value(known[name], fact.value)
        if name == fields.account and fact.value is not None and not is_id(fact.value):
            found = wrong(fact.place, fact.value, "This is no account's id.", ID_ALLOWED)
        if isinstance(found, Problem):
            problems.append(replace(found, field=name, place=fact.place))
        else:
            kept[name] = fact
    if told.owner is not None:
        problem = _owner_wrong(told.owner.value, told.owner.place)
        problems += problem
        kept |= {} if problem else {OWNER: told.owner}
    return Fitted(kept, tuple(problems), tuple(ignored))


def _owner_wrong(value: Any, place: str) -> list[Problem]:
    if value is None or is_short(value):
        return []
    return [wrong(place, shorten(value), "An owner's name was expected.", "a short text")]
