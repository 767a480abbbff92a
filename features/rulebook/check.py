"""A rulebook against the fields: unknown facts and impossible values make it unusable."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.declare import Kind
from features.facts import derived_kinds
from features.fields import Field, Fields
from features.rulebook.conditions import Fact, walk
from features.rulebook.document import Criterion, Rulebook

_NUMERIC = ("at_least", "at_most", "above", "below", "between")


def complaints(rulebook: Rulebook, fields: Fields) -> list[str]:
    """What makes the rulebook unusable with these fields, a sentence each; empty if nothing."""
    derived = derived_kinds(fields)
    found: list[str] = []
    for criterion in rulebook.criteria:
        for leaf in walk(criterion.when):
            if isinstance(leaf, Fact):
                found.extend(_complaints(criterion, leaf, fields, derived))
    return found


def _complaints(
    criterion: Criterion, fact: Fact, fields: Fields, derived: dict[str, Kind]
) -> Iterator[str]:
    where = f"Criterion {criterion.id} asks for {fact.field!r}"
    if fact.field not in fields:
        if fact.field not in derived:
            names = ", ".join(sorted({f.name for f in fields.inputs} | derived.keys()))
            yield f"{where}, which is no field and no fact derived from one. Known: {names}."
        elif derived[fact.field] == "number":
            yield from _text_complaints(where, fact, "number")
        elif any(getattr(fact, o) is not None for o in _NUMERIC):
            yield f"{where} as a number, but it is a category."
        return
    field = fields[fact.field]
    if not field.is_input and field.name != fields.timing.as_of:
        why = field.reason or f"role {field.role}, known {field.known}"
        yield f"{where}, which no score may look at ({why})."
    if field.type in ("number", "boolean"):
        yield from _numeric_complaints(where, fact, field)
    elif field.type == "instant" and fact.missing is None:
        yield f"{where}, an instant: only `missing` can be asked of it; use {field.name}_days_ago."
    elif any(getattr(fact, o) is not None for o in _NUMERIC):
        yield f"{where} as a number, but it is a {field.type}."


def _numeric_complaints(where: str, fact: Fact, field: Field) -> Iterator[str]:
    yield from _text_complaints(where, fact, field.type)
    low = -np.inf if field.minimum is None else field.minimum
    high = np.inf if field.maximum is None else field.maximum
    bounds = [fact.at_least, fact.at_most, fact.above, fact.below, *(fact.between or ())]
    outside = [b for b in bounds if b is not None and not low <= b <= high]
    if outside:
        yield f"{where} against {outside[0]:g}, but it lies between {low:g} and {high:g}."


def _text_complaints(where: str, fact: Fact, kind: str) -> Iterator[str]:
    wanted = (fact.is_, *(fact.in_ or ()))
    if fact.contains is not None or any(isinstance(v, str) for v in wanted):
        yield f"{where} as a text, but it is a {kind}."
