"""The worklist over many leads: how long the service takes for a page, and for its filters.

    make bench-worklist [ARGS="--leads 100000"]

Server time alone: the page is asked for in this process, without network and browser.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from models.scorer import Scorer
from models.workspace import Workspace
from serving.storage.database import Database
from serving.storage.migrate import migrate
from tests.benchmarks.sweep import NOW, fill
from tests.support.access import PASSWORD, add_person, type_password
from tests.support.service import make_app, make_worker

PAGES = {
    "first page": "/leads",
    "ready": "/leads?view=ready",
    "disagreement": "/leads?view=disagree&sort=disagreement",
    "grade and stage": "/leads?grade=B&stage=new",
    "changed last": "/leads?sort=changed",
    "call or decision late": "/leads?view=late",
    "nobody's": "/leads?view=nobody",
    "search, many": "/leads?q=logistics",
    "search, none": "/leads?q=nothing-like-this",
}
EMAIL = "rep@house.example"


def main() -> None:
    """Fill, ask, print."""
    told = argparse.ArgumentParser()
    told.add_argument("-w", "--workspace", type=Path, default=Path(".workspace/sample"))
    told.add_argument("--leads", type=int, default=100_000)
    told.add_argument("--times", type=int, default=20)
    asked = told.parse_args()
    workspace = Workspace(asked.workspace)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db"
        database = Database(url)
        migrate(database)
        fill(database, Scorer.load(workspace.champion()), workspace, asked.leads)
        add_person(database, EMAIL, "sales", now=NOW)
        database.close()
        worker = make_worker(workspace, database_url=url)
        with TestClient(make_app(worker), follow_redirects=False) as browser:
            assert type_password(browser, EMAIL, PASSWORD).status_code == 303
            for name, path in PAGES.items():
                print(f"{name}: {waits(browser, path, asked.times)}")  # noqa: T201


def waits(browser: TestClient, path: str, times: int) -> str:
    """How long one page takes, in milliseconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        answer = browser.get(path)
        found.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, answer.text[:300]
    p50, p95 = np.quantile(found, [0.5, 0.95])
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"


if __name__ == "__main__":
    main()
