"""Wishes and comments: what anyone of the company would have otherwise, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from serving.access.caller import Caller, NoSuch
from serving.access.secrets import new_id
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.leads import LeadStore
from serving.storage.pact import PactWishStore, ProposalStore


@dataclass(frozen=True)
class Points:
    """What a wish points to: a lead, and maybe a hand-off or a dispute of it."""

    lead_id: str
    handoff_id: str | None = None
    dispute_id: str | None = None


@dataclass(frozen=True)
class Wished:
    """A wish: `criterion` and `topic` are what it is about, so that wishes can be grouped."""

    title: str
    text: str
    criterion: str | None = None
    topic: str | None = None
    evidence: Sequence[Points] = ()


def wish(connection: Connection, caller: Caller, told: Wished, now: np.datetime64) -> str:
    """Keep a wish; its id.

    Raises:
        NoSuch: when it points to a lead that is not there.
    """
    ids = {p.lead_id for p in told.evidence}
    missing = sorted(ids - {row.id for row in LeadStore(connection).find_many(ids)})
    if missing:
        raise NoSuch(f"There is no lead {missing[0][:60]!r}, which the wish points to.")
    wish_id = new_id()
    row = {
        "id": wish_id,
        "title": told.title,
        "text": told.text,
        "criterion": told.criterion,
        "topic": told.topic,
        "created_by": caller.actor,
        "created_at": to_number(now),
    }
    PactWishStore(connection).add(row, [vars(p) | {"wish_id": wish_id} for p in told.evidence])
    noted = {"evidence": len(told.evidence)}
    AuditLog(connection).append(now, caller.actor, "wish made", f"wish {wish_id}", noted)
    return wish_id


def put_into_topic(
    connection: Connection, caller: Caller, wish_id: str, topic: str | None, now: np.datetime64
) -> None:
    """Group a wish with others of one topic, or take it out.

    Raises:
        NoSuch: when there is no such wish.
    """
    store = PactWishStore(connection)
    if store.find(wish_id) is None:
        raise NoSuch(f"There is no wish {wish_id}.")
    store.write(wish_id, {"topic": topic})
    AuditLog(connection).append(now, caller.actor, "wish grouped", f"wish {wish_id}")


def comment(
    connection: Connection, caller: Caller, about: str, text: str, now: np.datetime64
) -> None:
    """Say something of a wish or of a proposal.

    Raises:
        NoSuch: when there is neither of that id.
    """
    store = PactWishStore(connection)
    if store.find(about) is None and ProposalStore(connection).find(about) is None:
        raise NoSuch(f"There is no wish and no proposal {about}.")
    row = {"about": about, "text": text, "created_by": caller.actor, "created_at": to_number(now)}
    store.comment(row)
    AuditLog(connection).append(now, caller.actor, "commented", about)
