"""A score made again holds all that was told; what newer versions tell besides is no difference."""

from __future__ import annotations

from typing import Any

import pytest

from serving.reproducing import Reproduction

STORED = {"score": 61, "grade": "B", "reasons": [{"key": "base", "agreed": 20.0}]}
AGAIN = {
    "score": 61,
    "grade": "B",
    "grid": "B2",
    "reasons": [{"key": "base", "agreed": 20.0, "dimension": ""}],
}


def again(**change: Any) -> Reproduction:
    return Reproduction("s", "l", "m", STORED, AGAIN | change)


def test_an_answer_that_tells_more_than_the_stored_one_is_the_same():
    assert again().same
    assert again().differs == ()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("score", 62),
        ("grade", None),
        ("reasons", []),
        ("reasons", [{"key": "base", "agreed": 20.000000000000004, "dimension": ""}]),
        ("reasons", [{"agreed": 20.0}]),
        ("reasons", AGAIN["reasons"] * 2),
    ],
)
def test_anything_told_otherwise_differs_and_is_named(part: str, value: Any):
    found = again(**{part: value})
    assert not found.same
    assert found.differs == (part,)
