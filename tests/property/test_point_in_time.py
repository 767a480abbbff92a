"""No value may know the future, and no lead's values may depend on who is asked for beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import Table
from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed, award
from features.snapshot import take_snapshot
from features.timeline import Activities, join
from tests.support.build import at
from tests.support.strategies import (
    CHANNELS,
    KINDS,
    TEAMS,
    histories,
    leads,
    rulebooks,
    some_fields,
)

VOCABULARY = Vocabulary(CHANNELS, KINDS, TEAMS)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Fields, Rulebook, list[dict[str, Any]], Activities, Any]:
    """Fields, a rulebook, leads, what they did, and the instant each is looked at."""
    fields = draw(some_fields())
    records = draw(leads(fields))
    days = draw(st.lists(st.integers(-60, 30), min_size=len(records), max_size=len(records)))
    return fields, draw(rulebooks(fields)), records, draw(histories()), at(*days)


def known(
    fields: Fields, rulebook: Rulebook, records: list[dict[str, Any]], acts: Activities, as_of: Any
) -> tuple[Table, Agreed]:
    """All features and agreed points."""
    columns = from_records(records, fields).columns
    snapshot = take_snapshot(columns, acts, as_of, fields)
    features = Catalogue.of(fields, VOCABULARY).compute(snapshot)
    return features, award(rulebook, facts_of(snapshot, features))


def same(a: tuple[Table, Agreed], b: tuple[Table, Agreed]) -> None:
    """Assert equal features and points, bit for bit."""
    assert a[0].names == b[0].names
    for name in a[0].names:
        assert a[0][name].dtype == b[0][name].dtype
        np.testing.assert_array_equal(a[0][name], b[0][name], err_msg=name)
    np.testing.assert_array_equal(a[1].points, b[1].points)
    np.testing.assert_array_equal(a[1].total, b[1].total)


@given(worlds(), histories())
def test_nothing_that_occurs_or_is_recorded_after_the_instant_changes_any_value(
    world: Any, others: Activities
):
    fields, rulebook, records, acts, as_of = world
    instant = as_of.min()
    as_of = np.full(len(records), instant)
    past = acts.take(acts.visible_at <= instant)
    future = others.take(others.visible_at > instant)
    expected = known(fields, rulebook, records, past, as_of)
    for mixed in (join([past, future]), join([future, past])):
        same(known(fields, rulebook, records, mixed, as_of), expected)


@given(worlds())
def test_every_lead_sees_only_what_was_visible_at_its_own_instant(world: Any):
    fields, rulebook, records, acts, as_of = world
    features, agreed = known(fields, rulebook, records, acts, as_of)
    for i in range(len(records)):
        visible = acts.take(acts.visible_at <= as_of[i])
        row = np.array([i])
        alone = known(fields, rulebook, [records[i]], visible, as_of[row])
        for name in features.names:
            np.testing.assert_array_equal(alone[0][name], features[name][row], err_msg=name)
        np.testing.assert_allclose(alone[1].total, agreed.total[row], rtol=0, atol=1e-9)


@given(worlds())
def test_row_i_of_a_batch_equals_lead_i_alone(world: Any):
    fields, rulebook, records, acts, as_of = world
    features, agreed = known(fields, rulebook, records, acts, as_of)
    for i in range(len(records)):
        row = np.array([i])
        alone = known(fields, rulebook, [records[i]], acts, as_of[row])
        for name in features.names:
            np.testing.assert_array_equal(alone[0][name], features[name][row], err_msg=name)
        np.testing.assert_allclose(alone[1].points, agreed.points[row], rtol=0, atol=1e-9)
        np.testing.assert_allclose(alone[1].total, agreed.total[row], rtol=0, atol=1e-9)


@given(worlds())
def test_a_lead_without_an_instant_sees_nothing(world: Any):
    fields, rulebook, records, acts, _ = world
    never = np.full(len(records), np.datetime64("NaT", "us"))
    nothing = acts.take(np.zeros(len(acts), dtype=bool))
    same(
        known(fields, rulebook, records, acts, never),
        known(fields, rulebook, records, nothing, never),
    )
