"""`/disputes`: whose word on contested leads came closer to what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response

from serving.guarding import allow
from serving.pact.disputing import ledger
from serving.pages import frame
from serving.pages.store import reading
from serving.record import Record
from serving.state import Worker

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST, ENOUGH = 80, 20
"""Disputes of the page; settled ones from which on it is said who was closer."""
router = APIRouter(include_in_schema=False, dependencies=[Depends(allow("leads.read", page=True))])


@router.get("/disputes")
async def show_disputes(request: Request) -> Response:
    """Open ones, settled ones, and what all settled ones come to."""

    def ask(connection: Connection, worker: Worker) -> dict[str, Any]:
        told = ledger(Record(connection, worker.scorer, worker.clock()), MOST)
        rows, names = told["ledger"], {c.id: c.says for c in worker.scorer.rulebook.criteria}
        most = max((max(r["rulebook_closer"], r["model_closer"]) for r in rows), default=1)
        return {
            "ledger": rows,
            "waiting": [d for d in told["disputes"] if d["settled_at"] is None],
            "settled": [d for d in told["disputes"] if d["settled_at"] is not None],
            "criteria": names,
            "most": most,
            "enough": ENOUGH,
        }

    return frame.show(request, "disputes.html", await reading(request, ask))
