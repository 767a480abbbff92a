"""A rulebook edition as a document: parse, canonical text, sha256."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic import Field as Setting

from features.errors import DocumentRefused
from features.fields import Document, parse_document
from features.rulebook.conditions import Condition, Fact, walk
from features.rulebook.criteria import (
    DIMENSIONS,
    Bounds,
    Criterion,
    Decay,
    Dimension,
    Disqualifier,
    Group,
)
from features.yaml_text import as_yaml

__all__ = ["Case", "Criterion", "Decay", "Disqualifier", "Group", "Rulebook", "Scale"]

SCHEMA = "leadpact/rulebook/1"


class Scale(Document):
    """What points mean: `anchor_points` are `anchor_likelihood`; so many more double the odds."""

    anchor_points: float = 50.0
    anchor_likelihood: float = Setting(default=0.10, gt=0, lt=1)
    points_to_double_odds: float = Setting(default=12.0, gt=0)


class Grid(Document):
    """The least points of fit for A, B and C, and of engagement for 1, 2 and 3; D and 4 take what
    is below. `A1` is the best corner, `D4` the worst."""

    fit: dict[str, float]
    engagement: dict[int, float]

    @model_validator(mode="after")
    def _steps(self) -> Self:
        for name, found, wanted in (
            ("fit", list(self.fit), ["A", "B", "C"]),
            ("engagement", list(self.engagement), [1, 2, 3]),
        ):
            least = list(getattr(self, name).values())
            if found != wanted or not least[0] > least[1] > least[2]:
                told = ", ".join(str(w) for w in wanted)
                raise ValueError(
                    f"grid: {name}: give the least points of {told}, each below the one before"
                )
        return self

    def cell(self, fit: float, engagement: float) -> str:
        """Where a lead stands, such as `B2`."""
        # What floating point adds to a point decides nothing.
        f, e = round(fit, 9), round(engagement, 9)
        letter = next((k for k, least in self.fit.items() if f >= least), "D")
        digit = next((k for k, least in self.engagement.items() if e >= least), 4)
        return f"{letter}{digit}"


class Expectation(Document):
    """What a test case expects of the agreed points, before they are clipped to 0 to 100."""

    points: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    handed_over: bool | None = None
    grade: str | None = None
    grid: str | None = None
    route: str | None = None
    """The way that a disqualified lead goes."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"a test expects nothing: give one of {names}")
        return self


class Case(Document):
    """A test in its owners' language. Activities carry `days_ago` instead of instants.

    The lead is looked at on the day `as_of`, at noon UTC; which day matters only to criteria that
    end and to fields that hold instants.
    """

    says: str
    as_of: date | None = None
    lead: dict[str, Any] = Setting(default_factory=dict)
    activities: tuple[dict[str, Any], ...] = ()
    expect: Expectation


class Value(Document):
    """The exchange rate between the two horizons: a lead is worth its likelihood times the amount
    it brings if won. Told beside the score, and in none of its points."""

    currency: str = Setting(min_length=1, max_length=12)
    retention: Literal["none", "one_year"] = "none"
    """Whether it is told too who stays a year after the win, and what is expected after it."""


class Rulebook(Document):
    """A workspace's `rulebook.yaml`: one edition of the agreement."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    document: str = Setting(default=SCHEMA, alias="schema")
    edition: str
    status: Literal["unsigned", "signed"] = "unsigned"
    effective_from: date | None = None
    horizon_days: float = Setting(default=90.0, gt=0)
    scale: Scale = Scale()
    base_points: float = 0.0
    hand_over_from: float
    tolerance_points: float = Setting(default=15.0, gt=0)
    """Points by which the agreed and the learned score may differ before a lead is labelled."""
    value: Value | None = None
    """How the expected value of a lead is told; None tells none."""
    grades: dict[str, float]
    """Grade -> the least score it takes; the lowest grade takes everything (0)."""
    grid: Grid | None = None
    """Fit and engagement beside the single score; needs groups of both dimensions."""
    groups: dict[str, Group]
    total: Bounds | None = None
    """The most and least that all agreed points may come to, before the cut at 0 and 100."""
    criteria: tuple[Criterion, ...]
    disqualifiers: tuple[Disqualifier, ...] = ()
    """In the order they are asked; the first that applies decides the route."""
    tests: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.document != SCHEMA:
            raise ValueError(f"schema is {self.document!r}; this version reads {SCHEMA!r}")
        criteria, others = [c.id for c in self.criteria], [d.id for d in self.disqualifiers]
        taken = [id_ for id_ in criteria if id_ in others]
        for what, ids in (("criterion", criteria), ("disqualifier", others + taken)):
            double = sorted({i for i in ids if ids.count(i) > 1})
            if double:
                raise ValueError(f"{what} id given twice: {', '.join(double)}")
        for criterion in self.criteria:
            if criterion.group not in self.groups:
                raise ValueError(
                    f"criterion {criterion.id}: group {criterion.group!r} not declared"
                )
        if not self.grades or min(self.grades.values()) != 0:
            raise ValueError("grades: the lowest grade must start at 0, so that every lead has one")
        unknown = {c.expect.grade for c in self.tests if c.expect.grade} - set(self.grades)
        if unknown:
            raise ValueError(f"tests name grades that are not declared: {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _grid_has_dimensions(self) -> Self:
        lacking = [d for d in DIMENSIONS if not self.of_dimension(d)]
        if self.grid and lacking:
            raise ValueError(
                f"grid: no group has dimension: {lacking[0]}; say of each group of criteria which "
                "of fit and engagement it is"
            )
        return self

    def canonical(self) -> str:
        """The text that is signed: JSON with sorted keys, without status and dates."""
        kept_out = {"status", "effective_from"}
        if not self.disqualifiers:
            # An edition signed before there were disqualifiers keeps its text and its sha256.
            kept_out.add("disqualifiers")
        told = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=kept_out)
        return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def fingerprint(self) -> str:
        """sha256 of the canonical text."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def text(self) -> str:
        """The edition as YAML; reading it back gives an equal edition."""
        told = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        told = {"schema": self.document, **told}
        return as_yaml(told)

    def grade(self, score: float) -> str:
        """The grade of a score from 0 to 100."""
        by_height = sorted(self.grades.items(), key=lambda item: -item[1])
        return next(name for name, least in by_height if score >= least)

    def of_dimension(self, dimension: Dimension) -> tuple[int, ...]:
        """The places, in order, of the groups that count to a sub-score."""
        groups = enumerate(self.groups.values())
        return tuple(g for g, group in groups if group.dimension == dimension)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition of the edition: of its criteria, then of its disqualifiers."""
        return tuple(c.when for c in self.criteria) + tuple(d.when for d in self.disqualifiers)

    def facts(self) -> set[str]:
        """The names of all facts that conditions test."""
        leaves = (leaf for when in self.conditions for leaf in walk(when))
        return {leaf.field for leaf in leaves if isinstance(leaf, Fact)}


def parse_rulebook(text: str, where: str = "rulebook") -> Rulebook:
    """A rulebook from YAML text.

    Raises:
        DocumentRefused: naming each place and reason.
    """
    found = parse_document(Rulebook, text, where)
    assert isinstance(found, Rulebook)
    return found


def read_rulebook(path: Path) -> Rulebook:
    """A rulebook from a file.

    Raises:
        DocumentRefused: when it is missing, is not YAML, or contradicts itself.
    """
    if not path.is_file():
        raise DocumentRefused(
            f"{path} is not there. `leadpact init` drafts one; `leadpact rulebook check` checks it."
        )
    return parse_rulebook(path.read_text(encoding="utf-8"), str(path))
