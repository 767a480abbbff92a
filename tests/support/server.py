"""The real thing: `leadpact serve` in a process of its own, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Serve a workspace's champion; gives the process and its address, and ends it if it lives."""
    port = free_port()
    call = [sys.executable, str(ROOT / "leadpact.py"), "serve", "-w", str(folder)]
    process = subprocess.Popen(
        [*call, "--port", str(port), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1", "LEADPACT_REQUESTS_PER_MINUTE": "1000000"},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address)
        yield process, address
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def key_header(folder: Path, role: str = "crm") -> dict[str, str]:
    """The header of a new key of a role, for the service of this workspace."""
    made = run("access", "key", "--name", "a test", "--role", role, "-w", folder)
    assert made.code == 0, made.err
    return {"authorization": f"Bearer {made.out.strip()}"}


@contextmanager
def served(folder: Path, *options: str) -> Iterator[str]:
    """Serve a workspace's champion; gives the address, and stops the service at the end."""
    with started(folder, *options) as (_, address):
        yield address


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise AssertionError(f"the service ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the service was not ready within 30 seconds")
