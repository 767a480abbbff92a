"""What moved a lead: its scores of 90 days and both teams' activities on one axis. No HTML here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from models.wording import signed
from serving.canonical import read
from serving.pages.sparkline import DAYS
from serving.storage.base import from_number, to_number

if TYPE_CHECKING:
    from sqlalchemy import Row

TOP, BOTTOM = 20.0, 140.0
"""Where 100 and 0 points stand, in pixels from the top."""
LANES = {"marketing": 162, "sales": 180}
LABELLED = 4
"""The largest jumps that carry words."""
_APART = 18.0
"""Per cent of the width between two labels, so that they can be read."""
_DAY = 86_400_000_000
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True)
class Step:
    """A score and how long it held: from `left` over `width` (%), at `y` (pixels), its interval
    from `band_top` over `band` pixels, and where the step before stood."""

    left: float
    width: float
    y: float
    band_top: float
    band: float
    before: float


@dataclass(frozen=True)
class Moment:
    """Something that happened.

    Attributes:
        at: the instant, in microseconds.
        team: marketing or sales; "" for neither.
        what: in words.
        change: what it did to the score, such as "+13 to 61"; "" where nothing is known.
    """

    at: int
    team: str
    what: str
    change: str


@dataclass(frozen=True)
class Label:
    """Words beside a jump."""

    left: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Timeline:
    """The whole picture, and the same as a list, newest first."""

    steps: tuple[Step, ...]
    marks: tuple[tuple[float, str], ...]
    labels: tuple[Label, ...]
    months: tuple[tuple[float, str], ...]
    hand_over: float
    moments: tuple[Moment, ...]


def draw(
    scores: Sequence[Row[Any]],
    activities: Sequence[Row[Any]],
    outcomes: Sequence[Row[Any]],
    now: int,
    hand_over: float,
) -> Timeline:
    """Draw a lead's last 90 days, or all of them when it is younger.

    Args:
        scores: its scores as stored, oldest first, at least one.
        activities, outcomes: its own, in any order.
        now: the instant, in microseconds.
        hand_over: the threshold in points.
    """
    first = min([scores[0].as_of, *(a.occurred_at for a in activities)])
    axis = _Axis(max(now - DAYS * _DAY, first - _DAY), now)
    jumps = _jumps(scores, {a.seq: a for a in activities})
    changes = {seq: jump.change for jump in jumps for seq in jump.seqs}
    moments = [
        Moment(a.occurred_at, _team(a.team), _words(a.kind or a.channel), changes.get(a.seq, ""))
        for a in activities
    ]
    moments += [Moment(o.at, "", _outcome(o), "") for o in outcomes]
    return Timeline(
        tuple(_steps(scores, axis)),
        tuple((axis.at(m.at), m.team) for m in moments if m.team in LANES and m.at >= axis.begin),
        tuple(_labels(jumps, axis)),
        tuple(_months(axis)),
        _down(hand_over),
        tuple(sorted(moments, key=lambda m: m.at, reverse=True)),
    )


@dataclass(frozen=True)
class _Axis:
    begin: int
    end: int

    def at(self, instant: int) -> float:
        part = (instant - self.begin) / (self.end - self.begin)
        return round(100 * min(max(part, 0.0), 1.0), 2)


@dataclass(frozen=True)
class _Jump:
    at: int
    by: int
    to: int
    what: str
    seqs: tuple[int, ...]

    @property
    def change(self) -> str:
        return f"{signed(self.by, 0)} to {self.to}"


def _jumps(scores: Sequence[Row[Any]], known: Mapping[int, Row[Any]]) -> list[_Jump]:
    """Each score against the one before, with the activities that are new in it."""
    found = []
    for before, after in pairwise(scores):
        new = tuple(sorted(set(read(after.activity_seqs)) - set(read(before.activity_seqs))))
        own = [known[seq] for seq in new if seq in known]
        what = _words(own[0].kind or own[0].channel) if own else after.cause
        found.append(_Jump(after.as_of, after.score - before.score, after.score, what, new))
    return found


def _steps(scores: Sequence[Row[Any]], axis: _Axis) -> Iterator[Step]:
    ends = [*(s.as_of for s in scores[1:]), axis.end]
    before = scores[0].score
    for row, end in zip(scores, ends, strict=True):
        if end >= axis.begin:
            told = read(row.answer)["score_interval"]
            left, right = axis.at(row.as_of), axis.at(end)
            top = _down(told["high"])
            band = round(_down(told["low"]) - top, 1)
            yield Step(left, round(right - left, 2), _down(row.score), top, band, _down(before))
        before = row.score


def _labels(jumps: Sequence[_Jump], axis: _Axis) -> Iterator[Label]:
    within = sorted((j for j in jumps if j.at >= axis.begin and j.by), key=lambda j: -abs(j.by))
    places: list[float] = []
    for jump in within:
        left = axis.at(jump.at)
        if len(places) == LABELLED or any(abs(left - p) < _APART for p in places):
            continue
        places.append(left)
        text = f"{jump.what} {signed(jump.by, 0)}"
        yield Label(left, round(_down(jump.to) - 6, 1), text, "end" if left > 50 else "start")


def _months(axis: _Axis) -> Iterator[tuple[float, str]]:
    first, last = (from_number(at).astype("datetime64[M]") for at in (axis.begin, axis.end))
    for month in np.arange(first + 1, last + 1):
        yield (
            axis.at(to_number(month.astype("datetime64[us]"))),
            f"1 {_MONTHS[int(month.astype(int)) % 12]}",
        )


def _down(points: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(max(points, 0.0), 100.0) / 100, 1)


def _team(told: str) -> str:
    return told if told in LANES else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _outcome(row: Row[Any]) -> str:
    reason = f", {_words(row.reason)}" if row.reason else ""
    amount = f", {row.amount:,.0f}" if row.amount is not None else ""
    return f"{row.stage}{reason}{amount}"
