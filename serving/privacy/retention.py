"""What is older than the workspace's rules allow: counted, or removed in pieces.

A piece is one transaction, with its own entry in the audit log, so that the service goes on
answering beside it and a stop half way loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, Select, Table

from serving.privacy.copies import remove_copy
from serving.privacy.rules import Retention
from serving.record import Record
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.privacy_tables import training_exports, wishes
from serving.storage.retention import (
    RetentionStore,
    ended_erasures,
    idle_leads,
    old_answers,
    old_copies,
    orphans,
    past_scores,
)
from serving.storage.tables import activities, idempotency, outcomes, scores

LEADS_AT_ONCE, ROWS_AT_ONCE = 20, 1000
"""Rows of one piece. A lead takes its colleagues' scores with it, so few leads are a piece."""
Remove = Callable[[Record, list[Row[Any]]], None]


@dataclass(frozen=True)
class Due:
    """One kind of rows that a rule lets go.

    Attributes:
        kind: its name in counts and in the audit log.
        query: finds the rows.
        remove: removes some of them.
        at_once: how many are a piece.
    """

    kind: str
    query: Select[Any]
    remove: Remove
    at_once: int = ROWS_AT_ONCE


def due(rules: Retention, now: np.datetime64) -> list[Due]:
    """What the rules let go as of now, by kind; no kind for what no rule names."""
    found: list[Due] = []
    at = to_number(now)

    def before(age: float, unit: int) -> int:
        return at - round(age * unit)

    if rules.leads_without_activity_days is not None:
        since = before(rules.leads_without_activity_days, _DAY)
        found.append(Due("leads", idle_leads(since), _remove_leads, LEADS_AT_ONCE))
        waiting = {"activities": activities, "outcomes": outcomes}
        found += [Due(k, orphans(t, since), _rows_of(t)) for k, t in waiting.items()]
    if rules.scores_older_than_days is not None:
        since = before(rules.scores_older_than_days, _DAY)
        found.append(Due("scores", past_scores(since), _rows_of(scores)))
    if rules.answers_older_than_hours is not None:
        since = before(rules.answers_older_than_hours, _HOUR)
        found.append(Due("answers", old_answers(since), _rows_of(idempotency)))
    if rules.copies_older_than_days is not None:
        since = before(rules.copies_older_than_days, _DAY)
        found.append(Due("copies", old_copies(since), _remove_copies))
    found.append(Due("erasures", ended_erasures(at), _rows_of(wishes)))
    return found


_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


def count_due(connection: Connection, rules: Retention, now: np.datetime64) -> dict[str, int]:
    """How many rows the rules let go, by kind. Removing a lead takes its events and scores too."""
    store = RetentionStore(connection)
    return {one.kind: store.count(one.query) for one in due(rules, now)}


def remove_some(record: Record, one: Due, actor: str) -> int:
    """Remove a piece and note it; how many rows, 0 when nothing is left.

    Raises:
        Collision: when a lead moved to another account meanwhile.
        CopyNotRemoved: when a copy for training is there and cannot be removed.
    """
    rows = RetentionStore(record.connection).some(one.query, one.at_once)
    if rows:
        one.remove(record, rows)
        AuditLog(record.connection).append(
            record.now, actor, "retention applied", "", {one.kind: len(rows)}
        )
    return len(rows)


def _rows_of(table: Table) -> Remove:
    def remove(record: Record, rows: list[Row[Any]]) -> None:
        RetentionStore(record.connection).remove(table, rows)

    return remove


def _remove_leads(record: Record, rows: list[Row[Any]]) -> None:
    ids = [row.id for row in rows]
    stirred = {a.account_id for i in ids for a in record.events.activities_of(i)}
    record.hold(ids, stirred)
    for lead_id in ids:
        record.remove_lead(lead_id)


def _remove_copies(record: Record, rows: list[Row[Any]]) -> None:
    for row in rows:
        remove_copy(Path(row.folder))
    RetentionStore(record.connection).remove(training_exports, rows)
