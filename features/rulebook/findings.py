"""What is wrong, or odd, about an edition.

Errors: rules that cannot be used or can never hold, and bounds that contradict each other.
Warnings: rules that say the same thing twice, that nobody needs, or thresholds that agreed points
cannot reach; they may be meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from features.fields import Fields
from features.rulebook.alone import alone, faults, impossible_values
from features.rulebook.check import universe
from features.rulebook.criteria import Criterion, Disqualifier
from features.rulebook.document import Rulebook
from features.rulebook.finding import Finding, Part
from features.rulebook.logic import Logic
from features.rulebook.pairs import overlaps, shadowed
from features.rulebook.reach import out_of_reach


def findings(rulebook: Rulebook, fields: Fields, today: date | None = None) -> list[Finding]:
    """Everything found about an edition, errors first.

    Args:
        rulebook: the edition.
        fields: what the company's leads hold.
        today: for criteria that have ended; None tells nothing of them.
    """
    known = universe(fields)
    logic = Logic(known)
    found: list[Finding] = []
    sound: list[Part] = []
    parts: list[Part] = [*rulebook.criteria, *rulebook.disqualifiers]
    for part in parts:
        wrong = list(faults(part, fields))
        if not wrong:
            wrong = [*impossible_values(part, known), *alone(part, logic)]
            # Who applies to nobody or to everybody has been told enough of.
            if all(f.kind not in ("contradiction", "always") for f in wrong):
                sound.append(part)
        found += wrong
    found += overlaps([p for p in sound if isinstance(p, Criterion)], logic)
    found += shadowed([p for p in sound if isinstance(p, Disqualifier)], logic)
    found += out_of_reach(rulebook)
    if today is not None:
        found += _ended(rulebook, today)
    return sorted(found, key=lambda f: f.severity)


def _ended(rulebook: Rulebook, today: date) -> Iterator[Finding]:
    for criterion in rulebook.criteria:
        end = criterion.valid_until
        if end is not None and end < today:
            yield Finding(
                criterion.id,
                "ended",
                "warning",
                f"Criterion {criterion.id} ended on {end}.",
                "It gives no points any more.",
                "Leave it out of the next edition, or agree on another day.",
            )
