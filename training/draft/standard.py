"""A starting agreement where history cannot propose one: what most teams would begin with."""

from __future__ import annotations

from collections.abc import Iterator

from features.fields import Field, Fields
from features.rulebook.conditions import Fact
from features.rulebook.document import Criterion, Group, Rulebook, Scale
from training.draft.candidates import fact_is

_NO_HISTORY = "A common starting point; too few outcomes are known to weigh it."


def standard(fields: Fields, horizon_days: float) -> Rulebook:
    """An edition for a team without history, by what mailboxes and job titles tell."""
    criteria = tuple(c for field in fields.inputs for c in _criteria(field))
    return Rulebook(
        edition="draft-1",
        horizon_days=horizon_days,
        scale=Scale(anchor_points=50.0, anchor_likelihood=0.10, points_to_double_odds=12.0),
        base_points=35.0,
        hand_over_from=50.0,
        grades={"A": 60.0, "B": 45.0, "C": 30.0, "D": 0.0},
        groups={"fit": Group(label="Who they are", owner="sales", at_most=40.0, dimension="fit")},
        criteria=criteria,
    )


def _criteria(field: Field) -> Iterator[Criterion]:
    if field.format == "email":
        kind = f"{field.name}_kind"
        yield _rule(field, "corporate", fact_is(kind, "corporate"), "Company mailbox", 10.0)
        yield _rule(field, "free", fact_is(kind, "free"), "Free mailbox", -10.0)
    elif field.format == "job title":
        level = f"{field.name}_seniority"
        high = Fact.model_validate({"field": level, "in": ("chief", "director", "head")})
        yield _rule(field, "decides", high, "Chief, director or head", 15.0)
        yield _rule(field, "manager", fact_is(level, "manager"), "Manager", 5.0)
        yield _rule(field, "student", fact_is(level, "student"), "Student or intern", -15.0)


def _rule(field: Field, tail: str, fact: Fact, says: str, points: float) -> Criterion:
    return Criterion(
        id=f"{field.name[:50]}_{tail}",
        says=says,
        group="fit",
        owner="sales",
        when=fact,
        points=points,
        rationale=_NO_HISTORY,
    )
