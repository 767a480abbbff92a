"""What the routes answer, as models: for the OpenAPI description and its clients."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Reason(_Model):
    """One line of a score; all lines add up to it."""

    key: str = Field(description="Stable name, such as `criterion:webinar` or `field:country`.")
    kind: Literal["base", "criterion", "cap", "field", "activity", "limit"]
    owner: Literal["marketing", "sales", "joint"]
    label: str
    sentence: str = Field(description="What was found of this lead, in plain words.")
    agreed: float = Field(description="Points that both teams signed.")
    learned: float = Field(description="Points that outcomes added or took away.")
    points: float = Field(description="Agreed and learned together.")
    group: str = Field(description="The rulebook's group of a criterion, else empty.")
    dimension: Literal["fit", "engagement", ""] = Field(
        default="", description="The sub-score the line counts to; empty for neither."
    )


class Interval(_Model):
    """Where the likelihood lies, at the given level."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    level: float


class Points(_Model):
    """Where the score lies, in points."""

    low: int = Field(ge=0, le=100)
    high: int = Field(ge=0, le=100)


class AmountInterval(_Model):
    """Where the amount lies if the lead is won, at the given level."""

    low: float = Field(ge=0)
    high: float = Field(ge=0)
    level: float


class Retention(_Model):
    """Whether the lead stays a customer if it is won. No part of the score."""

    days: int = Field(description="After the win.")
    likelihood: float = Field(ge=0, le=1, description="To be a customer still by then.")
    interval: Interval
    expected: float = Field(ge=0, description="Likelihood times amount times this likelihood.")
    says: str


class Value(_Model):
    """What the lead is worth: likelihood times amount. No part of the score."""

    currency: str
    expected: float = Field(ge=0, description="Likelihood times amount.")
    amount: float = Field(ge=0, description="Expected amount if the lead is won.")
    interval: AmountInterval
    retention: Retention | None = None
    says: str


class VersionsTold(_Model):
    """What stands behind a number."""

    model: str
    rulebook: str
    rulebook_sha256: str
    fields_sha256: str
    features: str
    bundle_sha256: str
    history_until: str
    aligned_to: str = Field(default="", description="The edition that the model was taught with.")
    older_than_pact: bool = Field(
        default=False,
        description="Another edition is in force since: its agreed points count, and what was "
        "learned answers to the old ones until the model is aligned or trained anew.",
    )


class SubScore(_Model):
    """Fit or engagement, in points: the sums of the reasons that name the dimension."""

    agreed: float = Field(description="Points that both teams signed; the grid goes by these.")
    learned: float = Field(description="Points that outcomes added or took away.")


class Disqualified(_Model):
    """What keeps a lead from being handed over, and the way it goes instead."""

    id: str
    says: str
    owner: Literal["marketing", "sales", "joint"]
    route: str = Field(description="Such as nurture or reject.")


class Disagreement(_Model):
    """The agreed and the learned score part by more than the rulebook's tolerance."""

    kind: Literal["agreed high, learned low", "agreed low, learned high"]
    difference: int = Field(description="Points, as shown: the score less the agreed score.")
    tolerance: float = Field(description="Points by which the rulebook lets them differ.")
    responsible: str = Field(description="`key` of the reason that learned most of it.")
    says: str


class Score(_Model):
    """A lead's score, taken apart."""

    lead_id: str | None
    score: int = Field(ge=0, le=100, description="Calibrated, on the agreed scale.")
    score_exact: float = Field(description="In points, before rounding and cutting.")
    agreed_score: int = Field(ge=0, le=100, description="The rulebook alone.")
    grade: str
    fit: SubScore | None = Field(default=None, description="Null where the rulebook tells none.")
    engagement: SubScore | None = Field(default=None, description="As `fit`.")
    grid: str | None = Field(
        default=None, description="Fit and engagement as a cell, A1 (best) to D4; null without."
    )
    handed_over: bool = Field(
        description="Whether the score reaches the hand-over threshold and nothing disqualifies."
    )
    disqualified: Disqualified | None = Field(
        default=None, description="Why the lead is never handed over; null for no reason."
    )
    likelihood: float = Field(ge=0, le=1, description="Of conversion within the horizon.")
    interval: Interval
    score_interval: Points
    disagreement: Disagreement | None = Field(
        default=None, description="Null where both scores agree within the tolerance."
    )
    value: Value | None = Field(
        default=None, description="Null where the rulebook states none, or no amounts are known."
    )
    says: str = Field(description="The likelihood in words.")
    reasons: list[Reason]
    as_of: str
    versions: VersionsTold
    simulated: bool = Field(description="Whether the model's history was simulated.")
    warnings: list[str] = Field(description="What was ignored, a sentence each.")


class Wrong(_Model):
    """One thing wrong with a request."""

    pointer: str = Field(description="RFC 6901 pointer into the body.")
    field: str
    got: str
    detail: str
    allowed: str


class ProblemTold(_Model):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Wrong] = []


class RefusedLead(_Model):
    """Why one lead of a list was not scored; the others were."""

    lead_id: str | None
    errors: list[Wrong]


class Scores(_Model):
    """One result a lead, in the order they were sent."""

    results: list[Score | RefusedLead]
    scored: int
    refused: int


class Health(_Model):
    """Whether the worker runs, and with which model."""

    status: Literal["ok", "ready"]
    model: str


class Explained(Score):
    """A stored score, with its id and what caused it."""

    score_id: str
    cause: str


class NotScored(_Model):
    """Why a lead has no score."""

    lead_id: str
    not_scored: Literal["opted-out"]
    says: str


class Driver(_Model):
    """A line of scores: the mean size of its points."""

    key: str
    label: str
    agreed: float
    learned: float


class ShapeStep(_Model):
    """One value of a field, or a part of its range: mean points of the leads that have it."""

    value: str
    leads: int
    agreed: float
    learned: float


class ShapeTold(_Model):
    """A field's shape: its steps in order, and how far apart they are in points."""

    label: str
    steps: list[ShapeStep]
    spread: float


class Drivers(_Model):
    """What moves the newest scores: lines and fields, those that move most first."""

    scores: int = Field(description="How many were looked at.")
    drivers: list[Driver]
    shapes: list[ShapeTold]
