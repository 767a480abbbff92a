"""What the routes of the record answer, as models: for the OpenAPI description and its clients."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from serving.answers import Disagreement, Explained, Wrong


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Consent(_Model):
    """What a lead's person allows. One no to either counts for every lead of that person."""

    scoring: bool = Field(description="Whether the lead is scored at all.")
    training: bool = Field(description="Whether the lead may teach a model.")


class LeadHead(_Model):
    """A lead, without what is known of it."""

    id: str
    version: int
    account_id: str | None
    owner: str | None
    stage: str
    channel: str | None = Field(description="Of its first touch; null before one, or unscored.")
    stale: bool = Field(description="Whether the score waits to be made anew.")
    consent: Consent
    not_scored: Literal["opted-out"] | None = Field(
        description="Why there is no score; null where there is one."
    )
    created_at: str
    changed_at: str


class LeadTold(LeadHead):
    """A lead with its whole score. E-mail addresses are kept as their domain alone."""

    fields: dict[str, JsonValue]
    score: Explained | None = Field(description="Null where `not_scored` says why.")
    warnings: list[str]


class LeadInShort(LeadHead):
    """A lead as it stands in a list; without a score where `not_scored` says why."""

    score: int | None
    agreed_score: int | None
    grade: str | None
    likelihood: float | None
    grid: str | None = Field(description="Fit and engagement as a cell, A1 (best) to D4.")


class LeadPage(_Model):
    """A page of leads."""

    leads: list[LeadInShort]
    next_cursor: str | None
    as_of: str = Field(
        description="What had changed by then is as it is told. Who asks for changes again and "
        "again asks next for those since the first page's, less a few minutes for writes under way."
    )


class Expected(_Model):
    """Likelihood times amount. No part of the score."""

    currency: str
    expected: float = Field(ge=0)


class Waits(_Model):
    """A lead that was handed over and waits for sales."""

    handed_at: str
    touch_due: str = Field(description="By when sales is to have touched it first.")
    decision_due: str = Field(description="By when sales is to accept or return it.")
    touched_at: str | None = Field(description="When sales first did something; null before.")


class WorklistLead(LeadInShort):
    """A lead with why in one line, and what is to be done."""

    why: list[str] = Field(description="The largest agreed and learned parts, in words.")
    disagreement: Disagreement | None
    value: Expected | None = Field(description="Null where the rulebook states none.")
    waits: Waits | None = Field(description="Null where nothing waits for sales.")


class WorklistPage(_Model):
    """A page of the worklist."""

    leads: list[WorklistLead]
    counts: dict[str, int] = Field(description="Leads of each view, and `unscored`.")
    next: str = Field(description="What `after` takes for the next page; empty after the last.")


class PastScore(_Model):
    """One score a lead had."""

    score_id: str
    score: int
    score_exact: float
    agreed_score: int
    grade: str
    likelihood: float
    as_of: str
    cause: str
    lead_version: int
    model: str
    inputs_sha256: str


class ScoreHistory(_Model):
    """A page of a lead's scores, newest first."""

    scores: list[PastScore]
    next_cursor: str | None


class FeedbackGiven(_Model):
    """What a team said about a lead."""

    id: str
    lead_id: str
    kind: Literal["returned", "disputed", "reported"]
    reason: str = Field(description="Reason code.")
    line: str | None = Field(description="Key of the line of the score that it is about.")
    note: str
    team: str = Field(description="Role of who said it.")
    at: str


class FeedbackPage(_Model):
    """What was said, newest first."""

    feedback: list[FeedbackGiven]
    next_cursor: str | None


class Timeline(_Model):
    """What happened to a lead, newest first."""

    lead_id: str
    events: list[dict[str, JsonValue]]


class EventResult(_Model):
    """What became of one event of a request."""

    event_id: str
    status: Literal["stored", "duplicate", "conflict", "refused"]
    errors: list[Wrong]


class ScoreInShort(_Model):
    """A lead's new score."""

    score_id: str
    score: int
    agreed_score: int
    grade: str
    likelihood: float


class EventsTold(_Model):
    """One result an event, in order, and the new scores of the leads they concern."""

    results: list[EventResult]
    scores: dict[str, ScoreInShort]


class AccountTold(_Model):
    """An account: its leads, and a score made of theirs, stated how; null where none has one."""

    id: str
    score: int | None
    best_lead: str | None
    likelihood_any: float | None
    how: str
    leads: list[LeadInShort]
