"""A proposed edition from evidence: unsigned, with its figures written beside every change."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from features.fields import Fields
from features.rulebook.cases import run_cases
from features.rulebook.document import Case, Criterion, Rulebook
from models.evidence.criteria import CriterionEvidence, Evidence
from models.wording import signed


@dataclass(frozen=True)
class Change:
    """One criterion that the proposal moves.

    Attributes:
        id: of the criterion.
        before: agreed points; after: proposed ones, None when the criterion goes.
        reason: the evidence, in a sentence.
    """

    id: str
    before: float
    after: float | None
    reason: str


@dataclass(frozen=True)
class Suggestion:
    """A proposal that nobody has signed.

    Attributes:
        edition: the proposed rulebook.
        changes: what it moves.
        left_out: test cases that spoke of the old points and no longer hold; to be rewritten.
    """

    edition: Rulebook
    changes: tuple[Change, ...]
    left_out: tuple[str, ...]


def suggest_edition(rulebook: Rulebook, evidence: Evidence, fields: Fields) -> Suggestion:
    """Move the points that history rules out to where it sees them, in whole points.

    Criteria with too little data, and those whose agreed points stand, stay as they were signed:
    a proposal is for what evidence decides. A criterion that comes to 0 points goes.
    """
    kept: list[Criterion] = []
    changes: list[Change] = []
    for criterion, found in zip(rulebook.criteria, evidence.criteria, strict=True):
        moved = _moved(criterion, found, evidence)
        if moved is not None:
            kept.append(moved)
        if moved is not criterion:
            after = None if moved is None else moved.points
            changes.append(Change(criterion.id, criterion.points, after, found.reason))
    proposed = rulebook.model_copy(
        update={
            "edition": next_name(rulebook.edition),
            "status": "unsigned",
            "effective_from": None,
            "criteria": tuple(kept),
        }
    )
    holds, fails = _sort_cases(proposed, fields)
    edition = proposed.model_copy(update={"tests": holds})
    return Suggestion(edition, tuple(changes), tuple(case.says for case in fails))


def next_name(edition: str) -> str:
    """`2025.1` -> `2025.1-evidence` -> `2025.1-evidence-2`."""
    found = re.fullmatch(r"(.*-evidence)(?:-(\d+))?", edition)
    if found is None:
        return f"{edition}-evidence"
    return f"{found[1]}-{int(found[2] or 1) + 1}"


def _moved(criterion: Criterion, found: CriterionEvidence, evidence: Evidence) -> Criterion | None:
    """The criterion with its evidence points; itself when it stays, None when it goes."""
    if found.verdict in ("keep", "too little data"):
        return criterion
    points = float(math.floor(found.points + 0.5))
    if found.verdict == "drop" or points == 0.0:
        return None
    if points == criterion.points:
        return criterion
    told = (
        f"Evidence of {evidence.leads:,} leads, {evidence.conversions:,} converted: "
        f"{signed(found.points)} ({signed(found.low)} to {signed(found.high)}), agreed before "
        f"{signed(criterion.points)}; {found.behind.conversions:,} of {found.behind.leads:,} that "
        "carried it converted."
    )
    rationale = f"{criterion.rationale} {told}".strip()
    update: dict[str, object] = {"points": points, "rationale": rationale}
    if criterion.cap is not None:
        # It may count as often as before.
        update["cap"] = criterion.most * abs(points) if criterion.points else criterion.cap
    return criterion.model_copy(update=update)


def _sort_cases(proposed: Rulebook, fields: Fields) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    verdicts = run_cases(proposed, fields)
    pairs = list(zip(proposed.tests, verdicts, strict=True))
    holds = tuple(case for case, verdict in pairs if verdict.holds)
    return holds, tuple(case for case, verdict in pairs if not verdict.holds)
