"""Told to stop with requests in flight: each is answered, new ones go elsewhere, exit code 0."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from models.workspace import Workspace
from serving.stopping import CUT_OFF
from tests.support.server import call, key_header, started

LEAD = {"lead": {"employees": 640, "industry": "logistics"}}
WRITERS = 8
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def copied(trained: Workspace, tmp_path: Path) -> Workspace:
    """A workspace whose store is this test's own."""
    shutil.copytree(trained.folder, tmp_path / "halden")
    return Workspace(tmp_path / "halden")


@contextmanager
def nobody_may_write(workspace: Workspace) -> Iterator[None]:
    """Hold SQLite's one lock for writers: every write is slow as long as this lasts."""
    with closing(sqlite3.connect(workspace.store, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def stored(workspace: Workspace) -> set[str]:
    """The ids of the leads that are there."""
    with closing(sqlite3.connect(workspace.store)) as connection:
        return {name for (name,) in connection.execute("SELECT id FROM leads")}


def until(what: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def writing(pool: ThreadPoolExecutor, address: str, key: dict[str, str]) -> list[Future[Answer]]:
    """Writers whose requests are on their way."""
    return [
        pool.submit(call, address, "PUT", f"/v1/leads/L{k}", LEAD, **key) for k in range(WRITERS)
    ]


def in_flight(address: str, key: dict[str, str]) -> float:
    """Requests in flight, besides the one that asks."""
    text = call(address, "GET", "/metrics", **key)[2].decode().splitlines()
    name = "leadpact_http_requests_in_flight "
    [value] = [float(x.removeprefix(name)) for x in text if x.startswith(name)]
    return value - 1


def refused(address: str) -> bool:
    try:
        call(address, "GET", "/healthz")
    except OSError:
        return True
    return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_in_flight_are_answered_new_ones_refused_and_the_exit_code_is_0(
    copied: Workspace, workers: str
):
    key, figures = key_header(copied.folder), key_header(copied.folder, "admin")
    with (
        started(copied.folder, "--workers", workers) as (process, address),
        ThreadPoolExecutor(WRITERS) as pool,
    ):
        # The first use of a key is noted, which is a write.
        assert in_flight(address, figures) == 0
        assert call(address, "GET", "/v1/model", **key)[0] == 200
        with nobody_may_write(copied):
            answers = writing(pool, address, key)
            assert until(lambda: in_flight(address, figures) == WRITERS)
            process.send_signal(signal.SIGTERM)
            assert until(lambda: refused(address))
            assert process.poll() is None
            assert not any(answer.done() for answer in answers)
        began = time.monotonic()
        assert [a.result()[0] for a in answers] == [201] * WRITERS
        assert process.wait(20) == 0
        assert time.monotonic() - began < 20
    assert stored(copied) == {f"L{k}" for k in range(WRITERS)}


def test_what_does_not_end_in_time_is_cut_off_and_leaves_nothing(copied: Workspace):
    key, figures = key_header(copied.folder), key_header(copied.folder, "admin")
    with (
        started(copied.folder, stop_seconds="1") as (process, address),
        ThreadPoolExecutor(WRITERS) as pool,
    ):
        # The first use of a key is noted, which is a write.
        assert in_flight(address, figures) == 0
        assert call(address, "GET", "/v1/model", **key)[0] == 200
        with nobody_may_write(copied):
            answers = writing(pool, address, key)
            assert until(lambda: in_flight(address, figures) == WRITERS)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == CUT_OFF
        for answer in answers:
            assert isinstance(answer.exception(), OSError) or answer.result()[0] >= 500
    assert stored(copied) == set()


def test_a_load_balancer_sees_the_end_before_it_comes(copied: Workspace):
    key = key_header(copied.folder)
    with started(copied.folder, drain_seconds="2") as (process, address):
        assert call(address, "GET", "/readyz")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert until(lambda: call(address, "GET", "/readyz")[0] == 503, 1.5)
        status, _, body = call(address, "GET", "/readyz")
        assert (status, b"This process is stopping." in body) == (503, True)
        assert call(address, "PUT", "/v1/leads/late", LEAD, **key)[0] == 201
        assert process.wait(10) == 0
