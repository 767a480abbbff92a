"""The real thing: `leadpact serve` in a process of its own, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.cli import run

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(
    folder: Path,
    *options: str,
    log: Path | None = None,
    up: str = "/readyz",
    **settings: str,
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Serve a workspace's champion; gives the process and its address, and ends it if it lives.

    Args:
        options: of `leadpact serve`.
        log: where its standard error goes; nowhere without it.
        up: address that answers once it can be asked.
        settings: by their names.
    """
    port = free_port()
    call = [sys.executable, str(ROOT / "leadpact.py"), "serve", "-w", str(folder)]
    told = {"requests_per_minute": "1000000"} | settings
    with open(log or os.devnull, "wb") as stderr:
        process = subprocess.Popen(
            [*call, "--port", str(port), *options],
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=os.environ
            | {"OMP_NUM_THREADS": "1"}
            | {f"LEADPACT_{name.upper()}": value for name, value in told.items()},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address + up)
        yield process, address
    finally:
        lives = process.poll() is None
        if lives:
            process.send_signal(signal.SIGINT)
        try:
            code = process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    # A test may have killed it a moment ago.
    assert not lives or code in (0, -signal.SIGKILL), f"interrupted, it ended with {code}"


def key_header(folder: Path, role: str = "crm", store: str | None = None) -> dict[str, str]:
    """The header of a new key of a role, for the service of this workspace, or of a store."""
    named = () if store is None else ("--database-url", store)
    made = run("access", "key", "--name", "a test", "--role", role, "-w", folder, *named)
    assert made.code == 0, made.err
    return {"authorization": f"Bearer {made.out.strip()}"}


@contextmanager
def served(folder: Path, *options: str) -> Iterator[str]:
    """Serve a workspace's champion; gives the address, and stops the service at the end."""
    with started(folder, *options) as (_, address):
        yield address


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise AssertionError(f"the service ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the service was not ready within 30 seconds")


def call(
    address: str, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own: status, headers by lower-case name, and body.

    Args:
        headers: by name, with `_` for `-`.
    """
    data = None if body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    host = address.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, told, answer.read()


def upload(address: str, file: Path, **key: str) -> str:
    """Queue an import of an NDJSON file; the job's id."""
    headers = key | {"content-type": "application/x-ndjson"}
    host = address.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request("POST", "/v1/jobs?kind=import", file.read_bytes(), headers)
        answer = connection.getresponse()
        content = answer.read()
    assert answer.status == 202, content
    return str(json.loads(content)["id"])
