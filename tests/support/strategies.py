"""Random fields, rulebooks, leads and activities, for property tests."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from hypothesis import strategies as st

from features.arrays import texts
from features.fields import Field, Fields
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
from features.rulebook.criteria import Bounds, Criterion, Decay, Disqualifier, Group
from features.rulebook.document import Grid, Rulebook, Scale
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
GRID = Grid(fit={"A": 20.0, "B": 10.0, "C": 0.0}, engagement={1: 15.0, 2: 5.0, 3: -1.0})
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
    some = st.sampled_from([np.nan, 0.5, 10.0, -3.0])
    value = np.array([draw(some) for _ in rows], dtype=np.float64)
    return Activities(a, b, occurred, recorded, channel, kind, team, value)


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
def activity_tests(draw: st.DrawFn) -> Which:
    """Which activities: one part as a rule, so that something matches."""
    part = st.sampled_from(["channel", "kind", "team"])
    told = {
        "channel": draw(_one_or_several([*CHANNELS, "WEB"])),
        "kind": draw(_one_or_several([*KINDS, "Open"])),
        "team": draw(st.sampled_from(TEAMS)),
    }
    kept = {draw(part), *draw(st.just(()) | st.tuples(part))}
    found = {k: v for k, v in told.items() if k in kept}
    return Which.model_validate(draw(st.sampled_from([found, found, {"any": True}])))


def _one_or_several(labels: list[str]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(labels)
    return one | st.lists(one, min_size=1, max_size=3).map(tuple)


WITHIN = st.none() | st.sampled_from([1.0, 7.0, 30.0, 90.0, 365.0])
WHOSE = st.sampled_from([None, None, "colleagues", "account"])


@st.composite
def happenings(draw: st.DrawFn, counting: bool = True) -> Happened:
    """Tests of what happened."""
    what = [None, None, "channels", "kinds", "days", "people", "value"] if counting else [None]
    counted = draw(st.sampled_from(what))
    least = st.integers(1, 3) | (st.sampled_from([0.5, 20.0]) if counted == "value" else st.just(1))
    return Happened(
        activity=draw(activity_tests()),
        within_days=draw(WITHIN),
        by=draw(WHOSE),
        counting=counted,
        at_least=draw(least),
    )


@st.composite
def ends(draw: st.DrawFn) -> First | Last:
    """Tests of the oldest or newest activity."""
    which, days, by = draw(activity_tests()), draw(WITHIN), draw(WHOSE)
    if draw(st.booleans()):
        return First(first=which, within_days=days, by=by)
    return Last(last=which, within_days=days, by=by)


def conditions(fields: Fields) -> st.SearchStrategy[Condition]:
    """Trees of tests over fields and activities."""
    return trees(st.one_of(happenings(), ends(), *(facts_about(f) for f in fields.inputs)))


def trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    """Trees of such leaves."""
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
        name: Group(
            label=draw(LABELS),
            at_most=draw(bound),
            at_least=draw(bound.map(_negative)),
            dimension=name,
        )
        for name in ("fit", "engagement")
    }
    made = tuple(draw(criteria(i, fields)) for i in range(draw(st.integers(0, 5))))
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
        grid=draw(st.none() | st.just(GRID)),
        groups=groups,
        total=draw(st.none() | st.just(Bounds(at_most=60.0, at_least=-5.0))),
        criteria=made,
        disqualifiers=tuple(
            Disqualifier(id=f"d{i}", says=f"D{i}", when=draw(conditions(fields)), route="nurture")
            for i in range(draw(st.integers(0, 2)))
        ),
    )


def _negative(bound: float | None) -> float | None:
    return None if bound is None else -bound


@st.composite
def criteria(draw: st.DrawFn, i: int, fields: Fields) -> Criterion:
    """A criterion over `fields` that uses all that criteria can."""
    when = draw(happenings(counting=False) | conditions(fields))
    fades = isinstance(when, Happened) and when.counting is None
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
        valid_until=draw(st.sampled_from([None, None, date(2025, 12, 31), date(2026, 1, 1)])),
    )


def decays() -> st.SearchStrategy[Decay]:
    """Both ways of fading."""
    days = st.sampled_from([1.0, 14.0, 60.0])
    return days.map(lambda d: Decay(half_life_days=d)) | days.map(
        lambda d: Decay(gone_after_days=d)
    )


WORDS = (
    "is",
    "at",
    "the",
    "within",
    "30",
    "days",
    "from",
    "sales",
    "and",
    "or",
    "not",
    "one",
    "of",
)
ODD = st.text(max_size=8) | st.lists(st.sampled_from([*WORDS, "x", "Ab", "7"]), max_size=5).map(
    lambda words: "_".join(words)
)
"""Names that nobody should give, some of them words of the grammar."""
PLAIN = st.sampled_from(["employees", "job_title", "webinar_attended", "created_at_hour"])


def _numbers() -> st.SearchStrategy[float]:
    return st.floats(allow_nan=False, allow_infinity=False) | st.integers(-50, 50).map(float)


@st.composite
def any_facts(draw: st.DrawFn) -> Fact:
    """Tests of facts of any name and any value, whether or not any field could have it."""
    number = _numbers()
    text = ODD | ODD.map(lambda t: t.replace("_", " ")) | st.sampled_from(LEVELS)
    scalar = st.booleans() | number | text
    tests = {
        "is": scalar,
        "in": st.lists(scalar, min_size=1, max_size=3),
        "between": st.tuples(number, number).map(sorted),
        "contains": text,
        "missing": st.booleans(),
        **dict.fromkeys(("at_least", "at_most", "above", "below"), number),
    }
    key = draw(st.sampled_from(list(tests)))
    return Fact.model_validate({"field": draw(ODD | PLAIN), key: draw(tests[key])})


@st.composite
def any_acts(draw: st.DrawFn) -> Happened | First | Last:
    """Tests of activities of any name."""
    label = st.none() | ODD.filter(bool) | PLAIN | st.lists(ODD, min_size=1, max_size=3).map(tuple)
    told = {
        "kind": draw(label),
        "channel": draw(label),
        "team": draw(st.none() | st.sampled_from(TEAMS)),
    }
    given = {k: v for k, v in told.items() if v is not None} or {"any": True}
    test = draw(happenings() | ends())
    days = draw(WITHIN | st.floats(0.001, 1e6))
    key = {Happened: "activity", First: "first", Last: "last"}[type(test)]
    return type(test).model_validate(
        test.model_dump(exclude_none=True) | {key: given, "within_days": days}
    )


def any_conditions() -> st.SearchStrategy[Condition]:
    """Trees of any tests at all."""
    return trees(any_facts() | any_acts())
