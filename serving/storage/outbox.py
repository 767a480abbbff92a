"""Webhooks, and the outbox: what each is to be told, was told, or could not be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, or_, select, update

from serving.storage.jobs_tables import outbox, webhooks

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"


class OutboxStore:
    """Reads and writes webhooks and their letters, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_webhook(self, row: Mapping[str, Any]) -> None:
        """Keep a webhook."""
        self._connection.execute(insert(webhooks).values(**row))

    def webhook(self, webhook_id: str) -> Row[Any] | None:
        """A webhook, or None; None too for one that was removed."""
        query = select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.active)
        return self._connection.execute(query).one_or_none()

    def webhooks(self, *, hold: bool = False) -> list[Row[Any]]:
        """All webhooks that were not removed, the oldest first.

        Args:
            hold: whether their rows stay until the transaction's end, for letters that are to point
                to them. Others who hold them, and who removes one, do not wait for it.
        """
        query = select(webhooks).where(webhooks.c.active)
        query = query.order_by(webhooks.c.created_at, webhooks.c.id)
        if hold:
            query = query.with_for_update(read=True, key_share=True)
        return list(self._connection.execute(query))

    def write_webhook(self, webhook_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a webhook."""
        same = webhooks.c.id == webhook_id
        self._connection.execute(update(webhooks).where(same).values(**values))

    def remove_webhook(self, webhook_id: str) -> None:
        """Remove a webhook: nothing is sent there or written for it any more. Its row and letters
        go by `clear`: transactions that are at work may have written letters that point to it."""
        self.write_webhook(webhook_id, {"active": False})

    def clear(self, webhook_id: str) -> None:
        """Let a webhook that was removed go with its letters, unless a transaction still holds it;
        then it is for another time."""
        mine = (webhooks.c.id == webhook_id) & ~webhooks.c.active
        free = select(webhooks.c.id).where(mine).with_for_update(skip_locked=True)
        if self._connection.execute(free).one_or_none() is not None:
            self._connection.execute(delete(outbox).where(outbox.c.webhook_id == webhook_id))
            self._connection.execute(delete(webhooks).where(mine))

    def put(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put letters into the outbox."""
        if rows:
            self._connection.execute(insert(outbox), [dict(row) for row in rows])

    def waiting(self, now: int, latest: int) -> set[str]:
        """Webhooks that have a letter whose time has come, see `_has_come`; and those that were
        removed and are to be cleared away."""
        due = (outbox.c.state == PENDING) & _has_come(now, latest)
        waits = webhooks.c.id.in_(select(outbox.c.webhook_id).where(due)) | ~webhooks.c.active
        return set(self._connection.execute(select(webhooks.c.id).where(waits)).scalars())

    def heads(self, webhook_id: str, now: int, latest: int, most: int) -> list[Row[Any]]:
        """Letters to send now: of each subject the first that is pending, if its time has come."""
        mine = (outbox.c.webhook_id == webhook_id) & (outbox.c.state == PENDING)
        firsts = select(func.min(outbox.c.seq)).where(mine).group_by(outbox.c.subject)
        query = select(outbox).where(outbox.c.seq.in_(firsts), _has_come(now, latest))
        return list(self._connection.execute(query.order_by(outbox.c.seq).limit(most)))

    def write(self, seq: int, values: Mapping[str, Any]) -> None:
        """Change columns of a letter; one that is gone meanwhile stays gone."""
        self._connection.execute(update(outbox).where(outbox.c.seq == seq).values(**values))

    def letters(self, webhook_id: str, state: str, after: int, limit: int) -> list[Row[Any]]:
        """Letters in one state, in order; those after number `after`."""
        mine = (outbox.c.webhook_id == webhook_id) & (outbox.c.state == state)
        query = select(outbox).where(mine, outbox.c.seq > after)
        return list(self._connection.execute(query.order_by(outbox.c.seq).limit(limit)))

    def revive(self, webhook_id: str, now: int, ids: Iterable[str] | None) -> int:
        """Let dead letters be sent again; how many."""
        mine = (outbox.c.webhook_id == webhook_id) & (outbox.c.state == DEAD)
        if ids is not None:
            mine &= outbox.c.id.in_(list(ids))
        found = self._connection.execute(select(outbox.c.seq).where(mine)).scalars().all()
        values = {"state": PENDING, "attempts": 0, "next_at": now, "ended_at": None}
        self._connection.execute(update(outbox).where(mine).values(**values))
        return len(found)

    def remove_delivered(self, before: int) -> None:
        """Forget letters that were delivered before an instant."""
        old = (outbox.c.state == DELIVERED) & (outbox.c.ended_at < before)
        self._connection.execute(delete(outbox).where(old))

    def counts(self) -> dict[str, int]:
        """Letters by state."""
        query = select(outbox.c.state, func.count()).group_by(outbox.c.state)
        return {row[0]: int(row[1]) for row in self._connection.execute(query)}


def _has_come(now: int, latest: int) -> ColumnElement[bool]:
    """Whether the time of a letter has come: nobody tried it yet, its pause is over, or it is to
    wait for longer than any pause, which only a clock that ran ahead can have said."""
    at = outbox.c.next_at
    return or_(outbox.c.attempts == 0, at <= now, at > latest)
