"""Agreed points beside what history says of them: where everything stands on one axis. No HTML."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.rulebook.criteria import Criterion
from features.rulebook.document import Rulebook
from features.rulebook.sentences import rule_sentence
from models.wording import signed
from serving.top_reasons import points_text

_STEP = 10.0
"""Points between two ticks of the axis."""
_VERDICTS = {"raise": "▲ Raise", "lower": "▼ Lower", "keep": "Keep", "drop": "Drop"}


@dataclass(frozen=True)
class Mark:
    """Where a criterion's evidence stands, in % of the axis.

    Attributes:
        point, low, high: the evidence and the ends of its interval.
        thread: from the interval to the agreed points where those lie outside; else None.
        few: too few leads, or conversions, to judge by.
        cut: whether the interval goes on beyond the axis, at its low and at its high end.
    """

    point: float
    low: float
    high: float
    thread: tuple[float, float] | None
    few: bool
    cut: tuple[bool, bool]


@dataclass(frozen=True)
class Row:
    """A criterion as a row.

    Attributes:
        id, says, rule, owner: who wrote what.
        agreed, at: its points in words, and where they stand in %.
        mark: the evidence, or None where the model has not seen the criterion.
        evidence, interval, behind: the same in words; "" without it.
        verdict, reason: what follows.
        stands: whether the agreed points stand, of which no more need be said.
        judged_at: the points that were judged, where the edition has others since; else "".
    """

    id: str
    says: str
    rule: str
    owner: str
    agreed: str
    at: float
    mark: Mark | None
    evidence: str
    interval: str
    behind: str
    verdict: str
    reason: str
    stands: bool
    judged_at: str


@dataclass(frozen=True)
class Group:
    """A group of criteria and its bounds in words."""

    label: str
    owner: str
    bounds: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Chart:
    """All groups on one axis.

    Attributes:
        groups: in the rulebook's order.
        ticks: (place in %, points in words), zero among them.
        zero: where zero stands, in %.
        judged, kept, asked: criteria with evidence enough to judge them by, those that stand,
            those that another number is asked for.
        few: criteria that too few leads, or conversions, stand behind.
    """

    groups: tuple[Group, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    judged: int
    kept: int
    asked: int
    few: int


def chart(book: Rulebook, evidence: Mapping[str, Mapping[str, Any]]) -> Chart:
    """Place every criterion of an edition.

    Args:
        evidence: criterion -> what the model's card says of it.
    """
    low, high = _axis(book, evidence)

    def place(points: float) -> float:
        return round(100 * (points - low) / (high - low), 2)

    groups = []
    for name, group in book.groups.items():
        mine = [c for c in book.criteria if c.group == name]
        rows = tuple(_row(c, evidence.get(c.id), place) for c in mine)
        groups.append(Group(group.label, group.owner, _bounds(group), rows))
    ticks = tuple((place(t), _whole(t)) for t in _ticks(low, high))
    verdicts = [evidence[c.id]["verdict"] for c in book.criteria if c.id in evidence]
    kept, asked = verdicts.count("keep"), sum(v in ("raise", "lower", "drop") for v in verdicts)
    few = len(verdicts) - kept - asked
    return Chart(tuple(groups), ticks, place(0.0), kept + asked, kept, asked, few)


def _axis(book: Rulebook, evidence: Mapping[str, Mapping[str, Any]]) -> tuple[float, float]:
    """The ends of the axis: all agreed points, and the intervals that leads stand behind."""
    told = [c.points for c in book.criteria] + [0.0]
    for c in book.criteria:
        found = evidence.get(c.id)
        if found is not None and found["verdict"] in _VERDICTS:
            told += [found["low"], found["high"]]
    low = min(math.floor((min(told) - 1) / _STEP) * _STEP, -_STEP)
    return low, max(math.ceil((max(told) + 1) / _STEP) * _STEP, _STEP)


def _ticks(low: float, high: float) -> Iterator[float]:
    at = low
    while at <= high:
        yield at
        at += _STEP


def _row(c: Criterion, found: Mapping[str, Any] | None, place: Any) -> Row:
    points = points_text(c.points, "agreed")
    told = (c.id, c.says, rule_sentence(c), c.owner, points, place(c.points))
    if found is None:
        reason = "The model has not seen it. It is judged once a model is trained on this edition."
        return Row(*told, None, "", "", "", "Not judged", reason, False, "")
    ends = f"{_whole(found['low'])} to {_whole(found['high'])}"
    behind = f"{found['leads']:,} / {found['conversions']:,}"
    moved = "" if found["agreed"] == c.points else _whole(found["agreed"])
    verdict = _VERDICTS.get(found["verdict"], "Too few")
    return Row(
        *told,
        _mark(found, c.points, place),
        _whole(found["points"]),
        ends,
        behind,
        verdict,
        found["reason"],
        found["verdict"] == "keep",
        moved,
    )


def _whole(points: float) -> str:
    return signed(points, 0)


def _mark(found: Mapping[str, Any], agreed: float, place: Any) -> Mark:
    low, high = found["low"], found["high"]
    thread = None
    if not low <= agreed <= high:
        near = low if agreed < low else high
        thread = (place(min(agreed, near)), place(max(agreed, near)))

    def inside(points: float) -> float:
        return float(max(0.0, min(100.0, place(points))))

    few = found["verdict"] not in _VERDICTS
    cut = (place(low) < 0.0, place(high) > 100.0)
    return Mark(inside(found["points"]), inside(low), inside(high), thread, few, cut)


def _bounds(group: Any) -> str:
    if group.at_most is not None and group.at_least is not None:
        return f"counts for {_whole(group.at_least)} to {_whole(group.at_most)}"
    if group.at_most is not None:
        return f"counts for at most {group.at_most:g}"
    return "" if group.at_least is None else f"counts for at least {_whole(group.at_least)}"
