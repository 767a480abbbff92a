"""People, their links, sessions and tries: the only place that queries them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, insert, or_, select, update

from serving.storage.access_tables import (
    api_keys,
    links,
    people,
    provider_visits,
    sessions,
    sign_in_tries,
)
from serving.storage.upsert import insert_if_new


class PeopleStore:
    """Reads and writes people, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> bool:
        """Add a person; False when somebody has the e-mail address."""
        return insert_if_new(self._connection, people, row, ["email"])

    def find(self, person_id: str) -> Row[Any] | None:
        """A person by id."""
        return self._one(people.c.id == person_id)

    def by_email(self, email: str) -> Row[Any] | None:
        """A person by e-mail address, in lower case."""
        return self._one(people.c.email == email)

    def by_provider(self, issuer: str, subject: str) -> Row[Any] | None:
        """The person that an OpenID provider knows under this subject."""
        return self._one(and_(people.c.oidc_issuer == issuer, people.c.oidc_subject == subject))

    def every(self) -> list[Row[Any]]:
        """All people, in the order they came."""
        query = select(people).order_by(people.c.created_at, people.c.id)
        return list(self._connection.execute(query))

    def admins(self) -> list[Row[Any]]:
        """The admins who are not disabled and can sign in; held until the transaction ends."""
        can = or_(people.c.password_hash.is_not(None), people.c.oidc_subject.is_not(None))
        is_one = and_(people.c.role == "admin", people.c.disabled_at.is_(None), can)
        query = select(people).where(is_one).order_by(people.c.id).with_for_update()
        return list(self._connection.execute(query))

    def write(self, person_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a person."""
        self._connection.execute(update(people).where(people.c.id == person_id).values(**values))

    def _one(self, where: Any) -> Row[Any] | None:
        return self._connection.execute(select(people).where(where)).one_or_none()


class KeyStore:
    """Reads and writes API keys, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a new key."""
        self._connection.execute(insert(api_keys).values(**row))

    def find(self, key_id: str) -> Row[Any] | None:
        """A key by its public id."""
        query = select(api_keys).where(api_keys.c.id == key_id)
        return self._connection.execute(query).one_or_none()

    def every(self) -> list[Row[Any]]:
        """All keys, in the order they were made."""
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        return list(self._connection.execute(query))

    def write(self, key_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a key."""
        self._connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(**values))


class SessionStore:
    """Reads and writes sessions, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a new session."""
        self._connection.execute(insert(sessions).values(**row))

    def find(self, sha256: str) -> Row[Any] | None:
        """A session with its person, by the hash of its secret."""
        query: Select[Any] = (
            select(
                sessions.c.created_at,
                sessions.c.seen_at,
                people.c.id.label("person_id"),
                people.c.role,
                people.c.name,
                people.c.disabled_at,
            )
            .join(people, people.c.id == sessions.c.person_id)
            .where(sessions.c.sha256 == sha256)
        )
        return self._connection.execute(query).one_or_none()

    def seen(self, sha256: str, at: int) -> None:
        """Note that a session is in use."""
        where = sessions.c.sha256 == sha256
        self._connection.execute(update(sessions).where(where).values(seen_at=at))

    def remove(self, sha256: str) -> None:
        """End a session."""
        self._connection.execute(delete(sessions).where(sessions.c.sha256 == sha256))

    def remove_of(self, person_id: str) -> None:
        """End every session of a person."""
        self._connection.execute(delete(sessions).where(sessions.c.person_id == person_id))

    def forget(self, created_until: int, seen_until: int) -> None:
        """Remove sessions that began, or were last seen, at these instants or earlier."""
        old = or_(sessions.c.created_at <= created_until, sessions.c.seen_at <= seen_until)
        self._connection.execute(delete(sessions).where(old))


class LinkStore:
    """Reads and writes one-time links, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a new link."""
        self._connection.execute(insert(links).values(**row))

    def find(self, sha256: str) -> Row[Any] | None:
        """A link by the hash of its secret."""
        query = select(links).where(links.c.sha256 == sha256)
        return self._connection.execute(query).one_or_none()

    def use(self, sha256: str, at: int) -> bool:
        """Use a link up; False when somebody else was faster."""
        unused = and_(links.c.sha256 == sha256, links.c.used_at.is_(None))
        told = update(links).where(unused).values(used_at=at).returning(links.c.sha256)
        return self._connection.execute(told).first() is not None

    def remove_of(self, person_id: str | None) -> None:
        """Remove the unused links of a person; None: those of the first start."""
        whose = links.c.person_id
        mine = whose.is_(None) if person_id is None else whose == person_id
        self._connection.execute(delete(links).where(and_(mine, links.c.used_at.is_(None))))

    def forget(self, before: int) -> None:
        """Remove links that expired before an instant."""
        self._connection.execute(delete(links).where(links.c.expires_at < before))


class TryStore:
    """Counts failed sign-ins, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, subject: str, at: int) -> Row[Any]:
        """The count of a subject, held until the transaction ends."""
        none = {"subject": subject, "failures": 0, "last_at": at, "blocked_until": 0}
        insert_if_new(self._connection, sign_in_tries, none, ["subject"])
        query = select(sign_in_tries).where(sign_in_tries.c.subject == subject)
        return self._connection.execute(query.with_for_update()).one()

    def write(self, subject: str, values: Mapping[str, Any]) -> None:
        """Change a count."""
        where = sign_in_tries.c.subject == subject
        self._connection.execute(update(sign_in_tries).where(where).values(**values))

    def forget(self, before: int) -> None:
        """Forget what was last tried before an instant."""
        self._connection.execute(delete(sign_in_tries).where(sign_in_tries.c.last_at < before))


class VisitStore:
    """People who left for an OpenID provider and have not come back, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Somebody leaves."""
        self._connection.execute(insert(provider_visits).values(**row))

    def take(self, state_sha256: str) -> Row[Any] | None:
        """Somebody comes back: what was kept of them, once."""
        where = provider_visits.c.state_sha256 == state_sha256
        told = delete(provider_visits).where(where).returning(*provider_visits.c)
        return self._connection.execute(told).one_or_none()

    def forget(self, before: int) -> None:
        """Forget visits that expired before an instant."""
        where = provider_visits.c.expires_at < before
        self._connection.execute(delete(provider_visits).where(where))
