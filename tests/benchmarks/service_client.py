"""A client in a process of its own, so that it costs the service no time: asks, and tells seconds.

Reads one JSON job from standard input, `{"host", "port", "headers", "connections", "seconds",
"requests": [{"method", "path", "body"}]}`, and writes `{"seconds": [...], "wall": ..., "statuses":
{...}}`. Each connection is kept open and asks one thing after the other, going round the requests.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from itertools import count
from typing import Any


def as_bytes(job: dict[str, Any], asked: dict[str, Any]) -> bytes:
    """One request, HTTP/1.1."""
    body = b"" if asked.get("body") is None else json.dumps(asked["body"]).encode()
    headers = {"host": job["host"], "content-length": str(len(body)), **job["headers"]}
    if body:
        headers["content-type"] = "application/json"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{asked['method']} {asked['path']} HTTP/1.1\r\n{head}\r\n".encode() + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, told: bytes) -> int:
    """Send one request, read its whole answer; the status."""
    writer.write(told)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    lengths = [x.partition(":")[2] for x in head if x.lower().startswith("content-length:")]
    await reader.readexactly(int(lengths[0]))
    return int(head[0].split()[1])


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Ask until the time is over."""
    requests = [as_bytes(job, asked) for asked in job["requests"]]
    turn, seconds, statuses = count(), [], Counter()
    began = time.perf_counter()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(job["host"], job["port"], limit=2**24)
        while time.perf_counter() - began < job["seconds"]:
            told = requests[next(turn) % len(requests)]
            start = time.perf_counter()
            statuses[await ask(reader, writer, told)] += 1
            seconds.append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(job["connections"])))
    return {"seconds": seconds, "wall": time.perf_counter() - began, "statuses": statuses}


if __name__ == "__main__":
    json.dump(asyncio.run(run(json.load(sys.stdin))), sys.stdout)
