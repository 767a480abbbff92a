"""What moved a lead's score each time: an activity, an edition, a model, or time alone. No HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from models.wording import signed
from serving.canonical import read

if TYPE_CHECKING:
    from sqlalchemy import Row

EDITION, MODEL = "edition", "model"
FADED, AGED = "points faded", "time passed"
COLLEAGUE = "activity at the account"


@dataclass(frozen=True)
class Told:
    """A score as it was told: of which instant, from what, between which ends, by which edition
    and model, and why then."""

    at: int
    score: int
    low: float
    high: float
    edition: str
    model: str
    version: int
    seqs: frozenset[int]
    cause: str


@dataclass(frozen=True)
class Jump:
    """From one score to the next.

    Attributes:
        at: the instant of the later one, in microseconds.
        by, to: by how many points, and to which score.
        what: what moved it, in words.
        ruled: EDITION and MODEL, those that are another one since.
        ruled_by: these by name; "" for none.
        seq: the lead's own activity that the change stands beside; None where it had none.
    """

    at: int
    by: int
    to: int
    what: str
    ruled: tuple[str, ...] = ()
    ruled_by: str = ""
    seq: int | None = None

    @property
    def change(self) -> str:
        """Such as "+13 to 61"."""
        return f"{signed(self.by, 0)} to {self.to}"

    @property
    def matters(self) -> bool:
        """Whether it is worth a line of its own: it moved the score, or is what it counts by."""
        return bool(self.by or self.ruled)


def told_of(row: Row[Any]) -> Told:
    """A stored score."""
    answer = read(row.answer)
    ends, versions = answer["score_interval"], answer["versions"]
    return Told(
        row.as_of,
        row.score,
        ends["low"],
        ends["high"],
        versions["rulebook"],
        versions["model"],
        row.lead_version,
        frozenset(read(row.activity_seqs)),
        row.cause,
    )


def jumps_of(scores: Sequence[Told], own: Mapping[int, str]) -> list[Jump]:
    """What moved a score each time, oldest first; what time took bit by bit is one jump.

    Args:
        scores: oldest first.
        own: the lead's own activities: number -> in words.
    """
    found: list[Jump] = []
    for jump in (_jump(before, after, own) for before, after in pairwise(scores)):
        if found and jump.what in (FADED, AGED) and found[-1].what == jump.what:
            found[-1] = replace(jump, by=found[-1].by + jump.by)
        else:
            found.append(jump)
    return found


def _jump(before: Told, after: Told, own: Mapping[int, str]) -> Jump:
    by, new = after.score - before.score, after.seqs - before.seqs
    mine = sorted(new & own.keys())
    ruled = tuple(k for k in (EDITION, MODEL) if getattr(before, k) != getattr(after, k))
    names = [f"{kind} {getattr(after, kind)}" for kind in ruled]
    words = [_did(mine, own)] if mine else []
    words += [f"{n} in force" if n.startswith(EDITION) else n for n in names]
    what = ", ".join(words or [next(_reasons(before, after, by))])
    seq = mine[-1] if mine and not ruled else None
    return Jump(after.at, by, after.score, what, ruled, ", ".join(names), seq)


def _did(mine: Sequence[int], own: Mapping[int, str]) -> str:
    """The activity that came last, and how many came with it."""
    more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
    return own[mine[-1]] + more


def _reasons(before: Told, after: Told, by: int) -> Iterator[str]:
    """What moved a score besides the lead's own activities, the edition and the model."""
    if after.version != before.version:
        yield "fields changed"
    if after.seqs - before.seqs:
        yield COLLEAGUE
    if before.seqs - after.seqs:
        yield "activities taken out"
    if after.cause == "consent":
        yield "scored again, by consent"
    yield FADED if by < 0 else AGED
