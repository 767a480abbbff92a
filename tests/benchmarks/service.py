"""How fast the service answers, over HTTP, with 100,000 leads in its store. `make bench-service`.

    python tests/benchmarks/service.py [--leads 100000] [--seconds 6] [--only sqlite|postgresql]

`leadpact serve` runs in a process of its own, the client in another (`service_client.py`), both
on this machine: at 16 connections they share its cores. A `PUT` writes a lead that is there, keeps
the version, scores it with all its activities, and keeps the score and what it does to colleagues
at the account; a `GET` reads a lead with its whole answer; list pages are of 50 leads.

*CPU* is the service's own time a request, user and system: a busy machine stretches the waits, and
this hardly. Markdown on standard output, figures and ratios in .bench/service.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script from anywhere

from models.scorer import Scorer
from models.workspace import Workspace
from serving.storage.database import Database
from serving.storage.migrate import migrate
from tests.benchmarks.service_fill import WRITTEN, fill, lead_bodies
from tests.support.databases import NAMES, empty_database, postgresql_server
from tests.support.server import key_header, started
from training.pipeline import train
from training.plan import Plan
from training.sample.company import SampleCompany, simulate
from training.sample.write import write_workspace

CLIENT = Path(__file__).with_name("service_client.py")
OUT = Path(__file__).parents[2] / ".bench" / "service.json"
SEED, TAUGHT = 7, 3000
CONNECTIONS = (1, 16)
ASKED = 200
"""Leads that are written and read in turn."""
PAGES = {
    "all": "",
    "far down": "cursor=c15f90",
    "a common grade": "grade=C",
    "a rare grade": "grade=A",
    "two grades": "grade=A&grade=B",
    "a score and above": "min_score=70",
    "a range of scores": "min_score=40&max_score=45",
    "an owner": "owner=rep%207",
    "an account": "account_id={account}",
    "a stage": "stage=won",
    "agreed and learned differ": "disagreement=learned_high",
    "changed within the hour": "changed_since={hour_ago}",
    "a grade of an owner": "grade=A&owner=rep%207",
    "nothing there": "owner=nobody",
}
"""Name -> query of `GET /v1/leads`."""


@dataclass(frozen=True)
class Measured:
    """Waits of one kind of request, in milliseconds.

    Attributes:
        cpu: of the service, a request.
        per_second: requests answered.
    """

    n: int
    p50: float
    p99: float
    cpu: float
    per_second: float


@dataclass(frozen=True)
class Service:
    """A running service that is asked.

    Attributes:
        pids: its processes.
    """

    address: str
    headers: dict[str, str]
    pids: tuple[int, ...]

    def ask(
        self, requests: list[dict[str, Any]], connections: int, seconds: float, warm: bool = True
    ) -> Measured:
        """Ask for so long, by a client of its own.

        Raises:
            AssertionError: when an answer is none that should be.
        """
        if warm:
            self.ask(requests, connections, seconds / 4, warm=False)
        host, _, port = self.address.removeprefix("http://").partition(":")
        job = {"host": host, "port": int(port), "headers": self.headers, "requests": requests}
        job |= {"connections": connections, "seconds": seconds}
        before = self._cpu()
        done = subprocess.run(
            [sys.executable, str(CLIENT)],
            input=json.dumps(job).encode(),
            capture_output=True,
            check=True,
        )
        spent, told = self._cpu() - before, json.loads(done.stdout)
        assert set(told["statuses"]) <= {"200", "201"}, told["statuses"]
        waits = 1000 * np.array(told["seconds"])
        p50, p99 = np.percentile(waits, [50, 99])
        return Measured(
            len(waits),
            round(float(p50), 2),
            round(float(p99), 2),
            round(1000 * spent / len(waits), 2),
            round(len(waits) / told["wall"], 1),
        )

    def _cpu(self) -> float:
        """Seconds of processor time so far: proc(5), fields 14 and 15 of `stat`."""
        told = [Path(f"/proc/{p}/stat").read_text().rpartition(")")[2].split() for p in self.pids]
        ticks = sum(int(x[11]) + int(x[12]) for x in told)
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(workspace: Workspace, database: Database) -> Iterator[Service]:
    """The service on a store, one worker, its log as quiet as can be."""
    url = database.url.replace("+psycopg", "")
    key = key_header(workspace.folder, store=url)
    with started(workspace.folder, database_url=url, log_level="info") as (process, address):
        yield Service(address, key, (process.pid,))


def writes_and_reads(
    service: Service, company: SampleCompany, seconds: float
) -> dict[str, Measured]:
    """`PUT` and `GET` at one connection and at several."""
    bodies = list(lead_bodies(company))[-ASKED:]
    put = [{"method": "PUT", "path": f"/v1/leads/{i}", "body": body} for i, body in bodies]
    get = [{"method": "GET", "path": f"/v1/leads/{i}"} for i, _ in bodies]
    return {
        f"{name}, {connections}": service.ask(requests, connections, seconds)
        for name, requests in (("PUT", put), ("GET", get))
        for connections in CONNECTIONS
    }


def pages(service: Service, company: SampleCompany, seconds: float) -> dict[str, Measured]:
    """List pages, one connection."""
    hour_ago = str(np.datetime64("now", "s") - np.timedelta64(1, "h"))
    leads = (body["lead"] for _, body in lead_bodies(company))
    account = next(lead["account_id"] for lead in leads if "account_id" in lead)
    found = {}
    for name, query in PAGES.items():
        query = query.format(hour_ago=hour_ago, account=account)
        asked = [{"method": "GET", "path": f"/v1/leads?limit=50&{query}".rstrip("&")}]
        found[name] = service.ask(asked, 1, seconds / 4)
    return found


def measure(
    name: str, workspace: Workspace, company: SampleCompany, asked: argparse.Namespace
) -> dict[str, Any]:
    """Everything on one database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgresql_server()) if name == "postgresql" else None
        database = stack.enter_context(empty_database(name, folder, server))
        migrate(database)
        began = time.perf_counter()
        fill(database, Scorer.load(workspace.champion()), company, asked.leads)
        filled = time.perf_counter() - began
        with running(workspace, database) as service:
            done = writes_and_reads(service, company, asked.seconds)
            listed = pages(service, company, asked.seconds)
    plain = listed["all"].p50
    return {
        "filled_seconds": round(filled, 1),
        "requests": {k: asdict(m) for k, m in done.items()},
        "pages": {k: asdict(m) for k, m in listed.items()},
        "ratios": {
            "PUT to GET, cpu": round(done["PUT, 1"].cpu / done["GET, 1"].cpu, 2),
            "16 connections to 1, PUTs a second": round(
                done["PUT, 16"].per_second / done["PUT, 1"].per_second, 2
            ),
            "slowest page to plain page": round(max(m.p50 for m in listed.values()) / plain, 2),
        },
    }


def table(title: str, first: str, rows: dict[str, dict[str, Any]]) -> str:
    """One Markdown table."""
    lines = [f"### {title}", "", f"| {first} | p50, ms | p99, ms | CPU, ms | a second |"]
    lines.append("|---|--:|--:|--:|--:|")
    for name, m in rows.items():
        lines.append(f"| {name} | {m['p50']} | {m['p99']} | {m['cpu']} | {m['per_second']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each kind of request")
    parser.add_argument("--only", choices=NAMES)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    told: dict[str, Any] = {"leads": asked.leads, "written": WRITTEN, "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as folder:
        workspace, company = Workspace(Path(folder) / "halden"), simulate(TAUGHT, seed=SEED)
        write_workspace(workspace.folder, TAUGHT, SEED)
        train(Plan(workspace, curve=False))
        for name in [asked.only] if asked.only else NAMES:
            told[name] = measure(name, workspace, company, asked)
            requests = told[name]["requests"]
            print(table(f"{name}, one worker", "request, connections", requests))  # noqa: T201
            print(table(f"{name}, {asked.leads:,} leads", "page of leads", told[name]["pages"]))  # noqa: T201
    told["load_average"] = [round(load, 2), round(os.getloadavg()[0], 2)]
    print(f"Load average {told['load_average'][0]} before, {told['load_average'][1]} after.")  # noqa: T201
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
