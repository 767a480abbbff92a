"""What a check says of an edition: what it found, what follows from it, and what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.rulebook.criteria import Criterion, Disqualifier

Severity = Literal["error", "warning"]
Kind = Literal[
    "unusable",
    "impossible value",
    "contradiction",
    "unreachable",
    "always",
    "overlap",
    "double counting",
    "ended",
    "not decided",
]


@dataclass(frozen=True)
class Finding:
    """One thing about an edition that both teams should know before they sign.

    Attributes:
        where: id of the criterion or disqualifier; "" for the edition as a whole.
        kind: what sort of thing.
        severity: an error must be mended; a warning may be meant.
        what: what was found, a sentence.
        why: what follows from it, a sentence.
        now: what to do, a sentence.
    """

    where: str
    kind: Kind
    severity: Severity
    what: str
    why: str
    now: str

    def sentence(self) -> str:
        """The finding in one line."""
        return " ".join(part for part in (self.what, self.why, self.now) if part)


Part = Criterion | Disqualifier
"""What has a condition."""


def named(part: Part) -> str:
    """A part as a sentence begins with it."""
    return f"{'Criterion' if isinstance(part, Criterion) else 'Disqualifier'} {part.id}"
