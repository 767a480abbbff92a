"""Reading the record: leads, pages of them, their scores and what moved them, accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.canonical import read
from serving.problems import Trouble
from serving.storage.base import from_number
from serving.storage.events import EventStore
from serving.storage.feedback import FeedbackStore
from serving.storage.leads import Filter, LeadStore
from serving.storage.scores import ScoreStore
from serving.top_reasons import in_words, top_reasons

MAX_PAGE = 200
"""Rows of one page."""


def instant_text(stored: int | None) -> str | None:
    """A stored instant as ISO 8601 in UTC."""
    return None if stored is None else f"{from_number(stored)}Z"


def etag_of(row: Row[Any]) -> str:
    """The strong tag of a lead as it is now: its version, and its current score's number."""
    return f'"{row.version}-{row.score_seq or 0}"'


_REASONS = 2
"""Parts of a score that a list tells."""
OPTED_OUT = "opted-out"
"""Why a lead has no score: its person said no."""


def lead_as_json(row: Row[Any], answer: dict[str, Any] | None) -> dict[str, Any]:
    """A lead with its whole current score; None where its person does not want one."""
    return _head(row) | {"fields": read(row.fields), "score": answer}


def _head(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version,
        "account_id": row.account_id,
        "owner": row.owner,
        "stage": row.stage,
        "channel": row.channel,
        "stale": row.stale,
        "consent": {"scoring": row.scoring_allowed, "training": row.training_allowed},
        "not_scored": None if row.scoring_allowed else OPTED_OUT,
        "created_at": instant_text(row.created_at),
        "changed_at": instant_text(row.changed_at),
    }


def _in_short(row: Row[Any]) -> dict[str, Any]:
    return _head(row) | {
        "score": row.score,
        "agreed_score": row.agreed_score,
        "grade": row.grade,
        "likelihood": row.likelihood,
        "grid": row.grid,
    }


def worked_as_json(row: Row[Any], answer: str, waits: Row[Any] | None) -> dict[str, Any]:
    """A lead as the worklist tells it: in short, why, how both scores part, and what waits.

    Args:
        answer: behind its score, as stored.
        waits: its hand-off that waits for sales; None for none.
    """
    told = read(answer)
    worth = told.get("value")
    return _in_short(row) | {
        "why": [in_words(reason) for reason in top_reasons(told["reasons"], _REASONS)],
        "disagreement": told.get("disagreement"),
        "value": None if worth is None else {k: worth[k] for k in ("currency", "expected")},
        "waits": None if waits is None else _waits(waits),
    }


def _waits(row: Row[Any]) -> dict[str, str | None]:
    names = ("handed_at", "touch_due", "decision_due", "touched_at")
    told = {name: getattr(row, name) for name in names}
    return {name: None if at is None else instant_text(at) for name, at in told.items()}


def no_such_lead(lead_id: str) -> Trouble:
    """The refusal for a lead that is not there."""
    return Trouble("not-found", f"There is no lead {lead_id[:60]!r}. PUT it first.")


def feedback_as_json(row: Row[Any]) -> dict[str, Any]:
    """What somebody said, as told."""
    names = ("id", "lead_id", "kind", "reason", "line", "note", "team")
    return {name: getattr(row, name) for name in names} | {"at": instant_text(row.created_at)}


class Reading:
    """Questions to the record, on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.leads = LeadStore(connection)
        self.events = EventStore(connection)
        self.scores = ScoreStore(connection)
        self.feedback = FeedbackStore(connection)

    def row(self, lead_id: str) -> Row[Any]:
        """A lead's row.

        Raises:
            Trouble: when there is no such lead.
        """
        found = self.leads.find(lead_id)
        if found is None:
            raise no_such_lead(lead_id)
        return found

    def lead(self, lead_id: str) -> tuple[dict[str, Any], str]:
        """A lead with its score, and its tag."""
        row = self.row(lead_id)
        return lead_as_json(row, self._answer(row)), etag_of(row)

    def _answer(self, row: Row[Any]) -> dict[str, Any] | None:
        if row.score_seq is None:
            return None
        found: dict[str, Any] = read(self.scores.by_seq(row.score_seq).answer)
        return found

    def page(self, wanted: Filter, cursor: str | None, limit: int) -> dict[str, Any]:
        """A page of leads in the order they came, and the cursor of the next."""
        rows = self.leads.page(wanted, _after(cursor), limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        told = _cursor(rows[-1].seq) if more else None
        return {"leads": [_in_short(r) for r in rows], "next_cursor": told}

    def history(self, lead_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
        """A lead's scores, newest first."""
        self.row(lead_id)
        before = None if cursor is None else _after(cursor)
        rows = self.scores.of_lead(lead_id, before, limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        told = [
            {
                "score_id": r.id,
                "score": r.score,
                "score_exact": r.score_exact,
                "agreed_score": r.agreed_score,
                "grade": r.grade,
                "likelihood": r.likelihood,
                "as_of": instant_text(r.as_of),
                "cause": r.cause,
                "lead_version": r.lead_version,
                "model": r.model,
                "inputs_sha256": r.inputs_sha256,
            }
            for r in rows
        ]
        return {"scores": told, "next_cursor": _cursor(rows[-1].seq) if more else None}

    def explanation(self, lead_id: str) -> dict[str, Any]:
        """The stored answer behind a lead's current score: the decision that was made. Of a lead
        without one, why there is none."""
        found = self._answer(self.row(lead_id))
        if found is not None:
            return found
        says = "Its person does not want to be scored, so it has no score and no reasons."
        return {"lead_id": lead_id, "not_scored": OPTED_OUT, "says": says}

    def timeline(self, lead_id: str) -> dict[str, Any]:
        """What happened to a lead, newest first: both teams' activities, and outcomes."""
        self.row(lead_id)
        did = [
            {
                "at": instant_text(a.occurred_at),
                "what": "activity",
                "event_id": a.event_id,
                "channel": a.channel,
                "kind": a.kind,
                "team": a.team,
                "value": a.value,
                "recorded_at": instant_text(a.recorded_at),
            }
            for a in self.events.activities_of(lead_id)
        ]
        became = [
            {
                "at": instant_text(o.at),
                "what": "outcome",
                "event_id": o.event_id,
                "stage": o.stage,
                "amount": o.amount,
                "reason": o.reason,
            }
            for o in self.events.outcomes_of(lead_id)
        ]
        return {"lead_id": lead_id, "events": _newest_first([*did, *became])}

    def feedback_of(self, lead_id: str) -> dict[str, Any]:
        """What was said about a lead, newest first."""
        self.row(lead_id)
        told = [feedback_as_json(r) for r in self.feedback.of_lead(lead_id)]
        return {"feedback": told, "next_cursor": None}

    def feedback_page(
        self, kind: str | None, line: str | None, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of what was said about any lead, newest first."""
        before = None if cursor is None else _after(cursor)
        rows = self.feedback.page(kind, line, before, limit + 1)
        more, rows = len(rows) > limit, rows[:limit]
        told = [feedback_as_json(r) for r in rows]
        return {"feedback": told, "next_cursor": _cursor(rows[-1].seq) if more else None}

    def account(self, account_id: str) -> dict[str, Any]:
        """An account's leads, and its score: the chance that at least one of them converts, told
        as the likelihood 1 - product of (1 - likelihood) over its leads, as if independent; and
        the best lead's score. Leads whose persons do not want to be scored are left out of both;
        where no other is left, both are None.

        Raises:
            Trouble: when no lead belongs to it.
        """
        rows = self.leads.of_account(account_id)
        if not rows:
            raise Trouble("not-found", f"No lead belongs to an account {account_id[:60]!r}.")
        scored = [r for r in rows if r.scoring_allowed]
        best = max(scored, key=lambda r: (r.score, r.id), default=None)
        any_converts = 1.0 - float(np.prod([1.0 - r.likelihood for r in scored]))
        return {
            "id": account_id,
            "score": best and best.score,
            "best_lead": best and best.id,
            "likelihood_any": best and any_converts,
            "how": "score: the best lead's; likelihood_any: that at least one lead converts, "
            "taking leads as independent; leads that opted out are left out",
            "leads": [_in_short(r) for r in rows],
        }


def _newest_first(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda e: (e["at"], e["event_id"]), reverse=True)


CURSOR = "^c[0-9a-f]{1,15}$"
"""Opaque to callers; any text of this form is a place in the order."""


def _cursor(seq: int) -> str:
    return f"c{seq:x}"


def _after(cursor: str | None) -> int:
    return 0 if cursor is None else int(cursor[1:], 16)
