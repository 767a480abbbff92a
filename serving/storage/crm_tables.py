"""The tables of mappings: what CRMs told when, and which of their ids stand for which lead."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from serving.storage.base import instant, metadata
from serving.storage.tables import MAX_ID

crm_facts = Table(
    "crm_facts",
    metadata,
    # `lead` or `account`, and which.
    Column("kind", String(10), primary_key=True),
    Column("id", String(MAX_ID), primary_key=True),
    # Field -> [instant in microseconds, value], canonical JSON; of an address its domain alone.
    Column("facts", Text, nullable=False),
)

crm_ids = Table(
    "crm_ids",
    metadata,
    # sha256 of an id, so that what was removed is known again and its id forgotten.
    Column("id_sha256", String(64), primary_key=True),
    # The lead that it stands for: it was merged into it, or became of it.
    Column("lead_id", String(MAX_ID), index=True),
    # Removed then: nothing older is taken any more.
    instant("gone_at", nullable=True),
)
