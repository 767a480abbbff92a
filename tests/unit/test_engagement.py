"""Features of activities against values counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from features import engagement
from features.arrays import texts
from features.timeline import Activities, Seen, see
from tests.support.build import activities, at

NOW = at(0, 0, 0, -8)
LEADS, ACCOUNTS = texts(["a", "b", "lonely", "a"]), texts(["x", "x", None, "x"])


def history() -> Activities:
    """Lead a: three touches before day 0, one recorded late, one in the future. Lead b: two."""
    return activities(
        ("a", "x", -10, -10, "web", "visit", "marketing"),
        ("a", "x", -40, -40, "event", "booth", "marketing"),
        ("a", "x", -1, -1, "web", "pricing", "marketing"),
        ("a", "x", -2, 3, "phone", "call", "sales"),
        ("a", "x", 1, 1, "web", "visit", "marketing"),
        ("b", "x", -5, -5, "phone", "call", "sales"),
        ("b", "x", -200, -200, "web", "visit", "marketing"),
        ("c", "x", -3, -3, "web", "visit", "marketing"),
        ("c", "x", -4, -4, "web", "visit", "marketing"),
    )


@pytest.fixture(name="seen")
def _seen() -> Seen:
    return see(LEADS, ACCOUNTS, NOW, history())


def test_recency_is_days_to_the_newest_and_the_oldest_visible_touch(seen: Seen):
    np.testing.assert_array_equal(engagement.days_since_last_touch(seen.own), [1, 5, np.nan, 2])
    np.testing.assert_array_equal(
        engagement.days_since_first_touch(seen.own), [40, 200, np.nan, 32]
    )


def test_touches_count_one_channel_within_days_the_last_day_included(seen: Seen):
    def count(channel: str, days: float) -> list[float]:
        return engagement.touches(seen.own, channel=channel, days=days).tolist()

    assert count("web", 7) == [1, 0, 0, 1]
    assert count("web", 10) == [2, 0, 0, 1]
    assert count("event", 90) == [1, 0, 0, 1]
    assert count("phone", 90) == [0, 1, 0, 0]  # the call of a was recorded too late
    assert count("smoke signal", 90) == [0, 0, 0, 0]


def test_kinds_count_within_90_days(seen: Seen):
    assert engagement.happened(seen.own, kind="visit").tolist() == [1, 0, 0, 1]
    assert engagement.happened(seen.own, kind="call").tolist() == [0, 1, 0, 0]


def test_intensity_halves_every_14_days(seen: Seen):
    expected = 2 ** (-1 / 14) + 2 ** (-10 / 14) + 2 ** (-40 / 14)
    found = engagement.intensity(seen.own, team="marketing")
    assert found[0] == pytest.approx(expected)
    assert found[1] == pytest.approx(2 ** (-200 / 14))
    assert found[2] == 0
    assert engagement.intensity(seen.own, team="sales")[1] == pytest.approx(2 ** (-5 / 14))


def test_breadth_counts_different_channels_of_90_days(seen: Seen):
    assert engagement.distinct_channels(seen.own).tolist() == [2, 1, 0, 2]


def test_trend_is_the_last_week_against_the_three_before(seen: Seen):
    expected = [1 / 7 - 1 / 21, 1 / 7, 0, 1 / 7]
    assert engagement.trend(seen.own) == pytest.approx(expected)


def test_first_channel_and_last_kind_are_of_the_oldest_and_newest_touch(seen: Seen):
    assert engagement.first_channel(seen.own).tolist() == ["event", "web", None, "event"]
    assert engagement.last_kind(seen.own).tolist() == ["pricing", "call", None, "visit"]


def test_colleagues_are_others_of_the_account(seen: Seen):
    assert engagement.colleague_touches(seen.colleagues).tolist() == [3, 4, 0, 0]
    assert engagement.active_colleagues(seen.colleagues).tolist() == [2, 2, 0, 0]


def test_a_late_record_shows_only_from_then_on():
    acts = history()
    for day, calls in ((-1.0, 0), (2.9, 0), (3.0, 1)):
        seen = see(texts(["a"]), texts(["x"]), at(day), acts)
        assert engagement.happened(seen.own, kind="call").tolist() == [calls]


def test_a_record_made_before_it_occurred_counts_from_when_it_occurs():
    acts = activities(("a", None, 5, 1, "web", "visit", "marketing"))
    for day, visits in ((4.0, 0), (5.0, 1)):
        seen = see(texts(["a"]), texts([None]), at(day), acts)
        assert engagement.happened(seen.own, kind="visit").tolist() == [visits]


def test_without_a_recording_time_an_activity_shows_when_it_occurred():
    acts = activities(("a", None, 0, 0, "web", "visit", "marketing"))
    unknown = Activities(
        acts.lead,
        acts.account,
        acts.occurred_at,
        np.array(["NaT"], dtype="datetime64[us]"),
        acts.channel,
        acts.kind,
        acts.team,
        acts.value,
    )
    seen = see(texts(["a"]), texts([None]), at(0), unknown)
    assert len(seen.own.row) == 1
    assert seen.own.age.tolist() == [0.0]


def test_leads_without_an_account_are_nobodys_colleagues():
    acts = activities(
        ("a", None, -1, -1, "web", "visit", "marketing"),
        ("b", None, -1, -1, "web", "visit", "marketing"),
    )
    seen = see(texts(["a", "b"]), texts([None, None]), at(0, 0), acts)
    assert engagement.colleague_touches(seen.colleagues).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("age", "last", "before"), [(7, 1, 0), (7.001, 0, 1), (28, 0, 1), (29, 0, 0)]
)
def test_trend_counts_the_seventh_day_as_last_week_and_28_days_in_all(
    age: float, last: int, before: int
):
    seen = see(texts(["a"]), texts([None]), at(0), one_visit(age))
    assert engagement.trend(seen.own)[0] == pytest.approx(last / 7 - before / 21)


@pytest.mark.parametrize(("age", "counts"), [(90, 1), (90.001, 0)])
def test_ninety_days_end_with_the_ninetieth(age: float, counts: int):
    seen = see(texts(["a", "b"]), texts(["x", "x"]), at(0, 0), one_visit(age))
    assert engagement.happened(seen.own, kind="visit")[0] == counts
    assert engagement.distinct_channels(seen.own)[0] == counts
    assert engagement.active_colleagues(seen.colleagues)[1] == counts


@pytest.mark.parametrize(("age", "counts"), [(30, 1), (30.001, 0)])
def test_colleagues_touches_count_for_thirty_days(age: float, counts: int):
    seen = see(texts(["b"]), texts(["x"]), at(0), one_visit(age))
    assert engagement.colleague_touches(seen.colleagues)[0] == counts


def one_visit(age: float) -> Activities:
    """One visit by lead a of account x, so many days before day 0."""
    return activities(("a", "x", -age, -age, "web", "visit", "marketing"))
