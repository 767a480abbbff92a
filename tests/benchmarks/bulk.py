"""A stream of leads through `POST /v1/score/bulk`: its rate, and the service's memory.

make bench-bulk [ARGS="--leads 1000000 --detail brief"]
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from models.workspace import Workspace
from tests.support.filled import sample_leads
from tests.support.server import key_header, started

PIECE = 200
"""Leads of one piece that is sent."""


def main() -> None:
    """Serve, stream, print."""
    told = argparse.ArgumentParser()
    told.add_argument("-w", "--workspace", type=Path, default=Path(".workspace/sample"))
    told.add_argument("--leads", type=int, default=1_000_000)
    told.add_argument("--detail", choices=("full", "brief"), default="brief")
    asked = told.parse_args()
    key = key_header(asked.workspace)
    with started(asked.workspace) as (process, address):
        watch = Watch(process.pid)
        began = time.perf_counter()
        answered, size = stream(address, key, asked.workspace, asked.leads, asked.detail)
        seconds = time.perf_counter() - began
        watch.stop()
    assert answered == asked.leads, f"{answered:,} answers for {asked.leads:,} leads"
    print(  # noqa: T201
        f"{asked.detail}: {answered:,} leads in {seconds:,.0f} s, {answered / seconds:,.0f} a "
        f"second, {size / 1e6:,.0f} MB answered; memory {watch.first:,} MB before, "
        f"{watch.most:,} MB at most"
    )


class Watch:
    """The resident memory of a process, looked at five times a second; megabytes."""

    def __init__(self, pid: int) -> None:
        self._status, self._ended = Path(f"/proc/{pid}/status"), threading.Event()
        self.first = self.most = self._now()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _now(self) -> int:
        rows = dict(line.split(":", 1) for line in self._status.read_text().splitlines())
        return int(rows["VmRSS"].split()[0]) // 1024

    def _run(self) -> None:
        while not self._ended.wait(0.2):
            self.most = max(self.most, self._now())

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()


def stream(address: str, key: dict[str, str], folder: Path, n: int, detail: str) -> tuple[int, int]:
    """Send n leads while reading what comes back; lines and bytes of the answer."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=120)
    connection.putrequest("POST", f"/v1/score/bulk?detail={detail}")
    headers = key | {"content-type": "application/x-ndjson", "transfer-encoding": "chunked"}
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    sender = threading.Thread(target=send, args=(connection, pieces(folder, n)))
    sender.start()
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    lines = size = 0
    while piece := answer.read(1 << 20):
        lines, size = lines + piece.count(b"\n"), size + len(piece)
    sender.join()
    return lines, size


def pieces(folder: Path, n: int) -> Iterator[bytes]:
    """Leads of the simulated company as lines, over and over, every third with activities."""
    did = json.loads((folder / "example.json").read_text(encoding="utf-8"))["activities"]
    leads = [
        json.dumps({"lead": lead, "activities": did[: i % 9 if i % 3 == 0 else 0]}).encode() + b"\n"
        for i, lead in enumerate(sample_leads(Workspace(folder), 3000))
    ]
    lines = itertools.islice(itertools.cycle(leads), n)
    while some := list(itertools.islice(lines, PIECE)):
        yield b"".join(some)


def send(connection: http.client.HTTPConnection, parts: Iterator[bytes]) -> None:
    """Send pieces as chunks (RFC 9112, section 7.1)."""
    for part in parts:
        connection.send(b"%x\r\n%s\r\n" % (len(part), part))
    connection.send(b"0\r\n\r\n")


if __name__ == "__main__":
    main()
