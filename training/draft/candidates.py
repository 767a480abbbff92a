"""Criteria that could be proposed: one idea each, worded for people, from the facts of a lead."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.arrays import Column, Floats
from features.fields import Field, Fields
from features.rulebook.conditions import Fact, Happened, Which
from features.rulebook.document import Criterion, Decay
from features.rulebook.points import Facts, criterion_strength
from training.words import tells_time, words_of

STEP = 5.0
"""Points are proposed in steps of this many."""
_LEAST_SHARE, _LEAST_ROWS = 0.01, 20
_MOST_SHARE = 0.6
"""A rule is told of the few it applies to, not of the many it does not."""
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_CLOCK = 0.5
"""A field of whose order in time this share is told by its value follows the calendar."""
_DERIVED = {"_kind": "mailbox", "_seniority": "level", "_function": "work"}


@dataclass(frozen=True)
class Candidate:
    """One criterion that could be, and how much it applies to each of n leads.

    Attributes:
        criterion: with one step of points.
        about: the field, or the activity, that it asks for.
        strength: (n,) 0 where it does not apply.
        negative_only: whether points above 0 would make no sense (a fact that is not given).
    """

    criterion: Criterion
    about: str
    strength: Floats
    negative_only: bool = False


def candidates(fields: Fields, facts: Facts, order: Floats | None) -> Iterator[Candidate]:
    """Everything worth weighing, for n leads in `facts`; `order` (n,) grows with time, or None."""
    for field in fields.inputs:
        if field.name == fields.timing.as_of or field.type in ("id", "instant"):
            continue
        for criterion, negative_only in _criteria(field, facts, order):
            strength = criterion_strength(criterion, facts)
            often = float((strength > 0).sum())
            if max(_LEAST_ROWS, _LEAST_SHARE * facts.n) <= often <= _MOST_SHARE * facts.n:
                yield Candidate(criterion, field.name, strength, negative_only)
    for criterion in _engagement(facts):
        yield Candidate(criterion, criterion.id, criterion_strength(criterion, facts))


def _criteria(field: Field, facts: Facts, order: Floats | None) -> Iterator[tuple[Criterion, bool]]:
    for name in _facts_of(field, facts):
        column = facts.columns[name]
        if order is not None and follows_the_clock(column, order):
            continue
        for fact, says in _tests(name, _title(field, name), field, column):
            yield _criterion(field, fact, says), bool(fact.missing)


def _facts_of(field: Field, facts: Facts) -> list[str]:
    """The facts of a field that a rule may ask for, by name."""
    names = [field.name] if field.type in ("number", "category", "boolean") else []
    names += [field.name + suffix for suffix in (*_DERIVED, "_given")]
    return [name for name in names if name in facts.columns]


def _title(field: Field, name: str) -> str:
    told = next((word for end, word in _DERIVED.items() if name == field.name + end), "")
    return f"{field.title}, {told}" if told else field.title


def follows_the_clock(column: Column, order: Floats) -> bool:
    """Whether a value tells when the lead came better than what it is (eta² above a half)."""
    rank = np.argsort(np.argsort(order, kind="stable"), kind="stable").astype(np.float64)
    if column.dtype.kind == "f":
        absent = np.isnan(column)
        if absent.all():
            return False
        edges = np.unique(np.quantile(column[~absent], np.arange(1, 20) / 20))
        codes = np.where(absent, 0, 1 + np.searchsorted(edges, column))
    else:
        _, codes = np.unique([str(v) for v in column], return_inverse=True)
    n = np.bincount(codes)
    mean = np.bincount(codes, rank) / np.maximum(n, 1)
    between = float(np.sum(n * (mean - rank.mean()) ** 2))
    return between > _CLOCK * float(np.sum((rank - rank.mean()) ** 2))


def _tests(name: str, title: str, field: Field, column: Column) -> Iterator[tuple[Fact, str]]:
    if field.type == "number":
        yield from _number_tests(name, title, field, column)
    elif field.type == "boolean":
        yield fact_is(name, True), f"{title}: yes"
        yield fact_is(name, False), f"{title}: no"
    elif name.endswith("_given") and field.type == "text":
        yield fact_is(name, "no"), f"{title} not given"
        return
    else:
        yield from _level_tests(name, title, column)
    yield Fact(field=name, missing=True), f"{title} not given"


def _level_tests(name: str, title: str, column: Column) -> Iterator[tuple[Fact, str]]:
    counts: dict[str, int] = {}
    for value in column:
        if value is not None:
            counts[value] = counts.get(value, 0) + 1
    least = max(_LEAST_ROWS, _LEAST_SHARE * len(column))
    for level, k in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if k >= least:
            yield fact_is(name, level), f"{title} is {level}"


def _number_tests(
    name: str, title: str, field: Field, column: Column
) -> Iterator[tuple[Fact, str]]:
    x = column[~np.isnan(column)]
    if not len(x):
        return
    unit = f" {field.unit}" if field.unit else ""
    cuts = {q: _plain(float(np.quantile(x, q))) for q in _QUANTILES}
    for q, cut in cuts.items():
        if not x.min() < cut <= x.max() or cut in [cuts[r] for r in _QUANTILES if r < q]:
            continue
        if q >= 0.5:
            yield Fact(field=name, at_least=cut), f"{title}: {cut:,.6g}{unit} or more"
        else:
            yield Fact(field=name, below=cut), f"{title}: below {cut:,.6g}{unit}"
    if x.min() == 0 == cuts[0.5]:
        yield Fact(field=name, above=0.0), f"{title}: more than none"


def fact_is(name: str, value: bool | str) -> Fact:
    """The test that a fact is `value`."""
    return Fact.model_validate({"field": name, "is": value})


def _plain(value: float) -> float:
    """A number people would choose: two significant digits."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return float(f"{value:.2g}")


def _criterion(field: Field, fact: Fact, says: str) -> Criterion:
    value = fact.is_ if fact.is_ is not None else (fact.at_least or fact.below)
    if fact.missing:
        tail = "missing"
    elif isinstance(value, bool):
        tail = "yes" if value else "no"
    else:
        word = "below" if fact.below is not None else "from" if fact.at_least is not None else ""
        tail = f"{word} {value:g}" if isinstance(value, float) else str(value or "any")
    slug = re.sub(r"[^a-z0-9]+", "_", tail.casefold()).strip("_") or "other"
    return Criterion(
        id=f"{fact.field[:40]}_{slug}"[:63].rstrip("_"),
        says=says,
        group=group_of(field),
        owner=field.owner,
        when=fact,
        points=STEP,
    )


def group_of(field: Field) -> str:
    """The group of criteria that a field's rules belong to."""
    if field.role == "activity":
        return "engagement"
    if tells_time(words_of(field.column)):
        return "timing"
    return "source" if field.owner == "marketing" else "fit"


def _engagement(facts: Facts) -> Iterator[Criterion]:
    """What leads did, by kind: repeated, capped, fading. The most frequent kinds only."""
    kinds: dict[tuple[str, str], int] = {}
    for kind, team in zip(facts.own.kind, facts.own.team, strict=True):
        kinds[kind, team] = kinds.get((kind, team), 0) + 1
    for (kind, team), _ in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))[:8]:
        slug = re.sub(r"[^a-z0-9]+", "_", kind.casefold()).strip("_") or "other"
        yield Criterion(
            id=f"did_{slug}_{team}"[:63],
            says=f"Each {kind.replace('_', ' ')} ({team}), fading by half every 30 days",
            group="engagement",
            owner="marketing" if team == "marketing" else "sales",
            when=Happened(activity=Which.model_validate({"kind": kind, "team": team})),
            points=STEP,
            count="repeat",
            cap=3 * STEP,
            decay=Decay(half_life_days=30.0),
        )
