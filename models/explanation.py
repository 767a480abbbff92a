"""A score taken apart: lines in points that add up to it, each with a plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.fields import Team
from features.rulebook.criteria import Dimension
from models.wording import signed

LineKind = Literal["base", "criterion", "cap", "field", "activity", "limit"]


@dataclass(frozen=True)
class Line:
    """One line of a score.

    Attributes:
        key: stable id: `base`, `criterion:ID`, `cap:GROUP`, `cap` (of all points), `field:NAME`,
            `activity:NAME`, `limit`.
        kind: what sort of line it is; `limit` is the cut at 0 or 100.
        owner: whose line it is.
        label: what it is called, for people.
        sentence: what was found of this lead, in plain words.
        agreed: points that both teams signed.
        learned: points that outcomes added (+) or took away (-).
        group: the rulebook group of a criterion, else "".
        dimension: the sub-score it counts to: fit, engagement, or "" for neither. What was learned
            of an attribute is fit; of an activity, or of a field that sums activities up, it is
            engagement.
    """

    key: str
    kind: LineKind
    owner: Team
    label: str
    sentence: str
    agreed: float
    learned: float
    group: str = ""
    dimension: Dimension | Literal[""] = ""

    @property
    def points(self) -> float:
        """Agreed and learned together."""
        return self.agreed + self.learned


@dataclass(frozen=True)
class Explanation:
    """All lines of one lead's score: they sum to `exact`; with the limit line, to `shown`.

    Attributes:
        lines: base first, then criteria in rulebook order, caps, what was learned beyond them by
            size, and the limit line when the score was cut at 0 or 100.
        exact: the score before rounding and cutting, in points.
        shown: the score cut to 0..100, unrounded.
    """

    lines: tuple[Line, ...]
    exact: float
    shown: float

    def reasons(self, most: int | None = None) -> tuple[Line, ...]:
        """The lines that moved the score, largest first; the base is no reason."""
        told = [x for x in self.lines if x.kind not in ("base", "limit") and abs(x.points) >= 0.05]
        told.sort(key=lambda line: (-abs(line.points), line.key))
        return tuple(told[:most])

    def in_short(self, most: int = 3) -> str:
        """The largest reasons in one line: `Attended a webinar +13.0; Free mailbox −9.1`."""
        return "; ".join(f"{line.label} {signed(line.points)}" for line in self.reasons(most))
