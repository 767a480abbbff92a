"""A rulebook edition as a document: parse, canonical text, sha256."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import ConfigDict, model_validator
from pydantic import Field as Setting

from features.errors import DocumentRefused
from features.fields import NAME, Document, Team, parse_document
from features.rulebook.conditions import Condition, Happened, walk

SCHEMA = "leadpact/rulebook/1"


class Scale(Document):
    """What points mean: `anchor_points` are `anchor_likelihood`; so many more double the odds."""

    anchor_points: float = 50.0
    anchor_likelihood: float = Setting(default=0.10, gt=0, lt=1)
    points_to_double_odds: float = Setting(default=12.0, gt=0)


class Decay(Document):
    """How points fade with the days since the activity: by half-life, or linearly to nothing."""

    half_life_days: float | None = Setting(default=None, gt=0)
    gone_after_days: float | None = Setting(default=None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.half_life_days is None) == (self.gone_after_days is None):
            raise ValueError("decay: give either half_life_days or gone_after_days")
        return self


class Group(Document):
    """A group of criteria, and the most and least its points may come to."""

    label: str
    owner: Team = "joint"
    at_most: float | None = None
    at_least: float | None = None


class Criterion(Document):
    """One rule that both teams signed: when it applies, and the points it gives.

    `count: repeat` gives the points once per activity (at most `cap` in all); `once` gives them
    once, whatever happened how often.
    """

    id: str
    says: str
    group: str
    owner: Team = "joint"
    when: Condition
    points: float
    count: Literal["once", "repeat"] = "once"
    cap: float | None = Setting(default=None, gt=0)
    decay: Decay | None = None
    rationale: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not NAME.match(self.id):
            raise ValueError(f"criterion id {self.id!r}: write lower-case letters, digits and _")
        if not isinstance(self.when, Happened):
            if self.count == "repeat" or self.decay:
                raise ValueError(
                    f"criterion {self.id}: count: repeat and decay need a single activity test; "
                    "a fact neither repeats nor fades"
                )
        elif self.cap is not None and self.count == "once":
            raise ValueError(f"criterion {self.id}: cap goes with count: repeat")
        return self

    @property
    def most(self) -> float:
        """The most often it counts: 1, or for repeats the cap over the points (inf without one)."""
        if self.count == "once":
            return 1.0
        return math.inf if self.cap is None or not self.points else self.cap / abs(self.points)


class Expectation(Document):
    """What a test case expects of the agreed points, before they are clipped to 0 to 100."""

    points: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    handed_over: bool | None = None
    grade: str | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"a test expects nothing: give one of {names}")
        return self


class Case(Document):
    """A test in its owners' language. Activities carry `days_ago` instead of instants."""

    says: str
    lead: dict[str, Any] = Setting(default_factory=dict)
    activities: tuple[dict[str, Any], ...] = ()
    expect: Expectation


class Value(Document):
    """The exchange rate between the two horizons: a lead is worth its likelihood times the amount
    it brings if won. Told beside the score, and in none of its points."""

    currency: str = Setting(min_length=1, max_length=12)
    retention: Literal["none"] = "none"
    """What is left of the amount after a year is not told: no outcome says it yet."""


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
    groups: dict[str, Group]
    criteria: tuple[Criterion, ...]
    tests: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.document != SCHEMA:
            raise ValueError(f"schema is {self.document!r}; this version reads {SCHEMA!r}")
        ids = [c.id for c in self.criteria]
        double = sorted({i for i in ids if ids.count(i) > 1})
        if double:
            raise ValueError(f"criterion id given twice: {', '.join(double)}")
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

    def canonical(self) -> str:
        """The text that is signed: JSON with sorted keys, without status and dates."""
        told = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"status", "effective_from"}
        )
        return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def fingerprint(self) -> str:
        """sha256 of the canonical text."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def text(self) -> str:
        """The edition as YAML; reading it back gives an equal edition."""
        told = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        told = {"schema": self.document, **told}
        return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)

    def grade(self, score: float) -> str:
        """The grade of a score from 0 to 100."""
        by_height = sorted(self.grades.items(), key=lambda item: -item[1])
        return next(name for name, least in by_height if score >= least)

    def facts(self) -> set[str]:
        """The names of all facts that criteria test."""
        leaves = (leaf for c in self.criteria for leaf in walk(c.when))
        return {leaf.field for leaf in leaves if not isinstance(leaf, Happened)}


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
