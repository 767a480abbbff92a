"""Requests at twice what the service can answer, for a minute, whether it keeps up or not.

    make bench-load [ARGS="--seconds 60"]

An open loop: requests set out at their times, and their wait counts from then. First the rate is
found at which 16 callers keep the service busy; then twice that is asked; then it is asked one
thing at a time again, and how soon it answers as before is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from tests.benchmarks.bulk import Watch
from tests.benchmarks.service_client import as_bytes, ask
from tests.support.server import key_header, started

CALLERS = 16
MOST_CONNECTIONS = 1500
LONGEST = 30.0
"""Seconds after which a request counts as never answered (status -1)."""


@dataclass
class Client:
    """Connections to one address that are used again, and what came of requests."""

    host: str
    port: int
    told: bytes
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)
    waits: dict[int, list[float]] = field(default_factory=dict)
    open: int = 0

    async def one(self, since: float) -> None:
        """One request whose wait counts from `since`."""
        if not self.free and self.open >= MOST_CONNECTIONS:
            self.waits.setdefault(0, []).append(time.perf_counter() - since)
            return
        self.open += 1
        try:
            async with asyncio.timeout(LONGEST):
                status = await self._ask()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            status = -1
        finally:
            self.open -= 1
        self.waits.setdefault(status, []).append(time.perf_counter() - since)

    async def _ask(self) -> int:
        """On a connection that was used before, or anew where the service closed it meanwhile, as
        every HTTP client does."""
        while True:
            again = bool(self.free)
            pair = self.free.pop() if again else await asyncio.open_connection(self.host, self.port)
            try:
                status = await ask(*pair, self.told)
            except (OSError, asyncio.IncompleteReadError):
                if not again:
                    raise
                continue
            self.free.append(pair)
            return status


def main() -> None:
    """Serve, saturate, overload, recover, print."""
    told = argparse.ArgumentParser()
    told.add_argument("-w", "--workspace", type=Path, default=Path(".workspace/sample"))
    told.add_argument("--seconds", type=float, default=60)
    asked = told.parse_args()
    key = key_header(asked.workspace)
    body = json.loads((asked.workspace / "example.json").read_text(encoding="utf-8"))
    with started(asked.workspace) as (process, address):
        url = urlsplit(address)
        job = {"host": f"{url.hostname}:{url.port}", "headers": key}
        one = as_bytes(job, {"method": "POST", "path": "/v1/score", "body": body})
        client = Client(url.hostname or "", url.port or 80, one)
        watch = Watch(process.pid)
        lines = asyncio.run(_run(client, asked.seconds))
        watch.stop()
    lines.append(f"memory {watch.first:,} MB before, {watch.most:,} MB at most")
    print("\n".join(lines))  # noqa: T201


async def _run(client: Client, seconds: float) -> list[str]:
    rate = await _saturate(client, 5.0)
    alone = await _alone(client, 50)
    client.waits.clear()
    await _overload(client, 2 * rate, seconds)
    statuses = Counter({code: len(waits) for code, waits in client.waits.items()})
    lines = [
        f"saturated: {rate:,.0f} a second; alone {1000 * float(np.median(alone)):.1f} ms",
        f"twice that for {seconds:.0f} s: {dict(statuses)}; by status: {_waits(client)}",
    ]
    began = time.perf_counter()
    while True:
        again = await _alone(client, 10)
        passed = time.perf_counter() - began
        if np.median(again) < 2 * np.median(alone) or passed > 60:
            lines.append(f"answers as before {passed:.1f} s after the end")
            return lines


def _waits(client: Client) -> str:
    parts = (
        f"{code}: median {1000 * np.median(w):.0f} ms, p99 {1000 * np.quantile(w, 0.99):.0f} ms"
        for code, w in sorted(client.waits.items())
    )
    return "; ".join(parts)


async def _saturate(client: Client, seconds: float) -> float:
    end, count = time.perf_counter() + seconds, 0

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await client.one(time.perf_counter())
            count += 1

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return count / seconds


async def _alone(client: Client, n: int) -> list[float]:
    waits = []
    for _ in range(n):
        began = time.perf_counter()
        await client.one(began)
        waits.append(time.perf_counter() - began)
    return waits


async def _overload(client: Client, rate: float, seconds: float) -> None:
    began, tasks, sent = time.perf_counter(), set(), 0
    while (passed := time.perf_counter() - began) < seconds:
        while sent < rate * passed:
            task = asyncio.create_task(client.one(began + sent / rate))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    main()
