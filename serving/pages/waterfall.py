"""A score as a waterfall: what each line shows, and where its bars stand. No HTML in here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models.wording import rounded_to_sum, signed

FOLDED, MOST_LEARNED = 0.6, 10
"""Learned-only lines under so many points are shown as one, and so are the smallest of too many."""


@dataclass(frozen=True)
class Bar:
    """A bar from `left` over `width`, both in % of the picture; `kind` says what it means."""

    kind: str
    left: float
    width: float


@dataclass(frozen=True)
class Row:
    """One line as shown.

    Attributes:
        owner: marketing, sales or joint; "" for what belongs to nobody.
        text: what was found.
        agreed, learned, total: points in words; total is the running one.
        bars: in % of the picture.
        end: where the running total stands, in %.
    """

    owner: str
    text: str
    agreed: str
    learned: str
    total: str
    bars: tuple[Bar, ...]
    end: float


@dataclass(frozen=True)
class Picture:
    """All rows with the axis under them."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    hand_over: float
    agreed: str
    learned: str
    total: str


def draw(reasons: list[dict[str, Any]], hand_over: float) -> Picture:
    """Place the lines of an answer's `reasons` on one axis of points."""
    lines = list(_folded(reasons))
    parts = [x for line in lines for x in (line["agreed"], line["learned"])]
    shown = rounded_to_sum(parts)
    ends = _ends(lines)
    low = min(0.0, *ends)
    high = max(100.0, *ends)
    axis = _Axis(low, high)
    rows, total = [], 0.0
    for k, line in enumerate(lines):
        agreed, learned = shown[2 * k], shown[2 * k + 1]
        before = total
        total += line["points"]
        rows.append(
            Row(
                line["owner"],
                line["sentence"],
                signed(agreed, 1 if agreed % 1 else 0),
                signed(learned),
                signed(sum(shown[: 2 * k + 2])).lstrip("+"),
                tuple(_bars(axis, before, line["agreed"], line["learned"])),
                axis.at(total),
            )
        )
    marks = (*range(0, 101, 20),)
    ticks = tuple((axis.at(float(m)), str(m)) for m in marks)
    agreed_sum, learned_sum = sum(shown[::2]), sum(shown[1::2])
    return Picture(
        tuple(rows),
        ticks,
        axis.at(hand_over),
        signed(agreed_sum, 1 if agreed_sum % 1 else 0).lstrip("+"),
        signed(learned_sum),
        signed(sum(shown)).lstrip("+"),
    )


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float

    def at(self, points: float) -> float:
        return round(100 * (points - self.low) / (self.high - self.low), 2)


def rows_of(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of an answer that have a row of their own, in its order."""
    sizes = sorted((abs(r["learned"]) for r in reasons if _is_beyond(r)), reverse=True)
    least = max([FOLDED, *sizes[MOST_LEARNED - 1 : MOST_LEARNED]])
    return [r for r in reasons if not _is_beyond(r) or abs(r["learned"]) >= least]


def _folded(reasons: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines worth a row; the small learned ones together, before a limit line."""
    rows = rows_of(reasons)
    together = _together([r for r in reasons if r not in rows])
    for r in rows:
        if r["kind"] == "limit":
            yield from together
            together = []
        yield r
    yield from together


def _together(small: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Small lines as one; none where there is none."""
    if not small:
        return []
    learned = sum(r["learned"] for r in small)
    count = "1 smaller line" if len(small) == 1 else f"{len(small)} smaller lines"
    most = max(FOLDED, math.ceil(max(abs(r["learned"]) for r in small) * 10) / 10)
    line = {"owner": "", "sentence": f"{count}, none above {most:g}", "agreed": 0.0}
    return [line | {"learned": learned, "points": learned}]


def _is_beyond(reason: dict[str, Any]) -> bool:
    """Whether a line was learned alone, beyond what the rulebook knows."""
    return reason["kind"] in ("field", "activity") and reason["agreed"] == 0.0


def _ends(lines: list[dict[str, Any]]) -> list[float]:
    ends, total = [], 0.0
    for line in lines:
        ends += [total + line["agreed"], total + line["points"]]
        total += line["points"]
    return ends


def _bars(axis: _Axis, start: float, agreed: float, learned: float) -> Iterator[Bar]:
    middle = start + agreed
    for kind, a, b in (("agreed", start, middle), ("learned", middle, middle + learned)):
        if a != b:
            sign = "added" if b > a else "taken"
            left, right = axis.at(min(a, b)), axis.at(max(a, b))
            yield Bar(f"{kind}-{sign}", left, round(max(right - left, 0.15), 2))
