"""`/health`: what runs, what waits, what failed; as much of it as the reader's role may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as Folder
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from features.errors import InputRefused
from models.workspace import Workspace
from serving import freshness as figures
from serving.access.caller import Caller
from serving.access.keys import is_good
from serving.guarding import allow, caller_of, form_of
from serving.jobs.asking import cancel_job, job_as_json, retry_job
from serving.pages import frame
from serving.pages.names import names_of
from serving.pages.queue import distance
from serving.pages.store import reading, writing
from serving.pages.words import thousands, when
from serving.state import Worker, worker_of
from serving.storage.access import KeyStore, PeopleStore
from serving.storage.audit import AuditLog, verify
from serving.storage.base import to_number
from serving.storage.events import EventStore
from serving.storage.jobs import JobStore
from serving.storage.outbox import DEAD, OutboxStore
from serving.telemetry import Figure
from serving.webhooks.asking import Webhooks, letter_as_json, webhook_as_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_JOBS, MOST_ENTRIES, MOST_DEAD = 15, 20, 20
router = APIRouter(include_in_schema=False)
JobsAdmin = Annotated[Caller, Depends(allow("jobs.run", page=True))]
HooksAdmin = Annotated[Caller, Depends(allow("webhooks.manage", page=True))]
_DOORS = {"people.manage", "keys.manage"}
_SECOND = 1_000_000


@dataclass(frozen=True)
class Part:
    """A part of the service: its state in words, since when, what to do; `late` marks a promise
    of the service that is not kept."""

    name: str
    state: str
    since: str
    do: str
    late: bool = False


@router.get("/health", dependencies=[Depends(allow("model.read", page=True))])
async def show_health(
    request: Request, verified: Annotated[str, Query(pattern="^(yes)?$")] = ""
) -> Response:
    """The state of every part; `verified` walks the audit log, for those who may read it."""
    caller, worker = caller_of(request), worker_of(request)
    ask = (worker.database, worker.scorer.versions, worker.clock())
    told = await run_in_threadpool(figures.freshness, *ask)
    why_not = await request.app.state.readiness.why_not()

    def work(connection: Connection, worker: Worker) -> dict[str, Any]:
        parts = [_ready(why_not), *_parts(connection, worker, told)]
        may = caller.permissions
        return {
            "parts": parts,
            "at": worker.clock(),
            "names": names_of(connection),
            "jobs": _jobs(connection, worker) if "jobs.run" in may else None,
            "hooks": _hooks(connection, worker) if "webhooks.manage" in may else None,
            "doors": _doors(connection, worker) if may >= _DOORS else None,
            "audit": _audit(connection, bool(verified)) if "audit.read" in may else None,
        }

    return frame.show(request, "health.html", await reading(request, work))


def _ready(why_not: str | None) -> Part:
    if why_not is None:
        return Part("Service", "answers", "", "")
    return Part("Service", f"not ready: {why_not}", "", "See the log.", late=True)


def _parts(connection: Connection, worker: Worker, told: Mapping[Figure, float]) -> list[Part]:
    versions, now = worker.scorer.versions, to_number(worker.clock())
    found = [Part("Store", f"{thousands(told.get(figures.LEADS, 0))} leads", "", "")]
    waiting, overdue = told.get(figures.WAITING, 0), told.get(figures.OVERDUE, 0)
    stale = told.get(figures.STALE_AGE, 0)
    state = f"{thousands(waiting)} wait for the next sweep" if waiting else "all fresh"
    since = f"the oldest for {distance(round(stale * _SECOND))}" if stale else ""
    do = "Is a service running? `leadpact rescore` looks at them now." if overdue > 600 else ""
    found.append(Part("Scores", state, since, do, late=overdue > 600))
    found.append(_model(worker, told))
    newest = EventStore(connection).newest_received(now)
    heard = "nothing yet" if newest is None else f"last heard {distance(now - newest)} ago"
    found.append(Part("Feed", heard, "" if newest is None else when(newest), ""))
    dead, pending = told.get(figures.DEAD_LETTERS, 0), told.get(figures.LETTERS, 0)
    state = f"{thousands(pending)} under way" + (f", {thousands(dead)} given up" if dead else "")
    do = "Mend the receiver, then send them again below." if dead else ""
    found.append(Part("Webhook letters", state, "", do, late=bool(dead)))
    rulebook = worker.scorer.rulebook
    since = "" if not versions.older_than_pact else f"the model knows {versions.aligned_to}"
    do = "`leadpact rulebook export`, then `leadpact align` or train." if since else ""
    found.append(Part("Rulebook", f"edition {rulebook.edition} is in force", since, do))
    return found


def _model(worker: Worker, told: Mapping[Figure, float]) -> Part:
    versions = worker.scorer.versions
    age = told.get(figures.HISTORY_AGE)
    if age is None:
        return Part("Model", f"{versions.model} answers", "", "")
    days = max(0, round(age / 86_400))
    state = f"{versions.model} answers; what it learned ends {days} days ago"
    return Part("Model", state, "", "Its figures are on the model's page.")


def _jobs(connection: Connection, worker: Worker) -> list[dict[str, Any]]:
    home = Workspace(Folder(worker.settings.workspace)).home / "jobs"
    rows = JobStore(connection).newest(None, MOST_JOBS)
    return [job_as_json(row, home / row.id) for row in rows]


def _hooks(connection: Connection, worker: Worker) -> list[dict[str, Any]]:
    hooks = _webhooks(connection, worker, "")
    return [
        webhook_as_json(row)
        | {"dead": [letter_as_json(x) for x in hooks.letters(row.id, DEAD, 0, MOST_DEAD)]}
        for row in OutboxStore(connection).webhooks()
    ]


def _webhooks(connection: Connection, worker: Worker, actor: str) -> Webhooks:
    return Webhooks(connection, actor, worker.clock())


def _doors(connection: Connection, worker: Worker) -> dict[str, int]:
    """How many people may sign in, and how many keys open something."""
    now, keys = worker.clock(), KeyStore(connection).every()
    people = PeopleStore(connection).every()
    return {
        "good_people": sum(person.disabled_at is None for person in people),
        "good_keys": sum(is_good(key, now) for key in keys),
    }


def _audit(connection: Connection, verified: bool) -> dict[str, Any]:
    verdict = verify(connection) if verified else None
    return {"entries": AuditLog(connection).latest(MOST_ENTRIES), "verdict": verdict}


@router.post("/health/jobs/{job_id}")
async def act_on_job(
    request: Request, job_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")], caller: JobsAdmin
) -> Response:
    """Stop a job, or let it go on."""
    act = (await form_of(request)).get("act", "")
    steps = {"cancel": cancel_job, "retry": retry_job}
    if act not in steps:
        raise InputRefused("Stop a job, or let it go on, by a button of the page.")

    def use(connection: Connection, worker: Worker) -> None:
        steps[act](connection, job_id, caller.actor, worker.clock())

    await writing(request, use)
    return Response(None, 303, {"location": "/health#jobs"})


@router.post("/health/webhooks/{webhook_id}")
async def send_again(
    request: Request,
    webhook_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")],
    caller: HooksAdmin,
) -> Response:
    """Send a webhook's dead letters again."""

    def use(connection: Connection, worker: Worker) -> None:
        _webhooks(connection, worker, caller.actor).replay(webhook_id, None)

    await writing(request, use)
    return Response(None, 303, {"location": "/health#webhooks"})
