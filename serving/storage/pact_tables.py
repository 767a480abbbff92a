"""The tables of the pact: editions, proposals, signatures, scopes, wishes, hand-offs, disputes,
reports from the ground."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from serving.storage.base import Sequence, instant, metadata
from serving.storage.tables import MAX_ID

ID = 16
_ACTOR, _HASH, _WORD = 64, 64, 20
MAX_NAME = 40
"""Characters of an edition's name."""
MAX_CRITERION = 200


def _seq() -> Column[int]:
    return Column("seq", Sequence, primary_key=True, autoincrement=True)


def _id() -> Column[str]:
    return Column("id", String(ID), nullable=False, unique=True)


editions = Table(
    "editions",
    metadata,
    # Immutable, in the order in which they were agreed; no later one takes effect earlier.
    _seq(),
    Column("name", String(MAX_NAME), nullable=False, unique=True),
    Column("sha256", String(_HASH), nullable=False, unique=True),
    # The canonical text that was signed.
    Column("text", Text, nullable=False),
    instant("effective_from", index=True),
    instant("agreed_at"),
    # file (the workspace's, which began the store) or proposal.
    Column("source", String(_WORD), nullable=False),
    # Null for the file's.
    Column("proposal_id", String(ID), unique=True),
    Column("note", Text, nullable=False),
)

proposals = Table(
    "proposals",
    metadata,
    _seq(),
    _id(),
    Column("title", String(MAX_ID), nullable=False),
    Column("rationale", Text, nullable=False),
    Column("base_sha256", String(_HASH), nullable=False),
    # Grows with every edit; a signature is of one revision.
    Column("revision", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("sha256", String(_HASH), nullable=False),
    instant("effective_wanted", nullable=True),
    # Figures of what it would do to stored leads, without any lead's name.
    Column("replay", Text),
    # both, or the one team that may decide it alone.
    Column("keys_needed", String(_WORD), nullable=False),
    Column("created_by", String(_ACTOR), nullable=False),
    instant("created_at"),
    instant("changed_at"),
    instant("proposed_at", nullable=True),
    instant("withdrawn_at", nullable=True),
)

signatures = Table(
    "signatures",
    metadata,
    _seq(),
    Column("proposal_id", String(ID), ForeignKey("proposals.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("team", String(_WORD), nullable=False),
    Column("person_id", String(ID), nullable=False),
    Column("sha256", String(_HASH), nullable=False),
    instant("at"),
    # Two keys: one a team, and no person holds both.
    UniqueConstraint("proposal_id", "revision", "team"),
    UniqueConstraint("proposal_id", "revision", "person_id"),
)

scopes = Table(
    "scopes",
    metadata,
    # The last one counts.
    _seq(),
    Column("text", Text, nullable=False),
    Column("declared_by", String(_ACTOR), nullable=False),
    instant("declared_at"),
)

pact_wishes = Table(
    "pact_wishes",
    metadata,
    _seq(),
    _id(),
    Column("title", String(MAX_ID), nullable=False),
    Column("text", Text, nullable=False),
    Column("criterion", String(MAX_CRITERION)),
    Column("topic", String(MAX_ID), index=True),
    Column("proposal_id", String(ID), ForeignKey("proposals.id")),
    Column("created_by", String(_ACTOR), nullable=False),
    instant("created_at"),
)

pact_evidence = Table(
    "pact_evidence",
    metadata,
    _seq(),
    Column("wish_id", String(ID), ForeignKey("pact_wishes.id"), nullable=False, index=True),
    Column("lead_id", String(MAX_ID), nullable=False, index=True),
    # A hand-off or a dispute of that lead; null for the lead itself.
    Column("handoff_id", String(ID)),
    Column("dispute_id", String(ID)),
)

pact_comments = Table(
    "pact_comments",
    metadata,
    _seq(),
    # Of a wish or of a proposal.
    Column("about", String(ID), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("created_by", String(_ACTOR), nullable=False),
    instant("created_at"),
)

handoffs = Table(
    "handoffs",
    metadata,
    _seq(),
    _id(),
    Column("lead_id", String(MAX_ID), nullable=False, index=True),
    # The decision that handed it over: the score as told then.
    Column("score_id", String(32), nullable=False),
    Column("edition", String(MAX_NAME), nullable=False),
    # Handed over by lot although it was below, so that the score cannot prove itself right.
    Column("explored", Boolean, nullable=False),
    Column("owner", String(MAX_ID), index=True),
    instant("handed_at", index=True),
    instant("touch_due"),
    instant("decision_due"),
    # When the clock was judged: a breach is told once.
    instant("touch_judged_at", nullable=True, index=True),
    instant("decision_judged_at", nullable=True, index=True),
    # Null while sales owes one.
    Column("decision", String(_WORD)),
    instant("decided_at", nullable=True),
    Column("decided_by", String(_ACTOR)),
    Column("reason", String(MAX_NAME)),
    Column("criterion", String(MAX_CRITERION)),
    Column("note", Text),
)

disputes = Table(
    "disputes",
    metadata,
    _seq(),
    _id(),
    Column("lead_id", String(MAX_ID), nullable=False, index=True),
    Column("score_id", String(32), nullable=False),
    Column("side", String(_WORD), nullable=False),
    # too high or too low.
    Column("says", String(_WORD), nullable=False),
    Column("criterion", String(MAX_CRITERION)),
    Column("why", Text, nullable=False),
    Column("opened_by", String(_ACTOR), nullable=False),
    instant("opened_at"),
    instant("settled_at", nullable=True),
    Column("converted", Boolean),
    # Who was closer: rulebook, model, challenger, or neither.
    Column("closer", String(_WORD)),
    Column("was_right", Boolean),
    Column("rulebook_loss", Double),
    Column("model_loss", Double),
    # The model that waited for its promotion then, if one did, and what it would have said.
    Column("challenger", String(_ACTOR)),
    Column("challenger_loss", Double),
)

ground_reports = Table(
    "ground_reports",
    metadata,
    _seq(),
    _id(),
    # account or criterion; what is said of a lead is feedback.
    Column("about", String(_WORD), nullable=False),
    Column("subject", String(MAX_CRITERION), nullable=False),
    Column("text", Text, nullable=False),
    Column("team", String(_WORD), nullable=False),
    Column("created_by", String(_ACTOR), nullable=False),
    instant("created_at", index=True),
)
