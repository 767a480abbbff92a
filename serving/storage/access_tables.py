"""The tables of access: people, keys, sessions, links, tries, and the audit log."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)
from sqlalchemy import UniqueConstraint as Unique

from serving.storage.base import Sequence, instant, metadata

_HASH = 64
_ID = 16
_ROLE = 20
MAX_NAME = 120
MAX_EMAIL = 254
MAX_VIEW = 60
"""Characters of a saved view's name."""

people = Table(
    "people",
    metadata,
    Column("id", String(_ID), primary_key=True),
    # In lower case; people are our users, not leads.
    Column("email", String(MAX_EMAIL), nullable=False, unique=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("role", String(_ROLE), nullable=False),
    Column("password_hash", String(200)),
    Column("oidc_issuer", String(200)),
    Column("oidc_subject", String(255)),
    instant("created_at"),
    instant("disabled_at", nullable=True),
    Unique("oidc_issuer", "oidc_subject"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(_ID), primary_key=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("role", String(_ROLE), nullable=False),
    # JSON list of permissions that narrow the role; NULL leaves all of them.
    Column("scopes", Text),
    Column("secret_sha256", String(_HASH), nullable=False),
    # The secret before the last rotation, and until when it goes on working.
    Column("old_sha256", String(_HASH)),
    instant("old_until", nullable=True),
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("revoked_at", nullable=True),
    instant("last_used_at", nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("sha256", String(_HASH), primary_key=True),
    Column("person_id", String(_ID), ForeignKey("people.id"), nullable=False, index=True),
    instant("created_at"),
    instant("seen_at"),
)

links = Table(
    "links",
    metadata,
    Column("sha256", String(_HASH), primary_key=True),
    # NULL: the link of the first start, which makes the first admin.
    Column("person_id", String(_ID), ForeignKey("people.id"), index=True),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
)

sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    # A hash of the account or of the address that tries.
    Column("subject", String(_HASH), primary_key=True),
    Column("failures", Integer, nullable=False),
    instant("last_at", index=True),
    instant("blocked_until"),
)

provider_visits = Table(
    "provider_visits",
    metadata,
    Column("state_sha256", String(_HASH), primary_key=True),
    # The browser that left, by its cookie: nobody else may come back with this state.
    Column("browser_sha256", String(_HASH), nullable=False),
    Column("nonce", String(_HASH), nullable=False),
    Column("verifier", String(128), nullable=False),
    instant("expires_at", index=True),
)

audit = Table(
    "audit",
    metadata,
    # Counted by us from 1 without a gap: a gap is a deletion.
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    instant("at"),
    Column("actor", String(40), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", String(_HASH), nullable=False),
    Column("hash", String(_HASH), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("entries", BigInteger, nullable=False),
    Column("hash", String(_HASH), nullable=False),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String(_ID), nullable=False, unique=True),
    Column("person_id", String(_ID), ForeignKey("people.id"), nullable=False),
    Column("name", String(MAX_VIEW), nullable=False),
    # What it asks for, canonical JSON; never what was searched for.
    Column("asks", Text, nullable=False),
    instant("created_at"),
    Unique("person_id", "name"),
)
