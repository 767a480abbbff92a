"""Two scores of one lead, line by line: what moved, by how much; it adds up to the difference."""

from __future__ import annotations

from dataclasses import dataclass

from features.fields import Team
from models.explanation import Explanation, Line, LineKind

_STILL = 1e-12
"""Points; what moved by less has not moved."""


@dataclass(frozen=True)
class Move:
    """One line of two scores.

    Attributes:
        key, kind, owner, label: of the line; see `models.explanation.Line`.
        sentence: what is found after the change; before it, where the line is gone.
        before, after: points of the line; 0 where it is not there.
        agreed, learned: by how much each part moved; `points` by how much both did.
    """

    key: str
    kind: LineKind
    owner: Team
    label: str
    sentence: str
    before: float
    after: float
    agreed: float
    learned: float

    @property
    def points(self) -> float:
        """Agreed and learned together."""
        return self.agreed + self.learned


def moves(before: Explanation, after: Explanation) -> tuple[Move, ...]:
    """Every line that moved, furthest first; their points sum to `after.exact - before.exact`.

    The cut at 0 or 100 is no part of the exact scores and is left out.
    """
    was, now = _by_key(before), _by_key(after)
    found = [_move(was.get(key), now.get(key)) for key in {**was, **now}]
    moved = [m for m in found if max(abs(m.agreed), abs(m.learned)) > _STILL]
    return tuple(sorted(moved, key=lambda m: (-abs(m.points), m.key)))


def _by_key(told: Explanation) -> dict[str, Line]:
    return {line.key: line for line in told.lines if line.kind != "limit"}


def _move(was: Line | None, now: Line | None) -> Move:
    line = now or was
    assert line is not None
    agreed, learned, before, after = 0.0, 0.0, 0.0, 0.0
    if was is not None:
        agreed, learned, before = -was.agreed, -was.learned, was.points
    if now is not None:
        agreed, learned, after = agreed + now.agreed, learned + now.learned, now.points
    return Move(
        line.key, line.kind, line.owner, line.label, line.sentence, before, after, agreed, learned
    )
