"""What a replay's pictures are made of."""

from __future__ import annotations

from typing import Any

from serving.pages.replay_figures import MOST, PITCH, ROW, crossed_of, weeks_of


def replay(before: list[int], after: list[int], **crossed: Any) -> dict[str, Any]:
    return {"matured": {"weeks": {"before": before, "after": after}, "crossed": crossed}}


def crossing(leads: int, known: int, converted: int) -> dict[str, Any]:
    rate = {"leads": known, "conversions": converted, "low": 0.041, "high": 0.128}
    return {"leads": leads, "converted": rate}


def test_each_week_stands_in_one_spike_and_in_one_row_of_the_table():
    weeks = weeks_of(replay([4, 4, 8, 0], [8, 8, 8, 10]), 8)
    assert weeks is not None
    assert weeks.rows == ((0, 1, 0), (4, 2, 0), (8, 1, 3), (10, 0, 1))
    assert [len(lane.spikes) for lane in weeks.lanes] == [3, 2]
    # The busiest week ends the axis; the commonest week of both texts is the tallest spike.
    assert weeks.lanes[1].spikes == ((80.0, 26.0), (100.0, 8.7))
    assert weeks.capacity == (80.0, 8)
    assert weeks.above == (0, 1)


def test_a_replay_from_before_weeks_were_told_or_without_dates_has_no_picture():
    assert weeks_of({"matured": {"leads": 3}}, 8) is None
    assert weeks_of({"matured": {"weeks": {"before": None, "after": None}}}, None) is None
    assert crossed_of({"matured": {"leads": 3}}) == {}


def test_without_hand_overs_the_axis_still_has_a_length():
    weeks = weeks_of(replay([0, 0], [0, 0]), None)
    assert weeks is not None
    assert weeks.ticks == ((0.0, 0), (100.0, 1))
    assert weeks.above is None


def test_converted_leads_come_first_and_every_known_lead_is_a_dot():
    dots = crossed_of(replay([], [], out=crossing(40, 34, 2)))["out"]
    assert (dots.won.count("M"), dots.lost.count("M")) == (2, 32)
    assert dots.won.startswith("M4.5 4.5h0")
    assert dots.height == 2 * PITCH
    assert (dots.leads, dots.low, dots.high) == (40, "4", "13")


def test_past_the_most_one_dot_stands_for_ten():
    dots = crossed_of(replay([], [], out=crossing(MOST + 1, MOST + 1, 55)))["out"]
    assert dots.each == 10
    assert (dots.won.count("M"), dots.lost.count("M")) == (6, 55)
    assert dots.height == -(-61 // ROW) * PITCH


def test_nobody_who_crosses_is_no_dot():
    none = {"leads": 0, "conversions": 0, "low": 0.0, "high": 1.0}
    dots = crossed_of(replay([], [], **{"in": {"leads": 0, "converted": none}}))["in"]
    assert (dots.won, dots.lost, dots.height, dots.low) == ("", "", 0, "")
