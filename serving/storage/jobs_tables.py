"""The tables of work that goes on beside requests: leases, jobs, and what is told to others."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

from serving.storage.base import Sequence, instant, metadata
from serving.storage.tables import MAX_ID

_NAME = 64
_WORD = 20

leases = Table(
    "leases",
    metadata,
    # Who may do a kind of work now, and until when unless they say so again.
    Column("name", String(_NAME), primary_key=True),
    Column("holder", String(_NAME), nullable=False),
    instant("until"),
)

marks = Table(
    "marks",
    metadata,
    # What was told last: the model, the edition, a feed that fell silent.
    Column("name", String(_NAME), primary_key=True),
    Column("value", Text, nullable=False),
    instant("at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(_WORD), nullable=False, unique=True),
    Column("kind", String(_WORD), nullable=False),
    # queued, running, done, failed, cancelled.
    Column("state", String(_WORD), nullable=False, index=True),
    # What was asked for, canonical JSON.
    Column("asked", Text, nullable=False),
    Column("made_by", String(MAX_ID), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Rows: how many there are (where that is known), were taken, were refused.
    Column("total", BigInteger),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("refused", BigInteger, nullable=False, server_default="0"),
    # Where the next batch begins, JSON; written in the same transaction as the batch before.
    Column("place", Text, nullable=False, server_default="{}"),
    Column("cancel", Boolean, nullable=False, server_default=false()),
    # Why it failed.
    Column("error", Text),
    instant("created_at"),
    instant("started_at", nullable=True),
    instant("ended_at", nullable=True),
)

job_lines = Table(
    "job_lines",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("job_id", String(_WORD), ForeignKey("jobs.id"), nullable=False, index=True),
    instant("at"),
    Column("says", Text, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(_WORD), primary_key=True),
    Column("url", Text, nullable=False),
    # Which events, JSON list.
    Column("events", Text, nullable=False),
    # The secret is derived from the service's own key and these; it stands in no table.
    Column("generation", Integer, nullable=False),
    instant("overlap_until", nullable=True),
    # False: removed; the row goes with its letters when no transaction writes one.
    Column("active", Boolean, nullable=False),
    Column("made_by", String(MAX_ID), nullable=False),
    instant("created_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("webhook_id", String(_WORD), ForeignKey("webhooks.id"), nullable=False),
    Column("event", String(40), nullable=False),
    # What it is about: a lead, or the service. One after the other for each.
    Column("subject", String(MAX_ID), nullable=False, index=True),
    Column("body", Text, nullable=False),
    # pending, delivered, dead.
    Column("state", String(_WORD), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("next_at"),
    Column("status", Integer),
    Column("error", Text),
    instant("created_at"),
    instant("ended_at", nullable=True),
    Index("ix_outbox_webhook_id_state_seq", "webhook_id", "state", "seq"),
)
