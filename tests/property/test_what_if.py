"""What-ifs add up, and no smaller set of changes reaches a goal, whatever was agreed or learned."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.fields import ActionableActivity, Fields
from features.rulebook.points import award
from features.snapshot import take_snapshot
from features.timeline import join
from models.actionable import changes_of
from models.bundle import Bundle, Versions
from models.counterfactual import Change, happening, search
from models.differences import moves
from models.scorer import Scorer
from models.supposed import suppose, with_points
from models.variants import Subject
from tests.support.build import at
from tests.support.ladders import random_ladder
from tests.support.strategies import (
    CHANNELS,
    KINDS,
    TEAMS,
    histories,
    leads,
    rulebooks,
    some_fields,
)

BLANK = Versions("m", "e", "", "", "", "", "")
ACTIVITIES = (
    ActionableActivity(says="Opens a mail", channel="email", kind="open", most=2),
    ActionableActivity(says="Is called", channel="phone", kind="call", team="sales"),
)


@st.composite
def scorers(draw: st.DrawFn) -> tuple[Scorer, dict[str, Any], Any]:
    """A model whose every part is drawn, one lead, and activities."""
    fields = actionable(draw(some_fields()))
    rulebook = draw(rulebooks(fields))
    vocabulary = Vocabulary(CHANNELS, KINDS, TEAMS)
    taught, acts = draw(leads(fields, 4)), draw(histories())
    columns = from_records(taught, fields).columns
    snapshot = take_snapshot(columns, acts, at(*[0.0] * len(taught)), fields)
    features = Catalogue.of(fields, vocabulary).compute(snapshot)
    share = award(rulebook, facts_of(snapshot, features)).share
    ladder = random_ladder(rulebook, features, share, draw(st.integers(0, 10**6)))
    return Scorer(Bundle(fields, rulebook, vocabulary, ladder, {}), BLANK), taught[0], acts


def actionable(fields: Fields) -> Fields:
    """The same fields, marked where they can be."""
    marked = [
        f.model_copy(update={"actionable": f.type in ("number", "category", "boolean")})
        for f in fields.fields
    ]
    update = {"fields": tuple(marked), "actionable_activities": ACTIVITIES}
    return fields.model_copy(update=update)


def subject_of(scorer: Scorer, record: dict[str, Any], acts: Any) -> Subject:
    columns = from_records([record], scorer.fields).columns
    return Subject(columns, acts, record["lead_id"], record.get("account_id"), at(0.0)[0])


def scored_anew(
    scorer: Scorer, record: dict[str, Any], acts: Any, told: tuple[Change, ...]
) -> tuple[float, bool]:
    """The lead's exact score with the changes made, by the plain road, and whether it is kept
    back."""
    booleans = {f.name for f in scorer.fields.fields if f.type == "boolean"}
    made = {
        c.name: bool(c.value) if c.name in booleans else c.value for c in told if not c.activity
    }
    happened = join([acts, happening(told, subject_of(scorer, record, acts))])
    columns = from_records([record | made], scorer.fields).columns
    scores = scorer.score(columns, happened, at(0.0))
    return float(scores.exact[0]), bool(scores.disqualified[0] >= 0)


def possible(told: tuple[Change, ...]) -> bool:
    names = [c.name for c in told if c.activity is None]
    acts = [(c.key, c.nth) for c in told if c.activity is not None]
    first = all((key, n) in acts for key, nth in acts for n in range(1, nth))
    return len(set(names)) == len(names) and first


@settings(max_examples=60)
@given(scorers(), st.data())
def test_no_smaller_set_of_changes_reaches_the_goal(drawn: Any, data: st.DataObject):
    scorer, record, acts = drawn
    subject = subject_of(scorer, record, acts)
    every = changes_of(scorer, subject)
    few = data.draw(st.lists(st.sampled_from(every), max_size=6, unique_by=id)) + every[-3:]
    changes = [c for c in every if any(c is f for f in few)]
    sets = [t for n in (1, 2, 3) for t in combinations(changes, n) if possible(t)]
    scored = {t: scored_anew(scorer, record, acts, t) for t in sets}
    exact = {t: x for t, (x, _) in scored.items()}
    start, _ = scored_anew(scorer, record, acts, ())
    goals = [1.0, 100.0, *(round(min(max(x, 1), 100)) for x in exact.values())]
    goal, hand_over = data.draw(st.sampled_from(goals)), data.draw(st.booleans())
    assume(not any(abs(x + 0.5 - goal) < 1e-6 for x in exact.values()))
    found = search(scorer, subject, changes, goal, wanted=1000, hand_over=hand_over)
    free = {t: x for t, x in exact.items() if not (hand_over and scored[t][1])}
    reaching = {t: x for t, x in free.items() if min(x, 100.0) + 0.5 >= goal}
    assert found.every == 3
    assert found.tried == len(sets)
    assert found.best is not None
    assert found.best.exact == pytest.approx(max((free or exact).values()), abs=1e-6)
    assert bool(found.lifts) == bool(reaching)
    for lift in found.lifts:
        assert lift.exact == pytest.approx(reaching[lift.changes], abs=1e-6)
        assert lift.moved == pytest.approx(abs(lift.exact - start), abs=1e-6)
    if reaching:
        least = min(len(t) for t in reaching)
        cheapest = min(abs(x - start) for t, x in reaching.items() if len(t) == least)
        assert len(found.lifts[0].changes) == least
        assert found.lifts[0].moved == pytest.approx(cheapest, abs=1e-6)
    changed = [lift.changed for lift in found.lifts]
    assert not any(
        a < b or (a == b and i != k) for i, a in enumerate(changed) for k, b in enumerate(changed)
    )


@settings(max_examples=60)
@given(scorers(), st.data())
def test_what_moves_adds_up_and_under_another_agreement_nothing_learned_does(
    drawn: Any, data: st.DataObject
):
    scorer, record, acts = drawn
    columns = from_records([record], scorer.fields).columns
    scores = scorer.score(columns, acts, at(0.0))
    points = st.sampled_from([0.0, -25.0, 12.5, 90.0])
    ids = [c.id for c in scorer.rulebook.criteria]
    told = data.draw(st.dictionaries(st.sampled_from(ids), points)) if ids else {}
    edition = with_points(scorer.rulebook, told)
    then = suppose(scores, edition, scorer)
    before, after = scores.explain(0), then.explain(0)
    moved = moves(before, after)
    size = max(1.0, *(abs(line.points) for line in (*before.lines, *after.lines)))
    assert sum(m.points for m in moved) == pytest.approx(
        after.exact - before.exact, abs=1e-9 * size
    )
    assert after.exact == pytest.approx(then.exact[0], abs=1e-9 * size)
    assert all(m.learned == 0.0 for m in moved)
    agreed = award(edition, facts_of(scores.told.snapshot, scores.told.features)).total
    assert then.agreed_exact == pytest.approx(agreed)
    fitted = scorer.ladder.scale.log_odds(then.exact)
    np.testing.assert_allclose(then.likelihood, 1 / (1 + np.exp(-fitted)), atol=1e-9)
    shown = sum(line.points for line in after.lines)
    assert shown == pytest.approx(min(max(after.exact, 0.0), 100.0), abs=1e-9 * size)
