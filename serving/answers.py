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


class Interval(_Model):
    """Where the likelihood lies, at the given level."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    level: float


class Points(_Model):
    """Where the score lies, in points."""

    low: int = Field(ge=0, le=100)
    high: int = Field(ge=0, le=100)


class VersionsTold(_Model):
    """What stands behind a number."""

    model: str
    rulebook: str
    rulebook_sha256: str
    fields_sha256: str
    features: str
    bundle_sha256: str
    history_until: str


class Score(_Model):
    """A lead's score, taken apart."""

    lead_id: str | None
    score: int = Field(ge=0, le=100, description="Calibrated, on the agreed scale.")
    score_exact: float = Field(description="In points, before rounding and cutting.")
    agreed_score: int = Field(ge=0, le=100, description="The rulebook alone.")
    grade: str
    handed_over: bool = Field(description="Whether the score reaches the hand-over threshold.")
    likelihood: float = Field(ge=0, le=1, description="Of conversion within the horizon.")
    interval: Interval
    score_interval: Points
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
