"""What the routes of access answer, as models: for the OpenAPI description and its clients."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class KeyTold(_Model):
    """A key as told, this once."""

    id: str
    key: str = Field(description="Keep it now: it is not told again.")


class Key(_Model):
    """A key as listed."""

    id: str
    name: str
    role: str
    scopes: list[str] | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None = Field(description="To the hour.")
    old_secret_until: str | None = Field(description="Until when the secret before works.")


class Keys(_Model):
    """All keys, in the order they were made."""

    keys: list[Key]


class LinkTold(_Model):
    """A one-time link with which a person chooses a password."""

    person_id: str
    link: str = Field(description="Path in this service. Keep it now: it is not told again.")
    expires_at: str


class Person(_Model):
    """A person as listed."""

    id: str
    email: str
    name: str
    role: str
    disabled: bool
    has_password: bool
    by_provider: bool
    created_at: str


class People(_Model):
    """All people, in the order they came."""

    people: list[Person]


class Me(_Model):
    """Who asks."""

    kind: str
    id: str
    name: str
    role: str
    permissions: list[str]


class AuditEntry(_Model):
    """One entry of the audit log."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    details: dict[str, JsonValue]
    hash: str


class AuditPage(_Model):
    """Entries, newest first."""

    entries: list[AuditEntry]
    next_before: int | None = Field(description="`before` of the next page; null at the end.")


class AuditVerdict(_Model):
    """Whether the log is whole."""

    whole: bool
    entries: int
    faults: list[str]
    head: str | None = Field(description="Keep it elsewhere, and compare later.")


class View(_Model):
    """A saved view of the worklist."""

    id: str
    name: str
    asks: dict[str, str] = Field(description="As in the worklist's address.")
    created_at: str


class Views(_Model):
    """A person's views, oldest first."""

    views: list[View]


class ViewMade(_Model):
    """A view that was kept."""

    id: str
