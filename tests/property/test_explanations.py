"""Every score adds up, to the last point, whatever the agreement, the lead and the history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.document import Rulebook
from features.rulebook.points import award
from features.snapshot import take_snapshot
from models.answer import answer
from models.bundle import Bundle, Versions
from models.explanation import Explanation
from models.scorer import Scorer, Scores
from models.workspace import Workspace
from tests.support.build import at
from tests.support.ladders import random_ladder
from tests.support.strategies import (
    CHANNELS,
    KINDS,
    LABELS,
    TEAMS,
    histories,
    leads,
    rulebooks,
    some_fields,
)

BLANK = Versions("m", "e", "", "", "", "", "")


def adds_up(told: Explanation, exact: float) -> None:
    """Assert that lines sum to the exact score and, with the limit line, to the shown one."""
    lines = [line for line in told.lines if line.kind != "limit"]
    size = max(1.0, sum(abs(line.points) for line in lines))
    assert sum(line.points for line in lines) == pytest.approx(exact, abs=1e-6, rel=0)
    assert told.exact == pytest.approx(exact, abs=1e-6, rel=0)
    assert sum(line.points for line in told.lines) == pytest.approx(told.shown, abs=1e-9 * size)
    assert 0 <= told.shown <= 100
    assert [x.kind for x in told.lines].count("limit") == (not 0 <= told.exact <= 100)


def plain_scores(scorer: Scorer, scores: Scores) -> np.ndarray:
    """The exact scores by the other road: plain predictions, no contributions."""
    made = scorer.leads(scores.told.features, scores.told.agreed)
    return np.asarray(scorer.ladder.scale.points(scorer.ladder.log_odds(made)))


@settings(max_examples=60)
@given(st.data())
def test_lines_add_up_for_any_rulebook_fields_leads_activities_and_ladder(data: st.DataObject):
    fields: Fields = data.draw(some_fields())
    rulebook = data.draw(rulebooks(fields))
    vocabulary = Vocabulary(CHANNELS, KINDS, TEAMS)
    taught, asked = data.draw(leads(fields, 4)), data.draw(leads(fields))
    acts = data.draw(histories())
    columns = from_records(taught, fields).columns
    snapshot = take_snapshot(columns, acts, at(*[0.0] * len(taught)), fields)
    features = Catalogue.of(fields, vocabulary).compute(snapshot)
    share = award(rulebook, facts_of(snapshot, features)).share
    ladder = random_ladder(rulebook, features, share, data.draw(st.integers(0, 10**6)))
    scorer = Scorer(Bundle(fields, rulebook, vocabulary, ladder, {}), BLANK)
    scores = scorer.score(from_records(asked, fields).columns, acts, at(*[0.0] * len(asked)))
    exact = plain_scores(scorer, scores)
    for i in range(scores.n):
        told = scores.explain(i)
        adds_up(told, exact[i])
        assert sum(x.agreed for x in told.lines if x.kind != "limit") == pytest.approx(
            scores.agreed_exact[i], abs=1e-6
        )
        assert all(line.sentence and line.label for line in told.lines)
        stands_where_its_reasons_say(answer("l", scores, i, scorer), rulebook)


def stands_where_its_reasons_say(told: dict[str, Any], rulebook: Rulebook) -> None:
    """Assert that fit and engagement are sums of reasons, and that who is kept back stays back."""
    for name in ("fit", "engagement"):
        lines = [line for line in told["reasons"] if line["dimension"] == name]
        for part in ("agreed", "learned"):
            assert told[name][part] == pytest.approx(sum(x[part] for x in lines), abs=1e-6)
    rest = [x["points"] for x in told["reasons"] if not x["dimension"] and x["kind"] != "limit"]
    parts = sum(sum(told[name].values()) for name in ("fit", "engagement"))
    assert parts + sum(rest) == pytest.approx(told["score_exact"], abs=1e-6)
    cell = (told["fit"]["agreed"], told["engagement"]["agreed"])
    assert told["grid"] == (rulebook.grid and rulebook.grid.cell(*cell))
    reaches = told["score"] >= rulebook.hand_over_from
    assert told["handed_over"] == (reaches and told["disqualified"] is None)


def sample_leads() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Leads of the simulated company as a CRM might send them: gaps, unseen levels, extremes."""
    levels = {
        "industry": ("retail", "logistics", "education"),
        "country": ("Germany", "Spain"),
        "source": ("webinar", "partner referral", "list purchase", "review site"),
    }
    some: dict[str, st.SearchStrategy[Any]] = {
        name: st.none() | st.sampled_from(known) | LABELS for name, known in levels.items()
    }
    some["employees"] = st.none() | st.integers(1, 3_000_000) | st.floats(1, 3e6)
    some["job_title"] = st.none() | st.sampled_from(("CEO", "Student", "Head of IT")) | LABELS
    some["email"] = st.none() | st.sampled_from(("a@gmail.com", "b@c.example", "?"))
    some["wants"] = st.none() | st.just("a demo")
    for flag in ("budget_date_given", "phone_given", "opted_out"):
        some[flag] = st.none() | st.booleans()
    some["account_id"] = st.none() | st.just("a1")
    some["created_at"] = st.none() | st.just("2025-12-30T08:00:00Z") | st.just("1970-01-01")
    one = st.fixed_dictionaries({}, optional=some)
    several = st.lists(one, min_size=1, max_size=6)
    return several.map(lambda rs: [r | {"lead_id": f"l{i}"} for i, r in enumerate(rs)])


@pytest.fixture(scope="module")
def scorer(trained: Workspace) -> Scorer:
    return Scorer.load(trained.champion())


@given(sample_leads(), histories(), st.data())
def test_a_trained_model_adds_up_on_any_lead(
    scorer: Scorer, records: Any, acts: Any, data: st.DataObject
):
    days = data.draw(st.lists(st.integers(-90, 90), min_size=len(records), max_size=len(records)))
    columns = from_records(records, scorer.fields).columns
    scores = scorer.score(columns, acts, at(*days))
    exact = plain_scores(scorer, scores)
    np.testing.assert_allclose(scores.exact, exact, rtol=0, atol=1e-6)
    assert np.all((scores.low <= scores.likelihood) & (scores.likelihood <= scores.high))
    assert np.all((scores.shown >= 0) & (scores.shown <= 100))
    for i in range(scores.n):
        adds_up(scores.explain(i), exact[i])


@given(sample_leads(), histories(), st.data())
def test_a_lead_scores_the_same_alone_as_in_a_batch(
    scorer: Scorer, records: Any, acts: Any, data: st.DataObject
):
    days = data.draw(st.lists(st.integers(-90, 90), min_size=len(records), max_size=len(records)))
    as_of = at(*days)
    scores = scorer.score(from_records(records, scorer.fields).columns, acts, as_of)
    for i, record in enumerate(records):
        row = np.array([i])
        alone = scorer.score(from_records([record], scorer.fields).columns, acts, as_of[row])
        for name in ("exact", "likelihood", "low", "high", "agreed_exact"):
            one, many = getattr(alone, name)[0], getattr(scores, name)[i]
            assert one == pytest.approx(many, abs=1e-9, rel=0), name
        assert alone.grades[0] == scores.grades[i]
        told, batch = alone.explain(0), scores.explain(i)
        assert [x.sentence for x in told.lines] == [x.sentence for x in batch.lines]


@given(sample_leads(), histories())
def test_a_record_sent_later_than_the_instant_changes_no_score(
    scorer: Scorer, records: Any, acts: Any
):
    as_of = at(*[-10.0] * len(records))
    columns = from_records(records, scorer.fields).columns
    seen = acts.take(acts.visible_at <= as_of[0])
    a, b = scorer.score(columns, acts, as_of), scorer.score(columns, seen, as_of)
    np.testing.assert_array_equal(a.exact, b.exact)
