"""Numbers in words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scale import Scale
from models.wording import in_hundred, rounded_to_sum, score_sentence, signed, span


@pytest.mark.parametrize(
    ("likelihood", "words"),
    [
        (0.0, "fewer than 1 in 1,000"),
        (0.0009, "fewer than 1 in 1,000"),
        (0.004, "about 4 in 1,000"),
        (0.0096, "about 1 in 100"),
        (0.283, "about 28 in 100"),
        (0.99, "about 99 in 100"),
        (0.999, "more than 99 in 100"),
        (1.0, "more than 99 in 100"),
    ],
)
def test_a_likelihood_is_never_nothing_and_never_certain(likelihood: float, words: str):
    assert in_hundred(likelihood) == words


def test_intervals_and_sentences():
    assert span(0.24, 0.33) == "24 to 33"
    assert span(0.003, 0.009) == "3 to 9 in 1,000"
    assert span(0.9, 0.999) == "90 to 99"
    told = score_sentence(0.18, 0.16, 0.21, 90)
    assert told == "About 18 in 100 leads like this convert within 90 days (16 to 21)."


def test_points_carry_their_sign_and_nothing_has_none():
    assert signed(13.04) == "+13.0"
    assert signed(-9.1) == "\N{MINUS SIGN}9.1"
    assert signed(-0.04) == "0.0"
    assert signed(2.345, 2) in ("+2.35", "+2.34")


def test_a_scale_in_words():
    assert Scale(50, 0.1, 12).says(90) == (
        "50 points: about 10 in 100 convert within 90 days; 12 points more double the odds."
    )


@given(st.lists(st.floats(-1e4, 1e4), max_size=30))
def test_rounded_parts_add_up_to_the_rounded_total(values: list[float]):
    shown = rounded_to_sum(values)
    assert round(10 * sum(shown)) == round(10 * math.fsum(values))
    assert all(abs(a - b) < 0.1 + 1e-9 for a, b in zip(shown, values, strict=True))
