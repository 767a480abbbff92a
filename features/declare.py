"""How a feature is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, TypeVar

from features.arrays import Column
from features.fields import Team
from features.snapshot import Snapshot

Kind = Literal["number", "category"]
Function = TypeVar("Function", bound=Callable[..., Column])


@dataclass(frozen=True)
class Feature:
    """One column a model may look at.

    Attributes:
        name: unique in its catalogue.
        kind: float64 column (NaN missing) or object column (None missing).
        unit: of the value, "" for none.
        owner: whose facts these are.
        line: the explanation line it counts to, `field:NAME` or `activity:NAME`.
        label: the line's name for people.
        reason: sentence with `{value}`; what was found of a lead.
        compute: from a snapshot of n leads to a column of shape (n,).
    """

    name: str
    kind: Kind
    unit: str
    owner: Team
    line: str
    label: str
    reason: str
    compute: Callable[[Snapshot], Column]


@dataclass(frozen=True)
class Declaration:
    """What `@feature` says of a function; `each` names the settings it is made for."""

    kind: Kind
    unit: str
    owner: Team
    line: str
    label: str
    reason: str
    each: tuple[str, ...]


def feature(
    *,
    unit: str,
    owner: Team,
    line: str,
    label: str,
    reason: str,
    kind: Kind = "number",
    each: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Declare a function of `own`, `colleagues` and the settings in `each` as a feature."""

    def mark(function: Function) -> Function:
        declaration = Declaration(kind, unit, owner, line, label, reason, each)
        function.declaration = declaration  # type: ignore[attr-defined]
        return function

    return mark


def declared(module: ModuleType) -> Iterator[tuple[Callable[..., Column], Declaration]]:
    """The feature functions of a module, in the order they are written."""
    for function in vars(module).values():
        declaration = getattr(function, "declaration", None)
        if isinstance(declaration, Declaration):
            yield function, declaration
