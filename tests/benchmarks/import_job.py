"""A long import as a job, killed half way and resumed: rate, memory, rows taken once.

    make bench-import [ARGS="--rows 1000000"]

Leads of the simulated company under other ids are uploaded as NDJSON to a service with a store of
its own; the service is killed (SIGKILL) when a third is done, started again, and goes on by itself.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from models.workspace import Workspace
from serving.storage.database import Database
from serving.storage.tables import leads, scores
from tests.benchmarks.bulk import Watch
from tests.support.filled import sample_leads
from tests.support.server import call, key_header, started

DISTINCT = 5000
_LOOK = 2.0


def main() -> None:
    """Upload, kill, resume, count, print."""
    told = argparse.ArgumentParser()
    told.add_argument("-w", "--workspace", type=Path, default=Path(".workspace/sample"))
    told.add_argument("--rows", type=int, default=1_000_000)
    asked = told.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "company"
        left_out = shutil.ignore_patterns("store.db*", "mlart*", "*.parquet", "*.csv")
        shutil.copytree(asked.workspace, folder, ignore=left_out)
        file = Path(name) / "rows.ndjson"
        write(Workspace(asked.workspace), file, asked.rows)
        key = key_header(folder, "admin")
        began = time.perf_counter()
        with started(folder) as (process, address):
            watch, job = Watch(process.pid), upload(address, key, file)
            at_kill = until(address, key, job, asked.rows // 3)["done"]
            watch.stop()
            process.kill()
            process.wait()
        first, most = watch.first, watch.most
        with started(folder) as (process, address):
            watch = Watch(process.pid)
            done = until(address, key, job, asked.rows + 1)
            watch.stop()
        took = time.perf_counter() - began
        database = Database(f"sqlite:///{Workspace(folder).store}")
        with database.reading() as connection:
            counts = [
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (leads, scores)
            ]
        database.close()
    print(  # noqa: T201
        f"{asked.rows:,} rows, killed at {at_kill:,}: {done['state']}, {done['done']:,} done, "
        f"{done['refused']:,} refused; {counts[0]:,} leads and {counts[1]:,} scores stored; "
        f"{took:.0f} s, {asked.rows / took:.0f} rows a second; memory {first:,} MB at first, "
        f"{max(most, watch.most):,} MB at most"
    )


def write(workspace: Workspace, file: Path, rows: int) -> None:
    """So many leads, a line each."""
    known = sample_leads(workspace, DISTINCT)
    with file.open("w", encoding="utf-8") as out:
        for line in lines(known, rows):
            out.write(line)


def lines(known: list[dict[str, Any]], rows: int) -> Iterator[str]:
    """The known leads again and again, each under an id of its own."""
    for n in range(rows):
        yield json.dumps(known[n % len(known)] | {"lead_id": f"I-{n:07d}"}) + "\n"


def upload(address: str, key: dict[str, str], file: Path) -> str:
    """Queue the import, the file streamed; the job's id."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=600)
    size = {"content-type": "application/x-ndjson", "content-length": str(file.stat().st_size)}
    with file.open("rb") as body:
        connection.request("POST", "/v1/jobs?kind=import", body, key | size)
        answer = connection.getresponse()
        content = answer.read()
    assert answer.status == 202, content
    return str(json.loads(content)["id"])


def until(address: str, key: dict[str, str], job: str, rows: int) -> dict[str, Any]:
    """The job once so many rows are done, or it has ended."""
    while True:
        told: dict[str, Any] = json.loads(call(address, "GET", f"/v1/jobs/{job}", **key)[2])
        if told["done"] + told["refused"] >= rows or told["state"] not in ("queued", "running"):
            return told
        time.sleep(_LOOK)


if __name__ == "__main__":
    main()
