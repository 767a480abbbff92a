"""What the routes answer, as models: for the OpenAPI description and its clients."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


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


class JobTold(_Model):
    """A job and how far it is."""

    id: str
    kind: Literal["score", "import", "rescore", "train", "replay"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    asked: dict[str, JsonValue]
    made_by: str
    done: int = Field(description="Rows taken so far.")
    refused: int = Field(description="Rows refused so far; the result says why.")
    total: int | None = Field(description="Null where it is not known before the end.")
    cancelling: bool
    error: str | None
    has_result: bool
    created_at: str
    started_at: str | None
    ended_at: str | None


class JobPage(_Model):
    """A page of jobs."""

    jobs: list[JobTold]
    next_cursor: str | None


class JobLine(_Model):
    """A line of a job's log."""

    at: str
    says: str


class JobLog(_Model):
    """Lines of a job's log."""

    lines: list[JobLine]
    next_cursor: str | None = Field(description="Asks for the lines that came since.")


class Webhook(_Model):
    """Who is told what happens."""

    id: str
    url: str
    events: list[str]
    active: bool
    made_by: str
    created_at: str
    old_secret_until: str | None = Field(
        description="Until then letters carry the signature of the secret before, too."
    )


class WebhookMade(Webhook):
    """A webhook with its secret, which is told this once; and to who sends the same again under its
    Idempotency-Key."""

    secret: str


class WebhookList(_Model):
    """All webhooks."""

    webhooks: list[Webhook]


class Letter(_Model):
    """One thing that is to be told, was told, or could not be told."""

    id: str
    event: str
    subject: str
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    status: int | None = Field(description="What the receiver answered last.")
    error: str | None
    next_at: str | None
    created_at: str
    body: dict[str, JsonValue]


class LetterPage(_Model):
    """A page of letters."""

    letters: list[Letter]
    next_cursor: str | None


class Replayed(_Model):
    """How many dead letters are sent again."""

    letters: int
