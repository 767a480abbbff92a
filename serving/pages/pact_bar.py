"""The pact bar: a score on its scale of 0 to 100, agreed in ink and learned in pencil. No HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PactBar:
    """Where the parts of a bar stand, in % of its width.

    Attributes:
        agreed: end of the solid part.
        left, width: of the hatched part; left of the mark it was added, right of it taken away.
        kind: which of the two.
        mark: the score.
        hand_over: the threshold.
    """

    agreed: float
    left: float
    width: float
    kind: str
    mark: float
    hand_over: float


def place(score: float, agreed: float, hand_over: float) -> PactBar:
    """The bar of a score and the agreed score below it, both 0 to 100 as shown."""
    low = min(score, agreed)
    kind = "learned-added" if score >= agreed else "learned-taken"
    return PactBar(low, low, abs(score - agreed), kind, score, hand_over)


def grade_spans(grades: Mapping[str, float], own: str) -> list[dict[str, Any]]:
    """The grades over a scale: where each begins, its middle, and whether it is this lead's."""
    ends = sorted(grades.items(), key=lambda item: item[1])
    tops = [least for _, least in ends[1:]] + [100.0]
    return [
        {"name": name, "from": least, "middle": (least + top) / 2, "own": name == own}
        for (name, least), top in zip(ends, tops, strict=True)
    ]
