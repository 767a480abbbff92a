"""Pictures of a replay: weeks against what sales can work, and who crosses the threshold. No HTML
here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROW, PITCH, MOST = 32, 9, 600
"""Dots of a row, pixels between two, and dots of a picture, past which one stands for ten."""
_TALLEST = 26.0
"""Pixels of the spike of the commonest week."""
_TICKS = 6


@dataclass(frozen=True)
class Lane:
    """One text's weeks: (place in %, height in px) of every count, and its name."""

    name: str
    spikes: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Weeks:
    """Hand-overs of each week under both texts.

    Attributes:
        lanes: the text in force, then this one.
        ticks: (place in %, hand-overs).
        capacity: place in % and number of what sales can work; None when nobody said.
        rows: (hand-overs of a week, weeks before, weeks after).
        above: weeks above capacity, before and after; None without one.
        count: weeks in all.
    """

    lanes: tuple[Lane, Lane]
    ticks: tuple[tuple[float, int], ...]
    capacity: tuple[float, float] | None
    rows: tuple[tuple[int, int, int], ...]
    above: tuple[int, int] | None
    count: int


@dataclass(frozen=True)
class Dots:
    """Leads that cross one way, whose end is known.

    Attributes:
        leads: all that cross; known: those with a known end; converted: of them.
        low, high: the interval of their rate in 100, in words; "" without leads.
        won, lost: paths of the dots; height: of the picture in px.
        each: leads that one dot stands for.
    """

    leads: int
    known: int
    converted: int
    low: str
    high: str
    won: str
    lost: str
    height: int
    each: int


def weeks_of(told: Mapping[str, Any], capacity: float | None) -> Weeks | None:
    """The weeks of a replay as kept; None where it tells none, as older ones do.

    Args:
        told: the replay.
        capacity: hand-overs a week that sales can work.
    """
    weeks = told["matured"].get("weeks") or {}
    if not weeks.get("before") or not weeks.get("after"):
        return None
    before, after = weeks["before"], weeks["after"]
    most = float(max(*before, *after, capacity or 0, 1))

    def place(count: float) -> float:
        return round(100.0 * count / most, 2)

    a, b = Counter(before), Counter(after)
    tallest = max(*a.values(), *b.values())

    def spikes(weeks: Counter[int]) -> tuple[tuple[float, float], ...]:
        return tuple((place(n), round(_TALLEST * k / tallest, 1)) for n, k in sorted(weeks.items()))

    step = max(1, round(most / _TICKS))
    return Weeks(
        lanes=(Lane("in force", spikes(a)), Lane("this text", spikes(b))),
        ticks=tuple((place(n), n) for n in range(0, int(most) + 1, step)),
        capacity=None if capacity is None else (place(capacity), capacity),
        rows=tuple((n, a[n], b[n]) for n in sorted({*a, *b})),
        above=None if capacity is None else (_above(before, capacity), _above(after, capacity)),
        count=len(before),
    )


def _above(weeks: Sequence[int], capacity: float) -> int:
    return sum(n > capacity for n in weeks)


def crossed_of(told: Mapping[str, Any]) -> dict[str, Dots]:
    """Way -> the leads of a replay that cross it; empty where the replay tells none."""
    crossed = told["matured"].get("crossed") or {}
    return {way: _dots(one["leads"], one["converted"]) for way, one in crossed.items()}


def _dots(leads: int, rate: Mapping[str, Any]) -> Dots:
    known, converted = rate["leads"], rate["conversions"]
    each = 1 if known <= MOST else 10
    total, first = -(-known // each), -(-converted // each)
    told = rate["low"] is not None and known > 0
    return Dots(
        leads=leads,
        known=known,
        converted=converted,
        low=f"{100 * rate['low']:.0f}" if told else "",
        high=f"{100 * rate['high']:.0f}" if told else "",
        won=_path(0, first),
        lost=_path(first, total),
        height=PITCH * -(-total // ROW),
        each=each,
    )


def _path(start: int, end: int) -> str:
    """Dots as one path: ends of lines of no length, which are drawn round."""
    half = PITCH / 2
    return "".join(
        f"M{i % ROW * PITCH + half:g} {i // ROW * PITCH + half:g}h0" for i in range(start, end)
    )
