"""The parts of an edition: criteria, their groups, and what keeps a lead from being handed over."""

from __future__ import annotations

import math
from datetime import date
from typing import Literal, Self

from pydantic import Field as Setting
from pydantic import model_validator

from features.fields import NAME, Document, Team
from features.rulebook.conditions import Condition, Happened

Dimension = Literal["fit", "engagement"]
"""What a lead is, and what it does: the two sub-scores."""
DIMENSIONS: tuple[Dimension, ...] = ("fit", "engagement")


class Decay(Document):
    """How points fade with the days since the activity: by half-life, or linearly to nothing."""

    half_life_days: float | None = Setting(default=None, gt=0)
    gone_after_days: float | None = Setting(default=None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.half_life_days is None) == (self.gone_after_days is None):
            raise ValueError("decay: give either half_life_days or gone_after_days")
        return self


class Bounds(Document):
    """The most and the least that points may come to."""

    at_most: float | None = None
    at_least: float | None = None


class Group(Document):
    """A group of criteria, the most and least its points may come to, and the sub-score that it
    counts to (none of the two when left out)."""

    label: str
    owner: Team = "joint"
    at_most: float | None = None
    at_least: float | None = None
    dimension: Dimension | None = None


class Criterion(Document):
    """One rule that both teams signed: when it applies, and the points it gives.

    `count: repeat` gives the points once per activity (at most `cap` in all); `once` gives them
    once, whatever happened how often. After the day `valid_until` (UTC) it gives nothing.
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
    valid_until: date | None = None
    rationale: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _named(self.id, "criterion")
        if not isinstance(self.when, Happened) or self.when.counting:
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


class Disqualifier(Document):
    """Leads that are never handed over, whatever their score; they go the way of `route`."""

    id: str
    says: str
    owner: Team = "joint"
    when: Condition
    route: str
    """Where they go instead, a name such as `nurture` or `reject`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _named(self.id, "disqualifier")
        if not NAME.match(self.route):
            raise ValueError(
                f"disqualifier {self.id}: route {self.route!r}: write lower-case letters, digits "
                "and _, such as nurture or reject"
            )
        return self


def _named(name: str, what: str) -> None:
    if not NAME.match(name):
        raise ValueError(f"{what} id {name!r}: write lower-case letters, digits and _")
