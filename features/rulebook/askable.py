"""What a condition may ask of a lead: every fact with its sort, so that a form offers what fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.declare import Kind
from features.facts import derived_kinds
from features.fields import Field, Fields
from features.rulebook.check import universe
from features.rulebook.domains import Texts

Sort = Literal["number", "choice", "text", "yes or no", "date"]
_SORTS: dict[str, Sort] = {
    "number": "number",
    "category": "choice",
    "text": "text",
    "boolean": "yes or no",
    "instant": "date",
}


@dataclass(frozen=True)
class Askable:
    """A fact that a condition may test.

    Attributes:
        name: as a condition names it.
        sort: decides which tests fit it.
        unit: of a number, such as "EUR"; "" without one.
        levels: the values that a choice takes, in order; empty where they are not known.
    """

    name: str
    sort: Sort
    unit: str = ""
    levels: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The name as sentences write it."""
        return self.name.replace("_", " ")


def askable(fields: Fields) -> dict[str, Askable]:
    """Every fact that a rulebook may ask for by name: the fields in file order, each followed by
    what is derived from it. Ids tell nothing of a lead, so none is offered."""
    derived, levels = derived_kinds(fields), _derived_levels(fields)
    found: dict[str, Askable] = {}
    for field in fields.fields:
        if field.type in _SORTS and (field.is_input or field.name == fields.timing.as_of):
            found[field.name] = _declared(field)
        for name, kind in derived.items():
            if name not in fields and name.startswith(f"{field.name}_"):
                found.setdefault(name, _derived(name, kind, levels.get(name, ())))
    return found


def _declared(field: Field) -> Askable:
    return Askable(field.name, _SORTS[field.type], field.unit, field.levels)


def _derived(name: str, kind: Kind, levels: tuple[str, ...]) -> Askable:
    return Askable(name, "number" if kind == "number" else "choice", "", levels)


def _derived_levels(fields: Fields) -> dict[str, tuple[str, ...]]:
    known = {name: domain.values for name, domain in universe(fields).items()}
    return {
        name: tuple(sorted(values.names))
        for name, values in known.items()
        if isinstance(values, Texts) and not values.but
    }
