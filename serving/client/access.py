"""Who may do what, looked after: keys, people, the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serving.access_answers import (
    AuditEntry,
    AuditPage,
    AuditVerdict,
    Key,
    Keys,
    KeyTold,
    LinkTold,
    People,
    Person,
)
from serving.client.calling import Caller, at, operation


class AccessCalls:
    """`/v1/keys`, `/v1/people`, `/v1/audit`."""

    _caller: Caller

    @operation("access_list_keys")
    def list_keys(self) -> list[Key]:
        """All keys, without their secrets."""
        return self._caller.ask("GET", at("keys"), Keys).keys

    @operation("access_make_key")
    def make_key(
        self,
        name: str,
        role: str,
        *,
        scopes: Sequence[str] | None = None,
        expires_at: str | None = None,
    ) -> KeyTold:
        """Make a key; it is told this once."""
        told = None if scopes is None else list(scopes)
        body = {"name": name, "role": role, "scopes": told, "expires_at": expires_at}
        return self._caller.ask("POST", at("keys"), KeyTold, json=body)

    @operation("access_rotate_key")
    def rotate_key(self, key_id: str) -> KeyTold:
        """Give a key a new secret; the old one goes on working for a while."""
        return self._caller.ask("POST", at("keys", key_id, "rotation"), KeyTold)

    @operation("access_revoke_key")
    def revoke_key(self, key_id: str) -> None:
        """Revoke a key, at once and for good."""
        self._caller.send("DELETE", at("keys", key_id))

    @operation("access_list_people")
    def list_people(self) -> list[Person]:
        """Who may sign in, and as what."""
        return self._caller.ask("GET", at("people"), People).people

    @operation("access_add_person")
    def add_person(self, email: str, name: str, role: str) -> LinkTold:
        """Add a person; the link lets them choose a password, once."""
        body = {"email": email, "name": name, "role": role}
        return self._caller.ask("POST", at("people"), LinkTold, json=body)

    @operation("access_change_person")
    def change_person(
        self, person_id: str, *, role: str | None = None, disabled: bool | None = None
    ) -> None:
        """Change a person's role, or disable them; None leaves it."""
        body = {"role": role, "disabled": disabled}
        self._caller.send("PATCH", at("people", person_id), json=body)

    @operation("access_renew_link")
    def renew_link(self, person_id: str) -> LinkTold:
        """A new link for a person; those made before die."""
        return self._caller.ask("POST", at("people", person_id, "link"), LinkTold)

    @operation("access_audit")
    def audit_page(self, *, limit: int | None = None, before: int | None = None) -> AuditPage:
        """A page of the audit log, newest first; `audit` goes through all of it."""
        params = {"limit": limit, "before": before}
        return self._caller.ask("GET", at("audit"), AuditPage, params=params)

    def audit(self, *, limit: int | None = None) -> Iterator[AuditEntry]:
        """The audit log, newest first; `limit` is of a page."""
        page = self.audit_page(limit=limit)
        yield from page.entries
        while page.next_before is not None:
            page = self.audit_page(limit=limit, before=page.next_before)
            yield from page.entries

    @operation("access_verification")
    def verify_audit(self) -> AuditVerdict:
        """Whether the audit log is whole."""
        return self._caller.ask("GET", at("audit", "verification"), AuditVerdict)
