"""A service with jobs, whoever works on them, and files to upload."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.jobs.running import work_on
from serving.jobs.work import House
from serving.state import Worker
from serving.storage.database import Database
from serving.storage.leases import Lease
from tests.support.databases import url_of
from tests.support.service import NOW, make_client, make_worker

NDJSON, CSV, PARQUET = "application/x-ndjson", "text/csv", "application/vnd.apache.parquet"


class Office:
    """A service of its own, and whoever works on its jobs."""

    def __init__(self, worker: Worker, client: TestClient) -> None:
        self.worker, self.client, self.now = worker, client, NOW
        workspace = Workspace(worker.settings.workspace)
        self.house = House(
            worker.database, workspace, lambda: worker.scorer, lambda: self.now, 5000
        )

    def queue(self, kind: str, body: bytes = b"", media: str = "", **more: Any) -> dict[str, Any]:
        headers = {"content-type": media} if media else {}
        answer = self.client.post(
            "/v1/jobs", params={"kind": kind, **more}, content=body, headers=headers
        )
        assert answer.status_code == 202, answer.text
        return answer.json()

    def work(self, kind: str, batches: int | None = None) -> None:
        """Work on the next job; with `batches`, be killed after so many."""
        lease = Lease(f"job {kind}")
        assert lease.take(self.worker.database, self.now)
        steps = work_on(self.house, lease, kind)
        if batches is None:
            for _ in steps:
                pass
            lease.release(self.worker.database)
            return
        for _ in range(batches):
            next(steps)
        # Killed: nothing is closed, nothing released; only time frees the lease.
        self.now = self.now + np.timedelta64(60, "s")

    def job(self, told: dict[str, Any]) -> dict[str, Any]:
        return self.client.get(f"/v1/jobs/{told['id']}").json()

    def result(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        text = self.client.get(f"/v1/jobs/{told['id']}/result").text
        return [json.loads(line) for line in text.splitlines()]

    def count(self, table: Any) -> int:
        with self.worker.database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@contextmanager
def opened(trained: Workspace, folder: Path, database: Database) -> Iterator[Office]:
    """An office in a copy of a workspace, with a store of its own."""
    shutil.copytree(trained.folder, folder / "halden", ignore=shutil.ignore_patterns("mlart*"))
    worker = make_worker(
        Workspace(folder / "halden"), database_url=url_of(database), webhook_key="k" * 32
    )
    with make_client(worker, "data_science") as client:
        yield Office(worker, client)


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, sorted({k for row in rows for k in row}))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
