"""Editions, proposals, signatures and scopes: signed things are added and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select, update

from serving.storage.pact_tables import (
    editions,
    pact_comments,
    pact_evidence,
    pact_wishes,
    proposals,
    scopes,
    signatures,
)


class EditionStore:
    """Reads and appends editions, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, row: Mapping[str, Any]) -> None:
        """Keep an edition for good."""
        self._connection.execute(insert(editions).values(**row))

    def every(self) -> list[Row[Any]]:
        """All editions, in the order in which they were agreed."""
        return list(self._connection.execute(select(editions).order_by(editions.c.seq)))

    def latest(self) -> Row[Any] | None:
        """The edition agreed last, in force or not yet."""
        query = select(editions).order_by(editions.c.seq.desc()).limit(1)
        return self._connection.execute(query).one_or_none()

    def newest(self, limit: int, until: int | None = None) -> list[Row[Any]]:
        """The editions agreed last, newest first; `until` is the place (`seq`) of the last one."""
        query = select(editions).order_by(editions.c.seq.desc()).limit(limit)
        if until is not None:
            query = query.where(editions.c.seq <= until)
        return list(self._connection.execute(query))

    def in_force(self, at: int) -> Row[Any] | None:
        """The edition in force at an instant (microseconds); None before the first."""
        query = select(editions).where(editions.c.effective_from <= at)
        return self._connection.execute(query.order_by(editions.c.seq.desc()).limit(1)).first()

    def find(self, name: str) -> Row[Any] | None:
        """The edition of that name or sha256."""
        same = (editions.c.name == name) | (editions.c.sha256 == name)
        return self._connection.execute(select(editions).where(same)).one_or_none()

    def of_proposal(self, proposal_id: str) -> Row[Any] | None:
        """What a proposal became."""
        query = select(editions).where(editions.c.proposal_id == proposal_id)
        return self._connection.execute(query).one_or_none()


class ProposalStore:
    """Reads and writes proposals and their signatures, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Make a proposal."""
        self._connection.execute(insert(proposals).values(**row))

    def write(self, proposal_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a proposal."""
        where = proposals.c.id == proposal_id
        self._connection.execute(update(proposals).where(where).values(**values))

    def find(self, proposal_id: str) -> Row[Any] | None:
        """A proposal, or None."""
        query = select(proposals).where(proposals.c.id == proposal_id)
        return self._connection.execute(query).one_or_none()

    def latest(self, limit: int) -> list[Row[Any]]:
        """Proposals, newest first."""
        query = select(proposals).order_by(proposals.c.seq.desc()).limit(limit)
        return list(self._connection.execute(query))

    def sign(self, row: Mapping[str, Any]) -> None:
        """Keep a signature for good."""
        self._connection.execute(insert(signatures).values(**row))

    def signatures(self, proposal_id: str, revision: int | None = None) -> list[Row[Any]]:
        """Who signed, oldest first; of one revision, or of all there ever were."""
        query = select(signatures).where(signatures.c.proposal_id == proposal_id)
        if revision is not None:
            query = query.where(signatures.c.revision == revision)
        return list(self._connection.execute(query.order_by(signatures.c.seq)))


class ScopeStore:
    """Reads and appends scopes, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, row: Mapping[str, Any]) -> None:
        """Keep a scope; it counts from now on."""
        self._connection.execute(insert(scopes).values(**row))

    def latest(self) -> Row[Any] | None:
        """The scope that counts."""
        query = select(scopes).order_by(scopes.c.seq.desc()).limit(1)
        return self._connection.execute(query).one_or_none()

    def every(self) -> list[Row[Any]]:
        """All scopes there ever were, oldest first."""
        return list(self._connection.execute(select(scopes).order_by(scopes.c.seq)))


class PactWishStore:
    """Reads and writes wishes, their evidence, and comments, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]) -> None:
        """Make a wish with what it points to."""
        self._connection.execute(insert(pact_wishes).values(**row))
        for one in evidence:
            self._connection.execute(insert(pact_evidence).values(**one))

    def write(self, wish_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a wish."""
        where = pact_wishes.c.id == wish_id
        self._connection.execute(update(pact_wishes).where(where).values(**values))

    def find(self, wish_id: str) -> Row[Any] | None:
        """A wish, or None."""
        query = select(pact_wishes).where(pact_wishes.c.id == wish_id)
        return self._connection.execute(query).one_or_none()

    def latest(self, limit: int) -> list[Row[Any]]:
        """Wishes, newest first."""
        query = select(pact_wishes).order_by(pact_wishes.c.seq.desc()).limit(limit)
        return list(self._connection.execute(query))

    def of_proposal(self, proposal_id: str) -> list[Row[Any]]:
        """The wishes that a proposal answers."""
        return self._rows(pact_wishes, pact_wishes.c.proposal_id == proposal_id)

    def evidence_of(self, wish_id: str) -> list[Row[Any]]:
        """What a wish points to, as far as it is still there."""
        return self._rows(pact_evidence, pact_evidence.c.wish_id == wish_id)

    def comment(self, row: Mapping[str, Any]) -> None:
        """Add a comment."""
        self._connection.execute(insert(pact_comments).values(**row))

    def comments_on(self, about: str) -> list[Row[Any]]:
        """The comments on a wish or a proposal, oldest first."""
        return self._rows(pact_comments, pact_comments.c.about == about)

    def _rows(self, table: Table, where: Any) -> list[Row[Any]]:
        return list(self._connection.execute(select(table).where(where).order_by(table.c.seq)))
