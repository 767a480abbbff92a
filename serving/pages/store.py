"""How pages ask the store, and how their forms write: one moment's state, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from serving.record import Record, persist
from serving.state import Worker, worker_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")


async def reading(request: Request, ask: Callable[[Connection, Worker], T]) -> T:
    """Ask the store for a page, on one moment's state."""
    worker = worker_of(request)

    def work() -> T:
        with worker.database.reading() as connection:
            return ask(connection, worker)

    return await run_in_threadpool(work)


async def writing(request: Request, use: Callable[[Connection, Worker], T]) -> T:
    """A form's use case, in one transaction."""
    worker = worker_of(request)

    def work() -> T:
        with worker.database.transaction() as connection:
            return use(connection, worker)

    return await run_in_threadpool(work)


async def recording(request: Request, use: Callable[[Record], Any]) -> None:
    """A use case of the record, in one transaction; run anew where it met another writer."""
    worker = worker_of(request)

    def work() -> None:
        with worker.database.transaction() as connection:
            use(Record(connection, worker.scorer, worker.clock()))

    await run_in_threadpool(persist, work)
