"""What the routes of jobs and webhooks answer, as models: for their description and clients."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


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
