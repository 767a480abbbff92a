"""A rulebook gives what its words say, and reads back as it was written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.fields import Fields, parse_document
from features.rulebook.check import complaints
from features.rulebook.conditions import walk
from features.rulebook.document import Rulebook, parse_rulebook
from features.rulebook.points import award, disqualified, sub_score
from features.rulebook.sentences import sentence
from features.snapshot import take_snapshot
from tests.support import reference
from tests.support.build import at
from tests.support.strategies import histories, leads, rulebooks, some_fields


@given(st.data())
def test_points_equal_those_of_a_slow_reading_of_the_rules(data: st.DataObject):
    fields = data.draw(some_fields())
    rulebook = data.draw(rulebooks(fields))
    records = data.draw(leads(fields))
    acts = data.draw(histories())
    as_of = at(*[0.0] * len(records))
    columns = from_records(records, fields).columns
    snapshot = take_snapshot(columns, acts, as_of, fields)
    features = Catalogue.of(fields, Vocabulary()).compute(snapshot)
    facts = facts_of(snapshot, features)
    agreed, out = award(rulebook, facts), disqualified(rulebook, facts)
    for i, record in enumerate(records):
        told = reference.facts(record, fields)
        touches = reference.seen_touches(acts, record["lead_id"], as_of[i].item())
        others = reference.colleague_touches(
            acts, record["lead_id"], record.get("account_id"), as_of[i].item()
        )
        total, by_criterion = reference.points(rulebook, told, touches, others, as_of[i].item())
        assert agreed.points[i] == pytest.approx(list(by_criterion.values()), abs=1e-9)
        assert agreed.total[i] == pytest.approx(total, abs=1e-9)
        lead = reference.Lead(told, touches, others)
        barred = [k for k, d in enumerate(rulebook.disqualifiers) if reference.holds(d.when, lead)]
        assert out[i] == (barred[0] if barred else -1)
        for dimension in ("fit", "engagement"):
            here = reference.group_points(rulebook, dimension, by_criterion)
            assert sub_score(rulebook, agreed, dimension)[i] == pytest.approx(here, abs=1e-9)


@given(st.data())
def test_caps_and_points_add_up_to_the_total(data: st.DataObject):
    fields = data.draw(some_fields())
    rulebook = data.draw(rulebooks(fields))
    records = data.draw(leads(fields))
    columns = from_records(records, fields).columns
    snapshot = take_snapshot(columns, data.draw(histories()), at(*[0.0] * len(records)), fields)
    features = Catalogue.of(fields, Vocabulary()).compute(snapshot)
    agreed = award(rulebook, facts_of(snapshot, features))
    added = agreed.base + agreed.points.sum(axis=1) + agreed.caps.sum(axis=1)
    np.testing.assert_allclose(agreed.total, added, rtol=0, atol=1e-9)
    for k, criterion in enumerate(rulebook.criteria):
        if criterion.cap is not None:
            assert np.all(np.abs(agreed.points[:, k]) <= criterion.cap + 1e-9)
        assert np.all(agreed.share[:, k] >= 0)
        if np.isfinite(criterion.most):
            assert np.all(agreed.share[:, k] <= 1 + 1e-12)


@given(st.data())
def test_an_edition_reads_back_equal_to_itself_and_keeps_its_hash(data: st.DataObject):
    fields = data.draw(some_fields())
    rulebook = data.draw(rulebooks(fields))
    again = parse_rulebook(rulebook.text())
    assert again == rulebook
    assert again.fingerprint() == rulebook.fingerprint()
    signed = rulebook.model_copy(update={"status": "signed"})
    assert signed.fingerprint() == rulebook.fingerprint()
    raised = rulebook.model_copy(update={"base_points": rulebook.base_points + 1})
    assert raised.fingerprint() != rulebook.fingerprint()


@given(some_fields())
def test_a_fields_document_reads_back_equal_to_itself(fields: Fields):
    again = parse_document(Fields, fields.text(), "again")
    assert again == fields
    assert isinstance(again, Fields)
    assert again.fingerprint() == fields.fingerprint()


@given(st.data())
def test_a_rule_over_declared_facts_has_no_complaints_but_bounds_and_a_sentence(
    data: st.DataObject,
):
    fields = data.draw(some_fields())
    rulebook: Rulebook = data.draw(rulebooks(fields))
    told: list[str] = complaints(rulebook, fields)
    assert all("lies between" in line for line in told), told
    for criterion in rulebook.criteria:
        words: Any = sentence(criterion.when)
        assert words
        for leaf in walk(criterion.when):
            if hasattr(leaf, "field"):
                assert leaf.field.replace("_", " ") in words
