"""A rulebook against the fields: facts that do not exist, and values that they cannot have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.contact import FUNCTIONS, KINDS, SENIORITIES
from features.declare import Kind
from features.facts import derived_kinds
from features.fields import Field, Fields
from features.fit import WEEKDAYS
from features.rulebook.conditions import Condition, Fact, walk
from features.rulebook.document import Rulebook
from features.rulebook.domains import Domain, End, Numbers, Texts, numbers

_NUMERIC = ("at_least", "at_most", "above", "below", "between")
_DERIVED_LEVELS = {
    "_kind": KINDS,
    "_seniority": SENIORITIES,
    "_function": FUNCTIONS,
    "_weekday": WEEKDAYS,
    "_given": ("yes", "no"),
}
_LAST_HOUR = 23


def complaints(rulebook: Rulebook, fields: Fields) -> list[str]:
    """What makes the rulebook unusable with these fields, a sentence each; empty if nothing."""
    criteria = [f"Criterion {c.id}" for c in rulebook.criteria]
    named = [*criteria, *(f"Disqualifier {d.id}" for d in rulebook.disqualifiers)]
    found = zip(named, rulebook.conditions, strict=True)
    return [told for name, when in found for told in unusable(name, when, fields)]


def unusable(name: str, when: Condition, fields: Fields) -> list[str]:
    """What makes one condition unusable, a sentence each; `name` says whose it is."""
    derived = derived_kinds(fields)
    return [
        told
        for leaf in walk(when)
        if isinstance(leaf, Fact)
        for told in _complaints(f"{name} asks for {leaf.field!r}", leaf, fields, derived)
    ]


def _complaints(where: str, fact: Fact, fields: Fields, derived: dict[str, Kind]) -> Iterator[str]:
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
    outside = [number for number in fact.numbers if not low <= number <= high]
    if outside:
        yield f"{where} against {outside[0]:g}, but it lies between {low:g} and {high:g}."


def _text_complaints(where: str, fact: Fact, kind: str) -> Iterator[str]:
    if fact.contains is not None or any(isinstance(v, str) for v in fact.wanted):
        yield f"{where} as a text, but it is a {kind}."


def universe(fields: Fields) -> dict[str, Domain]:
    """All that each fact can be, by what the fields declare; every fact may be missing, too, but
    for whether a text was given."""
    told = {name: _derived(name, kind) for name, kind in derived_kinds(fields).items()}
    return told | {field.name: _declared(field) for field in fields.fields}


def _derived(name: str, kind: Kind) -> Domain:
    if kind == "number":
        hours = Numbers(((End(0), End(_LAST_HOUR)),))
        return Domain(hours if name.endswith("_hour") else Numbers(), missing=True)
    levels = next((known for end, known in _DERIVED_LEVELS.items() if name.endswith(end)), ())
    return Domain(_texts(levels), missing=not name.endswith("_given"))


def _declared(field: Field) -> Domain:
    if field.type == "boolean":
        return Domain(numbers((0.0, 1.0)), missing=True)
    if field.type == "number":
        low = -np.inf if field.minimum is None else field.minimum
        high = np.inf if field.maximum is None else field.maximum
        return Domain(Numbers(((End(low), End(high)),)), missing=True)
    marked = Texts(frozenset(marker.casefold() for marker in field.missing))
    return Domain(_texts(field.levels).both(marked), missing=True)


def _texts(levels: tuple[str, ...]) -> Texts:
    return Texts(frozenset(v.casefold() for v in levels), but=not levels)
