"""Random fields, rulebooks, leads and activities, for property tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from features.arrays import texts
from features.fields import Field, Fields
from features.rulebook.conditions import AllOf, AnyOf, Condition, Fact, Happened, Not, Which
from features.rulebook.document import Criterion, Decay, Group, Rulebook, Scale
from features.timeline import Activities
from tests.support.build import at

LEVELS = ("retail", "Logistics", "x", "7", "ünïcode", "a b")
CHANNELS, KINDS, TEAMS = (
    ("web", "email", "phone"),
    ("visit", "open", "call"),
    ("marketing", "sales"),
)
MAILS = ("a@gmail.com", "b@acme.example", "c@uni-x.de", "nonsense", "d@college.edu")
TITLES = ("Head of IT", "student", "CEO", "Clerk", "Senior Buyer", "VP Sales")
MISSING = st.none()
SAFE = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
LABELS = st.text(SAFE, min_size=1, max_size=12).filter(lambda t: t.strip() == t and t)

FORMS = (
    ("number", ""),
    ("category", ""),
    ("boolean", ""),
    ("text", ""),
    ("text", "email"),
    ("text", "job title"),
    ("instant", ""),
)


@st.composite
def some_fields(draw: st.DrawFn) -> Fields:
    """A lead schema of 1 to 6 input fields of any type, with an account and an instant."""
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=6))
    made = [
        Field(name="lead_id", column="Lead", type="id", role="id"),
        Field(name="account_id", column="Account", type="id", role="id"),
        Field(name="created_at", column="Created", type="instant", role="id"),
    ]
    for i, (kind, form) in enumerate(forms):
        low = draw(st.none() | st.just(-1000.0)) if kind == "number" else None
        made.append(
            Field.model_validate(
                {
                    "name": f"f{i}",
                    "column": f"Column {i}",
                    "type": kind,
                    "format": form,
                    "role": draw(st.sampled_from(["attribute", "activity"])),
                    "owner": draw(st.sampled_from(["marketing", "sales", "joint"])),
                    "label": draw(st.just("") | LABELS),
                    "unit": draw(st.just("") | LABELS) if kind == "number" else "",
                    "missing": draw(st.lists(LABELS, max_size=2)),
                    "minimum": low,
                    "maximum": None if low is None else 1000.0,
                }
            )
        )
    return Fields(
        lead="lead_id", account="account_id", timing={"as_of": "created_at"}, fields=tuple(made)
    )


def values(field: Field) -> st.SearchStrategy[Any]:
    """JSON that a field accepts, missing ones, unseen levels and extreme numbers included."""
    match field.type:
        case "number":
            bound = 1000.0 if field.minimum is not None else 1e12
            some = st.floats(-bound, bound) | st.integers(-20, 20) | st.sampled_from([0.0, 5.0])
            return MISSING | some
        case "boolean":
            return MISSING | st.booleans()
        case "instant":
            return MISSING | st.datetimes().map(lambda d: d.isoformat())
        case "category":
            return MISSING | st.sampled_from(LEVELS) | LABELS
        case _:
            told = {"email": MAILS, "job title": TITLES}.get(field.format, LEVELS)
            return MISSING | st.sampled_from(told) | LABELS


def leads(fields: Fields, least: int = 1, most: int = 8) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Records of several leads with ids of their own, some at the same account."""
    inputs = {f.name: values(f) for f in fields.inputs}
    inputs["account_id"] = MISSING | st.sampled_from(["a1", "a2"])
    one = st.fixed_dictionaries({}, optional=inputs)
    several = st.lists(one, min_size=least, max_size=most)
    return several.map(lambda rs: [r | {"lead_id": f"l{i}"} for i, r in enumerate(rs)])


@st.composite
def histories(draw: st.DrawFn, most: int = 25) -> Activities:
    """Activities of leads l0 to l9 around day 0, some recorded late, some after day 0."""
    edges = st.sampled_from([-90, -30, -28, -7, -1, 0])
    day = edges | st.integers(-200, 60) | st.floats(-60.0, 30.0).map(lambda d: round(d, 3))
    row = st.tuples(
        st.sampled_from(["l0", "l1", "l2", *(f"l{i}" for i in range(10))]),
        MISSING | st.sampled_from(["a1", "a2"]),
        day,
        MISSING | st.sampled_from([-3.0, 0.0, 0.5, 10.0, 90.0]),
        st.sampled_from(CHANNELS),
        st.sampled_from(KINDS),
        st.sampled_from(TEAMS),
    )
    rows = draw(st.lists(row, max_size=most) | st.lists(row, min_size=8, max_size=most))
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * 7
    occurred = at(*columns[2])
    late = [np.timedelta64("NaT") if d is None else _days(d) for d in columns[3]]
    recorded = occurred + np.array(late, dtype="timedelta64[us]")
    a, b, channel, kind, team = (texts(columns[k]) for k in (0, 1, 4, 5, 6))
    return Activities(a, b, occurred, recorded, channel, kind, team, np.full(len(rows), np.nan))


def _days(days: float) -> np.timedelta64:
    return np.timedelta64(round(days * 86_400_000_000), "us")


def facts_about(field: Field) -> st.SearchStrategy[Fact]:
    """Tests of one field, or of a fact derived from it, that a rulebook may make."""
    name = field.name
    given = st.booleans().map(lambda m: Fact(field=name, missing=m))
    match field.type, field.format:
        case "number", _:
            return given | _number_facts(name)
        case "boolean", _:
            return given | st.booleans().map(lambda b: _fact(name, **{"is": b}))
        case "category", _:
            return given | _level_facts(name, LEVELS)
        case "instant", _:
            hours = _number_facts(f"{name}_hour")
            return given | hours | _level_facts(f"{name}_weekday", ("mon", "Tue", "sun"))
        case _, "email":
            return given | _level_facts(f"{name}_kind", ("free", "corporate", "invalid"))
        case _, "job title":
            levels = ("student", "chief", "staff", "head")
            return given | _level_facts(f"{name}_seniority", levels)
        case _:
            return given | _level_facts(f"{name}_given", ("yes", "no"))


def _fact(name: str, **test: Any) -> Fact:
    return Fact.model_validate({"field": name, **test})


def _number_facts(name: str) -> st.SearchStrategy[Fact]:
    number = st.integers(-20, 20).map(float) | st.floats(-1e6, 1e6)
    one = st.sampled_from(["at_least", "at_most", "above", "below", "is"])
    bounds = st.tuples(number, number).map(sorted)
    return (
        st.tuples(one, number).map(lambda t: _fact(name, **{t[0]: t[1]}))
        | bounds.map(lambda b: _fact(name, between=b))
        | st.lists(number, min_size=1, max_size=3).map(lambda v: _fact(name, **{"in": v}))
    )


def _level_facts(name: str, levels: tuple[str, ...]) -> st.SearchStrategy[Fact]:
    level = st.sampled_from([*levels, *(v.upper() for v in levels)])
    return (
        level.map(lambda v: _fact(name, **{"is": v}))
        | level.map(lambda v: _fact(name, contains=v[:3]))
        | st.lists(level, min_size=1, max_size=3).map(lambda v: _fact(name, **{"in": v}))
    )


@st.composite
def happenings(draw: st.DrawFn) -> Happened:
    """Tests of what happened."""
    part = st.sampled_from(["channel", "kind", "team"])
    told = {
        "channel": draw(st.sampled_from([*CHANNELS, "WEB"])),
        "kind": draw(st.sampled_from([*KINDS, "Open"])),
        "team": draw(st.sampled_from(TEAMS)),
    }
    # One part as a rule, so that something matches.
    kept = {draw(part), *draw(st.just(()) | st.tuples(part))}
    which = Which.model_validate({k: v for k, v in told.items() if k in kept})
    days = draw(st.none() | st.sampled_from([1.0, 7.0, 30.0, 90.0, 365.0]))
    return Happened(activity=which, within_days=days, at_least=draw(st.integers(1, 3)))


def conditions(fields: Fields) -> st.SearchStrategy[Condition]:
    """Trees of tests over fields and activities."""
    leaves = st.one_of(happenings(), *(facts_about(f) for f in fields.inputs))
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3).map(lambda c: AllOf(all=tuple(c)))
            | st.lists(inner, min_size=1, max_size=3).map(lambda c: AnyOf(any=tuple(c)))
            | inner.map(lambda c: Not(not_=c))
        ),
        max_leaves=4,
    )


@st.composite
def rulebooks(draw: st.DrawFn, fields: Fields) -> Rulebook:
    """An edition over `fields` that uses all that criteria and groups can."""
    bound = st.none() | st.integers(0, 40).map(float)
    groups = {
        name: Group(label=draw(LABELS), at_most=draw(bound), at_least=draw(bound.map(_negative)))
        for name in ("fit", "engagement")
    }
    made = tuple(draw(_criterion(i, fields)) for i in range(draw(st.integers(0, 5))))
    scale = Scale(
        anchor_points=draw(st.integers(0, 100).map(float)),
        anchor_likelihood=draw(st.floats(0.001, 0.9)),
        points_to_double_odds=draw(st.floats(2.0, 40.0)),
    )
    return Rulebook(
        edition=draw(LABELS),
        scale=scale,
        base_points=draw(st.integers(-20, 60).map(float)),
        hand_over_from=draw(st.integers(1, 99).map(float)),
        grades={"A": 70.0, "B": 40.0, "C": 0.0},
        groups=groups,
        criteria=made,
    )


def _negative(bound: float | None) -> float | None:
    return None if bound is None else -bound


@st.composite
def _criterion(draw: st.DrawFn, i: int, fields: Fields) -> Criterion:
    when = draw(happenings() | conditions(fields))
    fades = isinstance(when, Happened)
    count = draw(st.sampled_from(["once", "repeat"])) if fades else "once"
    decay = draw(st.none() | decays()) if fades else None
    cap = draw(st.none() | st.floats(0.5, 40.0)) if count == "repeat" else None
    return Criterion(
        id=f"c{i}",
        says=draw(LABELS),
        group=draw(st.sampled_from(["fit", "engagement"])),
        owner=draw(st.sampled_from(["marketing", "sales", "joint"])),
        when=when,
        points=draw(st.integers(-30, 30).map(float) | st.floats(-30.0, 30.0)),
        count=count,
        cap=cap,
        decay=decay,
    )


def decays() -> st.SearchStrategy[Decay]:
    """Both ways of fading."""
    days = st.sampled_from([1.0, 14.0, 60.0])
    return days.map(lambda d: Decay(half_life_days=d)) | days.map(
        lambda d: Decay(gone_after_days=d)
    )
