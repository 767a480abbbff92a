"""`/v1/worklist`: leads in the order in which people work them, as the pages show them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.api.common import json_response, refusals
from serving.guarding import GUARDED, allow
from serving.lead_answers import WorklistPage
from serving.reading import worked_as_json
from serving.state import worker_of
from serving.storage.base import to_number
from serving.storage.worklist import Worklist
from serving.working import Asked, counts_of, look

router = APIRouter(prefix="/v1/worklist", tags=["leads"])


@router.get(
    "",
    summary="Leads in the order in which people work them",
    responses={200: {"model": WorklistPage}, **refusals("input-refused", *GUARDED)},
    response_model=None,
    dependencies=[Depends(allow("leads.read"))],
)
async def worklist(
    request: Request,
    asked: Annotated[Asked, Depends()],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Scored leads with why, how both scores part, and what sales owes next; how many each view
    holds; and `next`, which `after` takes for the next page. Views, filters and orders are those of
    the pages: `view` is one of open ones (left out), `ready`, `disagree`, `returned`, `waiting`,
    `due`, `late` and `nobody`; `sort` is `score`, `changed` or `disagreement`."""
    worker = worker_of(request)
    rulebook, now = worker.scorer.rulebook, to_number(worker.clock())

    def work() -> dict[str, Any]:
        with worker.database.reading() as connection:
            store = Worklist(connection)
            rows, after = look(store, rulebook, asked, now, limit)
            answers = store.answers(row.score_seq for row in rows)
            duties = store.duties(row.id for row in rows)
            told = [worked_as_json(r, answers[r.score_seq], duties.get(r.id)) for r in rows]
            return {"leads": told, "counts": counts_of(store, rulebook, now), "next": after}

    return json_response(await run_in_threadpool(work))
