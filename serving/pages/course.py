"""A lead's score over time as paths on an axis: steps, and the band of the interval. No HTML here.

Paths are 1,000 wide, to be stretched over a figure; all else is in % of the width.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from serving.pages.jumps import Told
from serving.storage.base import from_number, to_number

TOP, BOTTOM = 20.0, 140.0
"""Where 100 and 0 points stand, in pixels from the top."""
MOST_DROPS = 80
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True)
class Axis:
    """Time from `begin` to `end`, in microseconds."""

    begin: int
    end: int

    def at(self, instant: int) -> float:
        """Where an instant stands, in %; what lies outside stands at the end."""
        part = (instant - self.begin) / (self.end - self.begin)
        return round(100 * min(max(part, 0.0), 1.0), 1)

    def months(self) -> Iterator[tuple[float, str]]:
        """The first days of months: where they stand, and in words."""
        first, last = (from_number(at).astype("datetime64[M]") for at in (self.begin, self.end))
        for month in np.arange(first + 1, last + 1):
            place = self.at(to_number(month.astype("datetime64[us]")))
            yield place, f"1 {_MONTHS[int(month.astype(int)) % 12]}"


@dataclass(frozen=True)
class Course:
    """Scores that held one after another.

    Attributes:
        lefts: where each begins, in %.
        tops: where it stands, in pixels from the top.
        ends: the same of the ends of its interval, in whole pixels, the higher score first.
    """

    lefts: tuple[float, ...]
    tops: tuple[float, ...]
    ends: tuple[tuple[int, int], ...]

    def at(self, left: float) -> float | None:
        """Where the score stands at a place (%), in pixels; None before the first."""
        place = bisect_right(self.lefts, left) - 1
        return None if place < 0 else self.tops[place]

    @property
    def path(self) -> str:
        """The steps."""
        return f"M{_along(self.lefts[0])} {self.tops[0]:g}{_steps(self.lefts, self.tops)}H1000"

    @property
    def band(self) -> str:
        """The outline of the interval: along its upper ends, and back along the lower ones."""
        high, low = [e[0] for e in self.ends], [e[1] for e in self.ends]
        there = f"M{_along(self.lefts[0])} {high[0]:g}{_steps(self.lefts, high)}H1000V{low[-1]:g}"
        back = zip(self.lefts[:0:-1], low[-2::-1], strict=True)
        turns = "".join(f"H{_along(x)}V{y:g}" for x, y in back)
        return f"{there}{turns}H{_along(self.lefts[0])}Z"


def course_of(scores: Sequence[Told], axis: Axis) -> Course:
    """The scores, oldest first, that held on an axis at some time."""
    first = max(bisect_right([s.at for s in scores], axis.begin) - 1, 0)
    shown = scores[first:]
    return Course(
        tuple(axis.at(s.at) for s in shown),
        tuple(down(s.score) for s in shown),
        tuple((round(down(s.high)), round(down(s.low))) for s in shown),
    )


def spots(lefts: Sequence[float], y: float) -> str:
    """Marks of one height as a path of points without length, each place once; each is told by
    how far it is from the one before."""
    places = [round(10 * x) for x in sorted(set(lefts))]
    steps = "".join(f"m{b - a} 0h0" for a, b in pairwise(places))
    return f"M{places[0]} {y:g}h0{steps}" if places else ""


def drops(lefts: Sequence[float], course: Course, y: float) -> str:
    """Lines from a height (pixels) up to the course, where there is one; none where they would be
    so many that they hide it."""
    places = sorted(set(lefts))
    if len(places) > MOST_DROPS:
        return ""
    found = ((x, course.at(x)) for x in places)
    return "".join(f"M{_along(x)} {top:g}V{y:g}" for x, top in found if top is not None)


def down(points: float) -> float:
    """Where points stand, in pixels from the top."""
    return round(BOTTOM - (BOTTOM - TOP) * min(max(points, 0.0), 100.0) / 100, 1)


def _steps(lefts: Sequence[float], tops: Sequence[float]) -> str:
    """From each height to the next, where they differ."""
    told, now = [], tops[0]
    for left, top in zip(lefts[1:], tops[1:], strict=True):
        if top != now:
            told.append(f"H{_along(left)}V{top:g}")
            now = top
    return "".join(told)


def _along(left: float) -> str:
    return f"{10 * left:g}"
