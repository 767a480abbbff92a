"""`/v1/jobs`: work longer than a request. Send a file, look at progress, fetch results."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from models.workspace import Workspace
from serving.access.secrets import new_id
from serving.api.common import json_response, refusals
from serving.api.once import Told, do_once, promise_of
from serving.canonical import canonical
from serving.guarding import GUARDED, allow, caller_of
from serving.job_answers import JobLog, JobPage, JobTold
from serving.jobs.asking import add_job, cancel_job, find_job, job_as_json, retry_job
from serving.jobs.rows import FORMATS
from serving.jobs.uploads import kept_by_a_job, remove_upload
from serving.jobs.work import RESULT
from serving.problems import Trouble
from serving.reading import instant_text
from serving.state import Worker, worker_of
from serving.storage.jobs import JobStore

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=refusals(*GUARDED))
JobId = Annotated[str, PathParameter(pattern="^[0-9a-f]{16}$")]
_CURSOR = "^[1-9][0-9]{0,14}$"
Kind = Literal["score", "import", "rescore", "train", "replay"]
_YAML = "application/yaml"
_ENDINGS = FORMATS | {_YAML: "yaml"}
_OF_FILE = {"score": FORMATS, "import": FORMATS, "replay": {_YAML: "yaml"}}
"""Kind -> the media types of the file that it needs."""
_ONE = refusals("not-found", "input-refused")
_MAY = [Depends(allow("jobs.run"))]
_PAGE = 100
_TOLD_AS = dict.fromkeys(("train", "replay"), ("application/json", "json"))
_TEXT = {"schema": {"type": "string"}}


@router.post(
    "",
    status_code=202,
    summary="Queue a job",
    response_model=None,
    responses={
        202: {"model": JobTold},
        **refusals("not-json-type", "body-too-large", "input-refused"),
    },
    openapi_extra={"requestBody": {"required": False, "content": dict.fromkeys(_ENDINGS, _TEXT)}},
    dependencies=_MAY,
)
async def queue(
    request: Request,
    kind: Annotated[Kind, Query(description="What is to be done.")],
    of: Annotated[
        Literal["leads", "activities", "outcomes"],
        Query(description="What an imported file tells."),
    ] = "leads",
    detail: Annotated[
        Literal["full", "brief"], Query(description="Of scores: with reasons, or numbers alone.")
    ] = "full",
    tune: Annotated[int, Query(ge=0, le=1000, description="Trials of a training.")] = 0,
    everything: Annotated[
        bool, Query(alias="all", description="Rescore leads too that cannot differ.")
    ] = False,
) -> Response:
    """`score` and `import` take a file as the body: CSV, lines of JSON or Parquet, by its
    `Content-Type`; `replay` takes a proposed rulebook (YAML); `rescore` and `train` take none.
    The file is kept while the job needs it, and with the result for `job_days` after its end."""
    options: dict[str, dict[str, Any]] = {
        "score": {"detail": detail},
        "import": {"of": of},
        "rescore": {"all": everything},
        "train": {"tune": tune},
        "replay": {},
    }
    worker, job_id, promise = worker_of(request), new_id(), promise_of(request)
    folder, sha256 = _folder(worker, job_id), ""
    if kind in _OF_FILE:
        sha256 = await _upload(request, kind, folder)
    if promise is not None:
        promise = promise.of(canonical([kind, options[kind], sha256]).encode())
    actor = caller_of(request).actor

    def add(connection: Any) -> dict[str, Any]:
        row = add_job(connection, kind, options[kind], actor, worker.clock(), job_id)
        return job_as_json(row, folder)

    def work() -> Told:
        with kept_by_a_job(folder):
            told = do_once(worker, promise, 202, add)
        if told.again:
            remove_upload(folder)
        return told

    told = await run_in_threadpool(work)
    return told.response({"location": f"/v1/jobs/{told.content['id']}"})


async def _upload(request: Request, kind: str, folder: Path) -> str:
    """Put the body into the job's folder, piece by piece; sha256 of what it is and says."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _OF_FILE[kind]:
        allowed = ", ".join(_OF_FILE[kind])
        raise Trouble("not-json-type", f"A job of this kind takes a file: {allowed}.")
    path = folder / f"input.{_ENDINGS[media]}"
    await run_in_threadpool(folder.mkdir, parents=True)
    size, digest = 0, hashlib.sha256(path.suffix.encode())
    try:
        with path.open("wb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                digest.update(chunk)
                await run_in_threadpool(file.write, chunk)
            file.flush()
            await run_in_threadpool(os.fsync, file.fileno())
        if size == 0:
            raise Trouble("input-refused", "The file is empty. Send it as the request's body.")
    except BaseException:
        remove_upload(folder)
        raise
    return digest.hexdigest()


@router.get(
    "",
    summary="Jobs, the newest first",
    response_model=None,
    responses={200: {"model": JobPage}, **refusals("input-refused")},
    dependencies=_MAY,
)
async def page(
    request: Request,
    cursor: Annotated[
        str | None, Query(pattern=_CURSOR, description="`next_cursor` of the page before.")
    ] = None,
) -> Response:
    """A page of jobs; `next_cursor` asks for older ones."""
    worker = worker_of(request)

    def work() -> dict[str, Any]:
        with worker.database.reading() as connection:
            before = None if cursor is None else int(cursor)
            rows = JobStore(connection).newest(before, _PAGE + 1)
        shown = rows[:_PAGE]
        more = str(shown[-1].seq) if len(rows) > _PAGE else None
        told = [job_as_json(row, _folder(worker, row.id)) for row in shown]
        return {"jobs": told, "next_cursor": more}

    return json_response(await run_in_threadpool(work))


@router.get(
    "/{job_id}",
    summary="A job and how far it is",
    response_model=None,
    responses={200: {"model": JobTold}, **_ONE},
    dependencies=_MAY,
)
async def show(request: Request, job_id: JobId) -> Response:
    """`done` and `refused` count rows; `total` is null where it is not known before the end."""
    worker = worker_of(request)

    def work() -> dict[str, Any]:
        with worker.database.reading() as connection:
            return job_as_json(find_job(connection, job_id), _folder(worker, job_id))

    return json_response(await run_in_threadpool(work))


@router.post(
    "/{job_id}/cancel",
    summary="Stop a job",
    response_model=None,
    responses={200: {"model": JobTold}, **_ONE, **refusals("conflict")},
    dependencies=_MAY,
)
async def cancel(request: Request, job_id: JobId) -> Response:
    """At once where it waits, after the batch at hand where it runs. What was kept stays."""
    actor, now = caller_of(request).actor, worker_of(request).clock()
    return await _change(request, job_id, lambda c: cancel_job(c, job_id, actor, now))


@router.post(
    "/{job_id}/retry",
    summary="Let a job go on",
    response_model=None,
    responses={200: {"model": JobTold}, **_ONE, **refusals("conflict")},
    dependencies=_MAY,
)
async def retry(request: Request, job_id: JobId) -> Response:
    """One that failed or was stopped goes on where it stood; a training begins anew."""
    actor, now = caller_of(request).actor, worker_of(request).clock()
    return await _change(request, job_id, lambda c: retry_job(c, job_id, actor, now))


@router.get(
    "/{job_id}/log",
    summary="What a job says",
    response_model=None,
    responses={200: {"model": JobLog}, **_ONE},
    dependencies=_MAY,
)
async def log(
    request: Request,
    job_id: JobId,
    cursor: Annotated[
        str | None, Query(pattern=_CURSOR, description="`next_cursor` of the page before.")
    ] = None,
) -> Response:
    """Lines of the log, the oldest first; `next_cursor` asks for those that came since."""
    worker = worker_of(request)

    def work() -> dict[str, Any]:
        with worker.database.reading() as connection:
            find_job(connection, job_id)
            rows = JobStore(connection).lines(job_id, int(cursor or 0), _PAGE)
        told = [{"at": instant_text(row.at), "says": row.says} for row in rows]
        return {"lines": told, "next_cursor": str(rows[-1].seq) if rows else cursor}

    return json_response(await run_in_threadpool(work))


@router.get(
    "/{job_id}/result",
    summary="Fetch a job's result",
    response_model=None,
    responses={
        200: {
            "description": "Lines of JSON",
            "content": dict.fromkeys(("application/x-ndjson", "application/json"), _TEXT),
        },
        **_ONE,
    },
    dependencies=_MAY,
)
async def result(request: Request, job_id: JobId) -> Response:
    """Of `score` the answers in order, of `import` the rows that were refused, of `train` and
    `replay` what the command told."""
    worker = worker_of(request)

    def work() -> tuple[str, Path]:
        with worker.database.reading() as connection:
            row = find_job(connection, job_id)
            return row.kind, _folder(worker, row.id) / RESULT

    kind, path = await run_in_threadpool(work)
    if not path.is_file():
        detail = "This job has no result, or its files were removed after `job_days`."
        raise Trouble("not-found", detail)
    media, ending = _TOLD_AS.get(kind, ("application/x-ndjson", "ndjson"))
    return FileResponse(path, media_type=media, filename=f"{job_id}.{ending}")


async def _change(request: Request, job_id: str, do: Callable[[Any], Any]) -> Response:
    worker, promise = worker_of(request), promise_of(request)

    def change(connection: Any) -> dict[str, Any]:
        return job_as_json(do(connection), _folder(worker, job_id))

    told = await run_in_threadpool(do_once, worker, promise, 200, change)
    return told.response()


def _folder(worker: Worker, job_id: JobId) -> Path:
    return Workspace(worker.settings.workspace).home / "jobs" / job_id
