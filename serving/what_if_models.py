"""What `/v1/what-if` and `/v1/counterfactual` answer, as models: for the OpenAPI description."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from serving.answers import Score


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Difference(_Model):
    """After less before."""

    points: float = Field(description="Exact; the points of `moved` add up to it.")
    score: int
    agreed_score: int
    likelihood: float
    expected: float | None = Field(description="Of the expected value, in its currency.")


class Move(_Model):
    """One line of the score that moved."""

    key: str
    kind: Literal["base", "criterion", "cap", "field", "activity"]
    owner: Literal["marketing", "sales", "joint"]
    label: str
    sentence: str
    before: float = Field(description="Points of the line before; 0 where it was not there.")
    after: float
    agreed: float = Field(description="By how much the agreed points moved.")
    learned: float = Field(description="By how much the learned points moved.")
    points: float = Field(description="By how much both moved.")


class CriterionSupposed(_Model):
    """A criterion with other points than were signed."""

    id: str
    says: str
    before: float
    after: float


class EditionSupposed(_Model):
    """An edition that nobody has signed."""

    edition: str = Field(description="The edition from which it departs.")
    sha256: str = Field(description="Of the supposed text.")
    criteria: list[CriterionSupposed]
    says: str


class WhatIfTold(_Model):
    """A lead before and after; nothing was stored."""

    before: Score
    after: Score
    difference: Difference
    moved: list[Move] = Field(description="The lines that moved, furthest first.")
    rulebook: EditionSupposed | None
    warnings: list[str]


class GoalTold(_Model):
    """What was to be reached."""

    score: float
    says: str
    hand_over: bool = Field(description="Whether no disqualifier may keep the lead back besides.")


class ActivityToCome(_Model):
    """An activity to bring about, as it would be sent."""

    occurred_at: str
    channel: str
    kind: str
    team: str


class Alternative(_Model):
    """One set of changes, fit to be sent to `/v1/what-if`, and the score that it leads to."""

    changes: dict[str, JsonValue]
    add_activities: list[ActivityToCome]
    sentences: list[str] = Field(description="The changes in words, one each.")
    difference: Difference
    moved: list[Move]
    after: Score


class Searched(_Model):
    """How far was looked."""

    sets: int = Field(description="Sets of changes that were scored.")
    every_set_of_up_to: int = Field(description="Every set of up to so many changes was.")


class CounterfactualTold(_Model):
    """The smallest sets of changes that reach the goal, cheapest first."""

    before: Score
    goal: GoalTold | None = Field(description="Null where no higher grade is left.")
    reached: bool = Field(description="Whether the lead reaches the goal as it is.")
    alternatives: list[Alternative]
    best: Alternative | None = Field(description="What leads highest, where nothing reaches it.")
    searched: Searched
    says: str
