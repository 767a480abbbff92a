"""What a reader of the card must not miss, each under a name that machines can look for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.wording import in_hundred
from training.drift import Drift
from training.segments import Segment

RULEBOOK_NOT_INFORMATIVE = "RulebookNotInformative"
NOT_TESTED = "NotTested"
RATE_MOVED = "BaseRateMoved"
FIELDS_MOVED = "FieldsMoved"
SEGMENTS_OFF = "SegmentsOff"
LEAKS_ACCEPTED = "LeaksAccepted"
ACCOUNTS_MIXED = "AccountsMixed"
ALIGNED = "Aligned"


@dataclass(frozen=True)
class Finding:
    """One thing to know before using a model.

    Attributes:
        name: for machines.
        says: for people, what and what now.
    """

    name: str
    says: str


def findings(
    *,
    slope: float,
    informative: bool,
    evaluation: Mapping[str, Any] | None,
    told: float | None,
    drift: list[Drift],
    groups: list[Segment],
    accepted: Mapping[str, str],
    mixed: bool = False,
) -> list[Finding]:
    """All that applies, the gravest first.

    Args:
        slope: how much of what its points state the rulebook tells, 1 for all of it.
        informative: whether that is enough for its points to be a scale.
        evaluation: figures on held-out leads; None when there are none.
        told: mean likelihood of the held-out leads.
        drift: parts of the history, compared.
        groups: segments of the held-out leads.
        accepted: suspicious inputs that a person answers for.
        mixed: whether folds had to part accounts.
    """
    found: list[Finding] = []
    if not informative:
        found.append(not_informative(slope, evaluation))
    if evaluation is None:
        says = "Too few leads of either outcome to hold any out: nothing here was tested."
        found.append(Finding(NOT_TESTED, says))
    if accepted:
        found.append(leaks_accepted(accepted))
    if mixed:
        says = (
            "One account or two hold all leads of one outcome: how far each rung is trusted was "
            "judged on leads whose colleagues taught it, which flatters. Leads of more accounts "
            "mend it."
        )
        found.append(Finding(ACCOUNTS_MIXED, says))
    found += _rate(drift, told)
    found += _fields(drift)
    found += _segments(groups)
    return found


def leaks_accepted(accepted: Iterable[str]) -> Finding:
    """That suspicious inputs are used all the same."""
    says = (
        f"{', '.join(accepted)} looked known only after the outcome and was accepted: if that is "
        "wrong, every figure here flatters."
    )
    return Finding(LEAKS_ACCEPTED, says)


def not_informative(slope: float, evaluation: Mapping[str, Any] | None) -> Finding:
    """That the rulebook's points tell little of what they state; arguments as in `findings`."""
    ranks = ""
    if evaluation is not None:
        ranks = f" and rank held-out leads with an AUC of {evaluation['rulebook']['auc']:.2f}"
    says = (
        f"The rulebook does not separate: its points tell {100 * max(slope, 0):.0f} % of what they "
        f"state{ranks}. The model works without it; the teams should look at the criteria."
    )
    return Finding(RULEBOOK_NOT_INFORMATIVE, says)


def _rate(drift: list[Drift], told: float | None) -> Iterator[Finding]:
    moved = [d for d in drift if d.rate_moved]
    if not moved:
        return
    d = next((d for d in moved if d.newer == "held out"), moved[0])
    model = ""
    if d.newer == "held out" and told is not None:
        model = f", where the model told {in_hundred(told)}"
    yield Finding(
        RATE_MOVED,
        f"The conversion rate moved: {in_hundred(d.before.rate)} of the {d.older}, "
        f"{in_hundred(d.after.rate)} of the {d.newer}{model}. A rate that has not happened yet "
        "cannot be calibrated: train again as outcomes come in.",
    )


def _fields(drift: list[Drift]) -> Iterator[Finding]:
    for d in drift:
        if d.newer == "held out" and len(drift) > 1:
            continue
        if d.drifted:
            told = "; ".join(f"{f.label} ({f.says})" for f in d.drifted[:4])
            more = len(d.drifted) - 4
            rest = f"; and {more} more" if more > 0 else ""
            yield Finding(
                FIELDS_MOVED,
                f"Between {d.older} and {d.newer} {len(d.drifted)} of {d.judged} inputs moved: "
                f"{told}{rest}.",
            )


def _segments(groups: list[Segment]) -> Iterator[Finding]:
    judged = [g for g in groups if g.holds is not None]
    off = [g for g in judged if not g.holds]
    chance = 0.1 * len(judged)
    # Twice what chance gives, and one more: groups overlap, so they err together.
    if len(off) <= 2 * chance + 1:
        return
    worst = sorted(off, key=lambda g: -abs(g.told - g.observed.rate))[:3]
    told = "; ".join(
        f"{g.by}: {g.value}, told {in_hundred(g.told)}, happened {in_hundred(g.observed.rate)}"
        for g in worst
    )
    yield Finding(
        SEGMENTS_OFF,
        f"In {len(off)} of {len(judged)} groups of leads the mean likelihood lies outside the "
        f"observed rate's interval, where chance gives about {chance:.0f}. Furthest: {told}.",
    )
