"""The tables of privacy: what persons asked for, whose addresses leads carry, copies for training.

A person is known here by hashes alone: of an e-mail address, and of the id of a lead.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from serving.storage.base import Sequence, instant, metadata
from serving.storage.tables import MAX_ID

_HASH = 64

wishes = Table(
    "wishes",
    metadata,
    # sha256 of an e-mail address, or of the id of a lead.
    Column("subject", String(_HASH), primary_key=True),
    Column("scoring", Boolean, nullable=False),
    Column("training", Boolean, nullable=False),
    # Erased then, and not taken again until then unless consent is given anew.
    instant("erased_at", nullable=True),
    instant("refused_until", nullable=True, index=True),
    instant("told_at"),
)

lead_addresses = Table(
    "lead_addresses",
    metadata,
    # Every address that a lead ever carried: a person is found by an old one too.
    Column("email_sha256", String(_HASH), primary_key=True),
    Column("lead_id", String(MAX_ID), ForeignKey("leads.id"), primary_key=True, index=True),
)

training_exports = Table(
    "training_exports",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    # Where it was written, so that whoever is erased later is erased from there too.
    Column("folder", Text, nullable=False, unique=True),
    # What its leads' ids are called there.
    Column("lead_column", Text, nullable=False),
    Column("leads", Integer, nullable=False),
    instant("made_at"),
)
