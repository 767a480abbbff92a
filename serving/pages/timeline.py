"""What moved a lead: its scores of 90 days and both teams' activities on one axis. No HTML here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.wording import signed
from serving.pages.course import Axis, Course, course_of, down, drops, spots
from serving.pages.jumps import Jump, jumps_of, told_of
from serving.pages.sparkline import DAYS

if TYPE_CHECKING:
    from sqlalchemy import Row

LANES = {"marketing": 162, "sales": 180}
"""Team -> where its marks stand, in pixels from the top."""
_DROP = 156
LABELLED = 4
"""The largest jumps that carry words."""
_APART = 18.0
"""Per cent of the width between two labels, so that they can be read."""
_NAMED = (3.0, 34.0, 62.0)
"""Where the words of the hand-over may begin, in %."""
_SPAN = 36.0
"""Their width, in %, on a phone."""
_LETTER_ON_PHONE, _LETTER_ON_DESK = 2.3, 0.8
"""Width of a letter, in %."""
_DAY = 86_400_000_000


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
    """Words beside a jump, and its points; a phone has room for these alone."""

    left: float
    y: float
    what: str
    points: str
    anchor: str


@dataclass(frozen=True)
class Upright:
    """Where another edition or model began to count: `kinds`, and words where there is room.

    `room` is "" on every screen, "on-desk" on a wide one alone, and None nowhere.
    """

    left: float
    kinds: tuple[str, ...]
    text: str
    anchor: str
    room: str | None


@dataclass(frozen=True)
class Timeline:
    """The whole picture, and the same as a list, newest first.

    Attributes:
        course, band, drops: paths of the score, its interval, and from the marks up to it.
        marks: team -> path of its activities.
        now, hand_over: where the score and the threshold stand, in pixels from the top.
        named_at: where the threshold's words begin, in %.
    """

    course: str
    band: str
    drops: str
    marks: Mapping[str, str]
    labels: tuple[Label, ...]
    uprights: tuple[Upright, ...]
    months: tuple[tuple[float, str], ...]
    now: float
    hand_over: float
    named_at: float
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
    told = [told_of(row) for row in scores]
    first = min([told[0].at, *(a.occurred_at for a in activities)])
    axis = Axis(max(now - DAYS * _DAY, first - _DAY), now)
    own = {a.seq: _words(a.kind or a.channel) for a in activities}
    jumps = [jump for jump in jumps_of(told, own) if jump.matters]
    course = course_of(told, axis)
    places = {lane: _places(activities, lane, axis) for lane in LANES}
    labels, threshold = tuple(_labels(jumps, axis)), down(hand_over)
    return Timeline(
        course.path,
        course.band,
        drops([x for lane in places.values() for x in lane], course, _DROP),
        {lane: spots(lefts, LANES[lane]) for lane, lefts in places.items()},
        labels,
        tuple(_uprights(jumps, axis)),
        tuple(axis.months()),
        down(told[-1].score),
        threshold,
        max(_NAMED, key=lambda left: _room(left, threshold, course, labels)),
        _moments(activities, outcomes, jumps),
    )


def _moments(
    activities: Sequence[Row[Any]], outcomes: Sequence[Row[Any]], jumps: Sequence[Jump]
) -> tuple[Moment, ...]:
    """All that happened, newest first; a jump without an activity of its own is one too."""
    changes = {jump.seq: jump.change for jump in jumps}
    found = [Moment(j.at, "", j.what, j.change) for j in jumps if j.seq is None]
    found += [
        Moment(a.occurred_at, _team(a.team), _words(a.kind or a.channel), changes.get(a.seq, ""))
        for a in activities
    ]
    found += [Moment(o.at, "", _outcome(o), "") for o in outcomes]
    return tuple(sorted(found, key=lambda m: m.at, reverse=True))


def _places(activities: Sequence[Row[Any]], team: str, axis: Axis) -> list[float]:
    return [axis.at(a.occurred_at) for a in activities if _on(axis, a) and a.team == team]


def _on(axis: Axis, activity: Row[Any]) -> bool:
    return bool(activity.occurred_at >= axis.begin)


def _labels(jumps: Sequence[Jump], axis: Axis) -> Iterator[Label]:
    """Words beside the largest jumps; those of editions and models stand at their uprights."""
    within = [j for j in jumps if j.at >= axis.begin and j.by and not j.ruled]
    places: list[float] = []
    for jump in sorted(within, key=lambda j: -abs(j.by)):
        left = axis.at(jump.at)
        if len(places) == LABELLED or any(abs(left - place) < _APART for place in places):
            continue
        places.append(left)
        y = round(down(jump.to) - 6, 1)
        yield Label(left, y, jump.what, signed(jump.by, 0), "end" if left > 50 else "start")


def _uprights(jumps: Sequence[Jump], axis: Axis) -> Iterator[Upright]:
    """The newest ones have words first."""
    on_phone, on_desk = _Row(_LETTER_ON_PHONE), _Row(_LETTER_ON_DESK)
    for jump in reversed([j for j in jumps if j.at >= axis.begin and j.ruled]):
        left, text = axis.at(jump.at), f"{jump.ruled_by}, {signed(jump.by, 0)}"
        anchor = "end" if left > 50 else "start"
        room = "on-desk" if on_desk.takes(left, text, anchor) else None
        if room and on_phone.takes(left, text, anchor):
            room = ""
        yield Upright(left, jump.ruled, text, anchor, room)


class _Row:
    """A row of words, each where the others leave room."""

    def __init__(self, letter: float) -> None:
        self._letter = letter
        self._spans: list[tuple[float, float]] = []

    def takes(self, left: float, text: str, anchor: str) -> bool:
        """Whether there is room for a text, which is taken then."""
        width = self._letter * len(text)
        low, high = (left - width, left) if anchor == "end" else (left, left + width)
        if any(low < b and a < high for a, b in self._spans):
            return False
        self._spans.append((low, high))
        return True


def _room(left: float, y: float, course: Course, labels: Sequence[Label]) -> float:
    """How far the next thing is, in pixels, from words that begin at `left` and `y`."""
    under = (course.at(left + _SPAN * part / 4) for part in range(5))
    near = [abs(top - y) for top in under if top is not None]
    beside = (x for x in labels if left - _APART < x.left < left + _SPAN + _APART)
    return min([*near, *(abs(x.y - y) for x in beside)], default=100.0)


def _team(told: str) -> str:
    return told if told in LANES else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _outcome(row: Row[Any]) -> str:
    reason = f", {_words(row.reason)}" if row.reason else ""
    amount = f", {row.amount:,.0f}" if row.amount is not None else ""
    return f"{row.stage}{reason}{amount}"
