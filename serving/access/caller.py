"""Who asks, and the refusals that access knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.errors import LeadpactError


class NotKnown(LeadpactError):
    """Nobody can tell who asks."""


class NotAllowed(LeadpactError):
    """It is known who asks, and they may not."""


class NoSuch(LeadpactError):
    """There is no such person, key or link."""


class Conflict(LeadpactError):
    """It contradicts what is there."""


class TooMany(LeadpactError):
    """Too much was asked or tried; `wait` says for how many seconds to stop."""

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        kind: a machine with an API key, a person with a session, or a CRM that signed what it sent.
        id: of the key or the person; of a CRM, its mapping's name.
        role: whose permissions it has.
        permissions: those of the role, or fewer.
        name: for pages.
    """

    kind: Literal["key", "person", "crm"]
    id: str
    role: str
    permissions: frozenset[str]
    name: str

    @property
    def actor(self) -> str:
        """How the audit log, rate limits and stored answers name this caller."""
        return f"{self.kind} {self.id}"

    def require(self, permission: str) -> None:
        """Refuse a caller who has not this permission.

        Raises:
            NotAllowed: naming the permission and the role.
        """
        if permission not in self.permissions:
            narrowed = " or to this key" if self.kind == "key" else ""
            raise NotAllowed(
                f"This needs the permission {permission}, which is not given to the role "
                f"{self.role}{narrowed}. Ask an admin."
            )
