"""One column's declaration: type, unit, role, owner, bounds, example."""

from __future__ import annotations

import numpy as np

from features.fields import Field, Known, Role
from training.draft.types import Profile
from training.words import (
    happened_before,
    label_of,
    names_an_id,
    owner_of,
    sums_up_behaviour,
    unit_of,
)

_EXAMPLES = {"email": "jane.doe@example.com", "job title": "Head of Marketing"}


def ignored(p: Profile) -> str | None:
    """Why a column is of no use to a score, or None."""
    if not p.levels:
        return "Empty in every row."
    if p.is_constant:
        return f"Says {p.levels[0]!r} in every row, so it tells no lead from another."
    distinct = f"{len(p.levels):,} values in {p.given:,} rows"
    why = f"Identifies the lead instead of describing it: {distinct}."
    if p.type == "id":
        return why
    if p.type in ("text", "category") and p.format == "" and p.identifies and not _is_prose(p):
        return why
    whole = p.type == "number" and p.identifies and bool((p.numbers() % 1 == 0).all())
    return why if whole and (names_an_id(p.words) or _counts_up(p)) else None


def _is_prose(p: Profile) -> bool:
    return float(np.mean([level.count(" ") for level in p.levels[:500]])) > 3


def _counts_up(p: Profile) -> bool:
    x = p.numbers()
    return p.n >= 50 and float(np.ptp(x)) + 1 <= 1.5 * p.n


def declared(p: Profile, name: str, why_not: str | None = None) -> Field:
    """The declaration of a column; ignored for the reason `why_not` where there is one."""
    activity = p.type == "number" and sums_up_behaviour(p.words)
    unit = unit_of(p.words) if p.type == "number" else ""
    # Sums of behaviour go on growing while the lead is handled.
    grows = activity and not happened_before(p.words)
    known: Known = "during handling" if grows else "at creation"
    role: Role = "activity" if activity else "attribute"
    if why_not is not None:
        role, known = "ignored", "at creation"
    return Field(
        name=name,
        column=p.column,
        type=p.type,
        role=role,
        owner=owner_of(p.words, activity),
        label=label_of(p.column),
        unit=unit,
        known=known,
        format=p.format,
        missing=p.markers,
        minimum=_minimum(p, activity or bool(unit)),
        example=_example(p),
        reason=why_not or "",
    )


def _minimum(p: Profile, counts: bool) -> float | None:
    if p.type != "number" or not counts:
        return None
    x = p.numbers()
    x = x[~np.isnan(x)]
    return 0.0 if len(x) and x.min() >= 0 else None


def _example(p: Profile) -> str | float | bool | None:
    """A value that is right for the field and is nobody's own."""
    if not p.levels or p.type == "id":
        return None
    match p.type:
        case "number":
            return _middle(p)
        case "boolean":
            return True
        case "instant":
            return "2026-01-05T12:00:00Z"
        case "category":
            return p.levels[0]
        case _:
            return _EXAMPLES.get(p.format)


def _middle(p: Profile) -> float | None:
    x, k = p.numbers(), np.array(p.counts)
    x, k = x[~np.isnan(x)], k[~np.isnan(x)]
    if not len(x):
        return None
    order = np.argsort(x)
    return float(x[order][np.searchsorted(np.cumsum(k[order]), k.sum() / 2)])
