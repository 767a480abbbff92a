"""Replay by hand: sides, flips, groups and thresholds on leads one can count on one's fingers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.arrays import texts
from features.rulebook.document import parse_rulebook
from features.rulebook.points import tally
from models.handover import as_shown, handed_over
from models.rates import rate_of
from models.replay import EXAMPLES, Past, flips, moves, side, workload
from models.replay_groups import by_group
from models.thresholds import curve, from_capacity, from_value
from tests.support import build

POINTS = np.array([10.0, 30.0, 59.4, 59.5, 60.0, 72.0, 95.0, 120.0])
BY_HAND = Past(
    lead=texts("abcdefgh"),
    at=build.at(0, 1, 2, 8, 9, 10, 11, 21),
    known=np.array([1, 1, 1, 1, 0, 1, 1, 1], dtype=bool),
    y=np.array([0.0, 1, 0, 1, 0, 1, 0, 1]),
    amount=np.array([np.nan, 500, np.nan, 1000, np.nan, 2000, np.nan, np.nan]),
)


def test_a_lead_is_handed_over_by_the_score_people_see() -> None:
    assert as_shown(np.array([-3.0, 59.49, 59.5, 140.0])).tolist() == [0, 59, 60, 100]
    assert handed_over(POINTS, 60).tolist() == [False] * 3 + [True] * 5


def test_a_side_counts_who_was_handed_over_and_what_came_of_it() -> None:
    found = side("hand", POINTS, 60, BY_HAND)
    assert (found.handed, found.known) == (5, 4)
    assert found.precision == rate_of(np.array([1.0, 1, 0, 1]))
    assert found.recall == rate_of(np.array([0.0, 1, 1, 1]))
    assert found.lift == pytest.approx(0.75 / (4 / 7))
    assert found.lift_low == pytest.approx(found.precision.low / (4 / 7))
    assert (found.caught, found.missed) == (3000.0, 500.0)


def test_a_lead_that_is_kept_back_is_never_handed_over_and_its_conversion_is_missed() -> None:
    barred = np.array([0, 0, 0, 0, 0, 1, 1, 0], dtype=bool)
    assert handed_over(POINTS, 60, barred).tolist() == [0, 0, 0, 1, 1, 0, 0, 1]
    found = side("hand", POINTS, 60, BY_HAND, barred=barred)
    assert (found.handed, found.known) == (3, 2)
    assert found.recall == rate_of(np.array([0.0, 1, 0, 1]))
    assert (found.caught, found.missed) == (1000.0, 2500.0)
    step = curve(POINTS, BY_HAND, barred).step(60)
    assert (step.handed, step.precision, step.recall) == (3, 1.0, 0.5)
    assert curve(POINTS, BY_HAND, barred).step(0).recall == 0.75


def test_hand_overs_are_counted_by_the_week_and_held_against_capacity() -> None:
    over = handed_over(POINTS, 60)
    found = workload(over, BY_HAND, capacity=3)
    assert found is not None
    assert found.mean == pytest.approx(5 / 3)
    assert found.busiest == 4  # days 8 to 11 are the second week
    assert found.above == pytest.approx(1 / 4)  # one of four weeks begun
    assert workload(over, BY_HAND, None).above is None  # type: ignore[union-attr]


def test_without_dates_there_is_no_week_and_without_amounts_no_value() -> None:
    bare = Past(
        BY_HAND.lead,
        np.full(8, np.datetime64("NaT", "us")),
        BY_HAND.known,
        BY_HAND.y,
        np.full(8, np.nan),
    )
    found = side("bare", POINTS, 60, bare, capacity=3)
    assert found.workload is None
    assert found.caught is found.missed is None
    advice = from_capacity(curve(POINTS, bare), 3)
    assert advice.threshold is None
    assert "Without dates" in advice.says


def test_a_lead_nobody_worked_is_work_but_no_evidence() -> None:
    alone = np.array([0.0, 0, 0, 0, 80, 0, 0, 0])
    found = side("alone", alone, 60, BY_HAND)
    assert (found.handed, found.known, found.precision.leads) == (1, 0, 0)
    assert np.isnan(found.precision.rate)


def test_flips_show_the_leads_that_moved_furthest_and_why() -> None:
    before, after = np.full(8, 50.0), np.array([50.0, 61, 62, 63, 64, 65, 66, 67])
    moved = {"Webinar": after - before, "Never": np.zeros(8)}
    found = flips(handed_over(after, 60), before, after, BY_HAND, moved)
    assert found.leads == 7
    assert found.converted == rate_of(BY_HAND.y[[1, 2, 3, 5, 6, 7]])
    assert found.amount == 3500.0
    assert [flip.lead for flip in found.examples] == list("hgfed")
    assert len(found.examples) == EXAMPLES
    assert found.examples[0].why == (("Webinar", 17.0),)
    assert [flip.end for flip in found.examples[:4]] == [
        "converted",
        "did not convert",
        "converted",
        "not known",
    ]


def test_what_moved_a_lead_adds_up_to_the_change_of_its_score() -> None:
    before = build.rulebook()
    after = parse_rulebook(
        build.RULEBOOK.replace("base_points: 10", "base_points: 14")
        .replace("at_most: 20", "at_most: 9")
        .replace("says: Phone known", "says: Phone number given")
    )
    strength = np.array([[1.0, 0, 2, 1], [0, 1, 0, 0]])
    one, two = (tally(book, tuple(strength.T), 2) for book in (before, after))
    moved = moves(before, one, after, two)
    assert sum(moved.values()) == pytest.approx(two.total - one.total)
    assert moved["base points"].tolist() == [4, 4]
    assert moved["Phone known"].tolist() == [-15, 0]
    assert moved["Phone number given"].tolist() == [15, 0]
    assert moved["cap of Engagement"].tolist() == [-11, 0]


def test_groups_tell_who_gains_the_largest_first() -> None:
    values = texts(["web", "web", "mail", "web", "mail", "web", "mail", "web"])
    before, after = handed_over(POINTS, 90), handed_over(POINTS, 60)
    web, mail = by_group("First touch", values, before, after, BY_HAND)
    assert (web.value, web.leads, web.conversions) == ("web", 5, 4)
    assert (web.handed_before, web.handed_after) == (1, 3)
    assert (web.caught_before, web.caught_after) == (1, 3)
    assert (mail.handed_after, mail.known_after, mail.caught_after) == (2, 1, 0)


def test_groups_tell_what_they_won_and_how_much_of_it_is_caught() -> None:
    values = texts(["web", "web", "mail", "web", "mail", "web", "mail", "web"])
    before, after = handed_over(POINTS, 90), handed_over(POINTS, 60)
    web, mail = by_group("First touch", values, before, after, BY_HAND)
    assert (web.amount, web.amount_before, web.amount_after) == (3500.0, 0.0, 3000.0)
    assert (mail.amount, mail.amount_before, mail.amount_after) == (0.0, 0.0, 0.0)
    assert web.amount_after == side("hand", POINTS, 60, BY_HAND).caught
    bare = replace(BY_HAND, amount=np.full(8, np.nan))
    for row in by_group("First touch", values, before, after, bare):
        assert row.amount is row.amount_before is row.amount_after is None


def test_capacity_advises_the_lowest_threshold_that_sales_can_work() -> None:
    points, past = _many(seed=3)
    for capacity in (5.0, 20.0, 60.0):
        advice = from_capacity(curve(points, past), capacity)
        assert advice.threshold is not None
        weeks = past.weeks or 0.0
        at, below = (handed_over(points, advice.threshold - d).sum() / weeks for d in (0, 1))
        assert at <= capacity < below
        assert f"hand over at {advice.threshold}" in advice.says


def test_capacity_above_all_leads_hands_over_all_and_none_at_all_says_so() -> None:
    found = curve(*_many(seed=3))
    assert from_capacity(found, 10_000).threshold == 0
    top = curve(np.full(8, 100.0), BY_HAND)
    advice = from_capacity(top, 1.0)
    assert advice.threshold is None
    assert "too generous" in advice.says


def test_value_advises_the_threshold_that_wins_most_after_costs() -> None:
    points, past = _many(seed=4)
    for cost in (100.0, 900.0, 3000.0):
        advice = from_value(curve(points, past), cost)
        net = [
            np.nansum(past.amount[handed_over(points, t) & past.won])
            - cost * (handed_over(points, t) & past.known).sum()
            for t in range(101)
        ]
        assert advice.threshold is not None
        assert net[advice.threshold] == pytest.approx(max(net))


def test_value_says_so_when_nothing_pays_or_wins_are_too_few() -> None:
    assert "no threshold pays" in from_value(curve(*_many(seed=4)), 1e9).says
    few = from_value(curve(POINTS, BY_HAND), 10.0)
    assert few.threshold is None
    assert "3 wins" in few.says


def test_each_step_of_the_trade_off_equals_a_side_at_that_threshold() -> None:
    points, past = _many(seed=5)
    found = curve(points, past)
    for threshold in (0, 33, 61, 100):
        step, whole = found.step(threshold), side("", points, threshold, past)
        assert step.handed == whole.handed
        assert step.precision == pytest.approx(whole.precision.rate, nan_ok=True)
        assert step.recall == pytest.approx(whole.recall.rate)
        assert whole.workload is not None
        assert step.a_week == pytest.approx(whole.workload.mean)


def _many(seed: int) -> tuple[np.ndarray, Past]:
    rng = np.random.default_rng(seed)
    n = 2000
    points = rng.normal(50, 18, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-(points - 75) / 12))).astype(np.float64)
    amount = np.where(y == 1, rng.lognormal(9, 0.5, n), np.nan)
    at = build.at(*np.sort(rng.random(n) * 140))
    return points, Past(texts(map(str, range(n))), at, rng.random(n) < 0.6, y, amount)
