"""What is said of rules without looking at leads holds for all leads."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.fields import Field, Fields
from features.rulebook.check import complaints, universe
from features.rulebook.conditions import Condition, Fact
from features.rulebook.findings import findings
from features.rulebook.logic import Logic
from features.rulebook.points import award, disqualified, holds
from features.snapshot import take_snapshot
from tests.support import reference
from tests.support.build import at
from tests.support.strategies import conditions, histories, leads, rulebooks, some_fields, trees

SMALL = Fields(
    lead="id",
    fields=(
        Field(name="id", column="id", type="id", role="id"),
        Field(name="x", column="x", type="number", role="attribute", minimum=0, maximum=3),
        Field(name="p", column="p", type="boolean", role="attribute"),
        Field(name="c", column="c", type="category", role="attribute", levels=("ab", "B", "abc")),
        Field(name="o", column="o", type="category", role="attribute"),
    ),
)
WORLDS: list[dict[str, Any]] = [
    {"x": x, "p": p, "c": c, "o": o}
    for x, p, c, o in product(
        [None, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0],
        [None, 0.0, 1.0],
        [None, "ab", "b", "abc"],
        [None, "ab", "b", "something else"],
    )
]
"""Every lead that tests of `small_facts` can tell apart."""


@st.composite
def small_facts(draw: st.DrawFn) -> Fact:
    """Tests of the four fields, of values that make up the worlds."""
    number = st.sampled_from([0.0, 1.0, 2.0, 3.0])
    level = st.sampled_from(["ab", "b", "AB"])
    name = draw(st.sampled_from("xpco"))
    tests: dict[str, st.SearchStrategy[Any]] = {"missing": st.booleans()}
    if name == "x":
        tests |= dict.fromkeys(("at_least", "at_most", "above", "below", "is"), number)
        tests["between"] = st.tuples(number, number).map(sorted)
        tests["in"] = st.lists(number, min_size=1, max_size=2)
    elif name == "p":
        tests["is"] = st.booleans()
    else:
        tests |= {"is": level, "in": st.lists(level, min_size=1, max_size=2)}
    if name == "c":
        tests["contains"] = st.sampled_from(["a", "B", "bc"])
    key = draw(st.sampled_from(list(tests)))
    return Fact.model_validate({"field": name, key: draw(tests[key])})


def holding(condition: Condition) -> set[int]:
    """The worlds in which a condition holds, by the slow reference."""
    told = (reference.Lead(world, [], []) for world in WORLDS)
    return {i for i, lead in enumerate(told) if reference.holds(condition, lead)}


@settings(max_examples=300)
@given(trees(small_facts()), trees(small_facts()))
def test_questions_about_facts_are_answered_as_trying_every_lead_does(
    one: Condition, other: Condition
):
    logic = Logic(universe(SMALL))
    a, b = holding(one), holding(other)
    assert logic.never(one) == (not a)
    assert logic.always(one) == (len(a) == len(WORLDS))
    assert logic.implies(one, other) == (a <= b)
    assert logic.apart(one, other) == (not a & b)


@given(st.data())
def test_no_answer_about_activities_is_refuted_by_a_history(data: st.DataObject):
    fields = data.draw(some_fields())
    one, other = data.draw(conditions(fields)), data.draw(conditions(fields))
    records = data.draw(leads(fields))
    columns = from_records(records, fields).columns
    snapshot = take_snapshot(columns, data.draw(histories()), at(*[0.0] * len(records)), fields)
    facts = facts_of(snapshot, Catalogue.of(fields, Vocabulary()).compute(snapshot))
    a, b = holds(one, facts), holds(other, facts)
    logic = Logic(universe(fields))
    assert not (logic.never(one) and a.any())
    assert not (logic.always(one) and not a.all())
    assert not (logic.implies(one, other) and (a & ~b).any())
    assert not (logic.apart(one, other) and (a & b).any())


@given(st.data())
def test_no_finding_is_refuted_by_a_lead(data: st.DataObject):
    fields = data.draw(some_fields())
    book = data.draw(rulebooks(fields))
    assume(not complaints(book, fields))
    records = data.draw(leads(fields))
    columns = from_records(records, fields).columns
    snapshot = take_snapshot(columns, data.draw(histories()), at(*[0.0] * len(records)), fields)
    facts = facts_of(snapshot, Catalogue.of(fields, Vocabulary()).compute(snapshot))
    agreed, out = award(book, facts), disqualified(book, facts)
    place = {c.id: k for k, c in enumerate(book.criteria)}
    for found in findings(book, fields):
        assert found.sentence().endswith(".")
        if found.kind == "contradiction" and found.where in place:
            assert not agreed.strength[:, place[found.where]].any()
        if found.kind == "always" and found.severity == "error":
            assert (out >= 0).all()
        if found.kind == "unreachable" and "handed over from" in found.what:
            shown = np.floor(np.clip(agreed.total, 0, 100) + 0.5)
            assert (shown < book.hand_over_from).all()
