"""What became of leads: a horizon, and three ways of not being judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.arrays import texts
from features.errors import InputRefused
from features.timeline import no_activities
from tests.support.build import FIELDS, activities, at, fields
from training.labels import (
    Outcomes,
    from_outcome_frame,
    labels_from_field,
    labels_from_outcomes,
    no_outcomes,
)


def outcomes(*rows: tuple[str, float, str]) -> Outcomes:
    lead, day, stage = zip(*rows, strict=True)
    amount = np.full(len(rows), np.nan)
    return Outcomes(texts(lead), at(*day), texts(stage), amount, texts([None] * len(rows)))


def judged(lead: str, *rows: tuple[str, float, str], called: bool = False) -> tuple[str, float]:
    """The state and outcome of one lead looked at on day 10, horizon 90 days, export on day 200."""
    told = outcomes(*rows) if rows else no_outcomes()
    acts = activities((lead, None, 5, 5, "phone", "call", "sales")) if called else no_activities()
    found = labels_from_outcomes(texts([lead]), at(10), told, acts, 90, at(200)[0])
    return found.state[0], found.y[0]


def test_won_within_the_horizon_is_a_conversion_and_later_is_none():
    assert judged("a", ("a", 11, "won")) == ("known", 1)
    assert judged("a", ("a", 100, "won")) == ("known", 1)
    assert judged("a", ("a", 100.001, "won")) == ("known", 0)
    assert judged("a", ("a", 30, "lost")) == ("known", 0)
    assert judged("a", ("a", 30, "lost"), ("a", 40, "won")) == ("known", 1)


def test_a_lead_decided_before_it_is_looked_at_does_not_teach():
    for stage in ("won", "lost", "returned"):
        assert judged("a", ("a", 10, stage))[0] == "decided before"
    assert judged("a", ("a", 9, "accepted"), ("a", 20, "won")) == ("known", 1)


def test_what_turned_out_to_be_no_lead_does_not_teach_whatever_was_done_about_it():
    taken_up = ("a", 20, "accepted")
    assert judged("a", taken_up) == ("known", 0)
    assert judged("a", taken_up, ("a", 30, "excluded"), called=True)[0] == "excluded"
    assert judged("a", taken_up, ("a", 150, "excluded"))[0] == "excluded"
    assert judged("a", ("a", 5, "excluded"))[0] == "excluded"
    # Told after the export was made, it is not known yet.
    assert judged("a", taken_up, ("a", 201, "excluded")) == ("known", 0)


def test_a_young_lead_that_turned_out_to_be_none_is_not_open():
    told = outcomes(("a", 20, "excluded"), ("b", 20, "accepted"))
    found = labels_from_outcomes(
        texts(["a", "b"]), at(10, 10), told, no_activities(), 90, at(50)[0]
    )
    assert found.state.tolist() == ["excluded", "open"]


def test_what_was_opened_again_is_open_again():
    lost = ("a", 5, "lost")
    for stage in ("reopened", "accepted"):
        assert judged("a", lost, ("a", 8, stage), ("a", 40, "won")) == ("known", 1)
        assert judged("a", lost, ("a", 8, stage)) == ("known", 0)
        # It was opened again only after it was looked at.
        assert judged("a", lost, ("a", 12, stage))[0] == "decided before"
    assert judged("a", ("a", 30, "excluded"), ("a", 40, "reopened"), ("a", 50, "won")) == (
        "known",
        1,
    )
    # Of what is told of one instant the end counts, in whatever order it stands.
    assert judged("a", lost, ("a", 5, "accepted"))[0] == "decided before"
    assert judged("a", ("a", 5, "won"), ("a", 8, "qualified"))[0] == "decided before"


def test_a_lead_that_nobody_worked_is_unworked_and_no_negative():
    assert judged("a", ("b", 20, "won"))[0] == "unworked"
    assert judged("a", ("b", 20, "won"), called=True) == ("known", 0)


def test_outcomes_without_a_single_event_tell_of_no_losses():
    assert judged("a", called=True)[0] == "open"


@pytest.mark.parametrize(("export", "state"), [(99.9, "open"), (100, "known"), (300, "known")])
def test_a_lead_younger_than_the_horizon_is_open(export: float, state: str):
    told = outcomes(("a", 20, "lost"))
    found = labels_from_outcomes(texts(["a"]), at(10), told, no_activities(), 90, at(export)[0])
    assert found.state.tolist() == [state]
    assert found.teaches.tolist() == [state == "known"]


def test_a_column_tells_converted_open_and_lost_without_case():
    f = fields(FIELDS.replace('converted: ["yes"]', 'converted: ["Yes", "1"]'))
    values = texts(["YES", " yes ", "1", "no", "Pending", None, ""])
    as_of = at(*[0.0] * 7)
    found = labels_from_field(values, as_of, at(100)[0], f)
    assert found.y.tolist()[:4] == [1, 1, 1, 0]
    assert found.state.tolist() == ["known"] * 4 + ["open"] * 3
    numbers = labels_from_field(np.array([1.0, 0.0, np.nan]), at(0, 0, 0), at(100)[0], f)
    assert numbers.y.tolist() == [1, 0, 0]
    assert numbers.state.tolist() == ["known", "known", "open"]


def test_a_young_lead_is_open_where_leads_mature():
    f = fields(FIELDS.replace("open: [pending]", "matures_after_days: 60"))
    found = labels_from_field(texts(["no", "no", "yes"]), at(0, 41, 41), at(100)[0], f)
    assert found.state.tolist() == ["known", "open", "open"]


def test_an_outcomes_file_names_its_bad_rows():
    frame = pd.DataFrame(
        {
            "lead_id": ["a", None, "c", "d", "e"],
            "at": ["2026-01-01", "2026-01-01", None, "2026-01-01", "2026-01-01"],
            "stage": ["won", "won", "won", "married", "won"],
            "amount": ["100", "", "", "", "a lot"],
        }
    )
    found, wrong = from_outcome_frame(frame)
    assert found.lead.tolist() == ["a"]
    assert found.amount.tolist() == [100.0]
    assert sorted((p.row, p.field) for p in wrong) == [
        (1, "lead_id"),
        (2, "at"),
        (3, "stage"),
        (4, "amount"),
    ]
    with pytest.raises(InputRefused, match="no column at and no stage"):
        from_outcome_frame(pd.DataFrame({"lead_id": ["a"]}))
