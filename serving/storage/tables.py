"""The tables of the record: what is known of leads, what happened, and every score ever told."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    true,
)

from serving.storage.base import Sequence, instant, metadata

MAX_ID = 200
"""Characters of an id that a caller gives: of leads, accounts and events."""
_MAX_WORD = 200

leads = Table(
    "leads",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(MAX_ID), nullable=False, unique=True),
    Column("account_id", String(MAX_ID), index=True),
    Column("owner", String(MAX_ID), index=True),
    # The fields as sent, canonical JSON; an e-mail address is kept as its domain alone;
    # hashes of whole addresses are in `lead_addresses`.
    Column("fields", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("stage", String(20), nullable=False, index=True),
    instant("created_at"),
    instant("changed_at", index=True),
    # What the person lets us do; see `serving.privacy.consent`.
    Column("scoring_allowed", Boolean, nullable=False, server_default=true()),
    Column("training_allowed", Boolean, nullable=False, server_default=true()),
    # The current score, repeated here so that a worklist is one look-up.
    Column("score_seq", Sequence),
    Column("score", Integer, index=True),
    Column("agreed_score", Integer),
    Column("grade", String(_MAX_WORD), index=True),
    Column("likelihood", Double),
    Column("stale", Boolean, nullable=False, default=False, index=True),
    # When the score is to be looked at next, because time alone may have moved it.
    instant("due_at", nullable=True, index=True),
    # The model and the rulebook's text behind the score.
    Column("scored_with", String(_MAX_WORD), nullable=False, server_default="", index=True),
    # The score that `score.changed` told last.
    Column("told_score", Integer),
    # What the worklist looks for besides: the cell of fit and engagement that the score told, the
    # channel of the lead's first touch, and its id and texts, case-folded.
    Column("grid", String(2), index=True),
    Column("channel", String(_MAX_WORD), index=True),
    Column("search", Text, nullable=False, server_default=""),
    # A lead has a score, or its person said no: there is no third kind.
    CheckConstraint("scoring_allowed = (score_seq IS NOT NULL)", name="scored_or_opted_out"),
)

lead_versions = Table(
    "lead_versions",
    metadata,
    Column("lead_id", String(MAX_ID), ForeignKey("leads.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("fields", Text, nullable=False),
    Column("account_id", String(MAX_ID)),
    instant("received_at"),
)

activities = Table(
    "activities",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("event_id", String(MAX_ID), nullable=False, unique=True),
    Column("content_sha256", String(64), nullable=False),
    # No foreign key: an activity may arrive before its lead.
    Column("lead_id", String(MAX_ID), nullable=False, index=True),
    Column("account_id", String(MAX_ID), index=True),
    instant("occurred_at"),
    instant("recorded_at", nullable=True),
    Column("channel", String(_MAX_WORD), nullable=False),
    Column("kind", String(_MAX_WORD), nullable=False),
    Column("team", String(_MAX_WORD), nullable=False),
    Column("value", Double),
    instant("received_at"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("event_id", String(MAX_ID), nullable=False, unique=True),
    Column("content_sha256", String(64), nullable=False),
    Column("lead_id", String(MAX_ID), nullable=False, index=True),
    instant("at"),
    Column("stage", String(20), nullable=False),
    Column("amount", Double),
    Column("reason", String(_MAX_WORD)),
    instant("received_at"),
)

scores = Table(
    "scores",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("lead_id", String(MAX_ID), nullable=False),
    Column("lead_version", Integer, nullable=False),
    # The activities that were looked at, by seq: JSON list. With the version above, the inputs.
    Column("activity_seqs", Text, nullable=False),
    Column("inputs_sha256", String(64), nullable=False),
    instant("as_of"),
    Column("cause", String(40), nullable=False),
    Column("score", Integer, nullable=False),
    Column("score_exact", Double, nullable=False),
    Column("agreed_score", Integer, nullable=False),
    Column("grade", String(_MAX_WORD), nullable=False),
    Column("likelihood", Double, nullable=False),
    Column("model", String(64), nullable=False),
    # The whole answer as told, canonical JSON.
    Column("answer", Text, nullable=False),
    Index("ix_scores_lead_id_seq", "lead_id", "seq"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("lead_id", String(MAX_ID), ForeignKey("leads.id"), nullable=False, index=True),
    # The score that it is about; None of a lead whose person does not want one.
    Column("score_seq", Sequence),
    Column("kind", String(20), nullable=False, index=True),
    Column("reason", String(40), nullable=False),
    Column("line", String(_MAX_WORD), index=True),
    Column("note", Text, nullable=False),
    Column("actor", String(_MAX_WORD), nullable=False),
    Column("team", String(40), nullable=False),
    instant("created_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("caller", String(MAX_ID), primary_key=True),
    Column("route", String(_MAX_WORD), primary_key=True),
    Column("key", String(MAX_ID), primary_key=True),
    Column("body_sha256", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("content", Text, nullable=False),
    instant("created_at", index=True),
)
