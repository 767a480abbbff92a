"""How fresh the scores are: what an operator watches besides errors and times."""

from __future__ import annotations

import numpy as np

from features.values import parse_instant
from models.bundle import Versions
from serving.refreshing import due_at
from serving.storage.base import from_number
from serving.storage.database import Database, StoreUnreachable
from serving.storage.leads import LeadStore
from serving.storage.outbox import DEAD, PENDING, OutboxStore
from serving.telemetry import Figure

STORE_UP = Figure("leadpact_store_up", "gauge", "1 when the store answered just now, else 0.")
LEADS = Figure("leadpact_store_leads", "gauge", "Leads in the store.")
STALE = Figure(
    "leadpact_stale_leads", "gauge", "Leads whose inputs have changed since they were scored."
)
STALE_AGE = Figure(
    "leadpact_stale_score_age_seconds",
    "gauge",
    "Age of the oldest score whose inputs have changed since; 0 when there is none.",
)
SCORE_AGE = Figure(
    "leadpact_oldest_score_age_seconds",
    "gauge",
    "Age of the oldest score of a lead: what happened, or faded, since then is not in it.",
)
HISTORY_AGE = Figure(
    "leadpact_model_history_age_seconds",
    "gauge",
    "Time since the newest instant that the answering model learned from.",
)
WAITING = Figure(
    "leadpact_waiting_scores",
    "gauge",
    "Scores that the next sweep looks at: inputs, model or edition changed, or time may have "
    "moved them.",
)
OVERDUE = Figure(
    "leadpact_overdue_seconds",
    "gauge",
    "How long ago the first score was due to be looked at, or how much too far ahead a clock that "
    "was wrong has put one; 0 when none is overdue.",
)
LETTERS = Figure(
    "leadpact_webhook_letters_pending", "gauge", "Letters that webhooks have not taken yet."
)
DEAD_LETTERS = Figure(
    "leadpact_webhook_letters_dead", "gauge", "Letters that were given up, until they are replayed."
)
FIGURES = (
    STORE_UP,
    LEADS,
    STALE,
    STALE_AGE,
    SCORE_AGE,
    WAITING,
    OVERDUE,
    LETTERS,
    DEAD_LETTERS,
    HISTORY_AGE,
)


def freshness(database: Database, versions: Versions, now: np.datetime64) -> dict[Figure, float]:
    """The figures as they are at `now`; those that cannot be known are left out."""
    told: dict[Figure, float] = {}
    if versions.history_until:
        told[HISTORY_AGE] = _seconds(now - parse_instant(versions.history_until))
    try:
        with database.reading() as connection:
            store = LeadStore(connection)
            letters = OutboxStore(connection).counts()
            leads, stale, oldest, oldest_stale = store.ages()
            waiting = store.count_waiting(versions.decides, due_at(now))
            due = store.due_between()
    except StoreUnreachable:
        return told | {STORE_UP: 0.0}
    told |= {STORE_UP: 1.0, LEADS: leads, STALE: stale, STALE_AGE: 0.0, WAITING: waiting}
    told |= {LETTERS: letters.get(PENDING, 0), DEAD_LETTERS: letters.get(DEAD, 0)}
    told[OVERDUE] = 0.0 if due is None else _overdue(*due, now)
    if oldest is not None:
        told[SCORE_AGE] = _seconds(now - from_number(oldest))
    if oldest_stale is not None:
        told[STALE_AGE] = _seconds(now - from_number(oldest_stale))
    return told


def _overdue(first: int, last: int, now: np.datetime64) -> float:
    due = due_at(now)
    return max(0, due.by - first, last - due.at_most) / 1_000_000


def _seconds(passed: np.timedelta64) -> float:
    return float(passed / np.timedelta64(1, "s"))
