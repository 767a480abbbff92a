"""A lead's score over 90 days as a line of steps, 84 pixels wide. No HTML in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.wording import signed

DAYS = 90
WIDTH, HEIGHT = 80.0, 28.0
"""Of the line, in pixels; its end dot needs the rest."""
_LOW, _HIGH = 20.0, 100.0
"""The axis is the same in every row, so rows can be compared."""
_TOP = 2.0


@dataclass(frozen=True)
class Spark:
    """A drawn course: its path, where it ends and the hand-over stands (pixels from the top), and
    what changed, in words."""

    path: str
    end: float
    hand_over: float
    change: str


def draw(course: Sequence[tuple[int, int]], begin: int, end: int, hand_over: float) -> Spark:
    """Draw a course of (instant, score), oldest first and not empty.

    Args:
        begin, end: instants of the axis, in the course's own unit.
        hand_over: the threshold in points.
    """

    def across(at: int) -> float:
        return round(WIDTH * min(max((at - begin) / (end - begin), 0.0), 1.0), 1)

    first = course[0]
    steps = [f"M{across(first[0])} {_down(first[1])}"]
    steps += [f"H{across(at)}V{_down(score)}" for at, score in course[1:]]
    steps.append(f"H{WIDTH:g}")
    last = course[-1][1]
    change = signed(last - first[1], 0)
    return Spark("".join(steps), _down(last), _down(hand_over), change)


def _down(score: float) -> float:
    part = (min(max(score, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return round(_TOP + HEIGHT * (1 - part), 1)
