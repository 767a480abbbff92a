"""Every state of every step of the first run, one after the other, on an installation of its own.

What runs meanwhile is told by locks and files, so a state is arranged by them and stands still.
"""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.sync_api import Page

from models.workspace import Workspace
from serving.beginning.folder import Beginning
from serving.jobs.asking import SYSTEM, add_job
from serving.storage.database import Database
from serving.storage.jobs import DONE, JobStore
from serving.storage.leases import SECONDS, Lease
from tests.support.access import PASSWORD, add_person
from tests.support.cli import run
from tests.support.server import started

EMAIL = "ada@halden.example"
STILL = """(() => { const wait = window.setTimeout;
  window.setTimeout = (act, ms, ...told) => ms === 1500 ? 0 : wait(act, ms, ...told); })()"""
"""A page that would look again after a while stands still."""
_ROWS = 400


@dataclass(frozen=True)
class State:
    """One state of a step.

    Attributes:
        name: of the state, also of its pictures.
        path: the page's address.
        shows: words that the page shows in no other state.
        act: what is done on the page for its state to be seen; None where it is only opened.
    """

    name: str
    path: str
    shows: str
    act: Callable[[Page], None] | None = None


def open_state(page: Page, address: str, state: State) -> None:
    """Open its page and do what brings it about.

    Raises:
        AssertionError: when the page does not show it.
    """
    page.emulate_media(media="screen", color_scheme="light", forced_colors="none")
    page.goto(address + state.path, wait_until="networkidle")
    if state.act is not None:
        state.act(page)
    assert state.shows in page.inner_text("main"), f"{state.name}: {page.inner_text('main')}"


@contextmanager
def begun(folder: Path) -> Iterator[tuple[str, Beginning]]:
    """An installation that has nothing but an admin: its address and its first run."""
    with started(folder, up="/healthz") as (_, address):
        workspace = Workspace(folder)
        database = Database(f"sqlite:///{workspace.store}")
        add_person(database, EMAIL, "admin", now=_now())
        # The service's own clock: by one that stands still, leases would end while pictures are
        # taken.
        yield address, Beginning(workspace, database, _now)
        database.close()


def _now() -> np.datetime64:
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")


def sign_in(page: Page, address: str) -> None:
    """As that admin."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/begin/leads")


def states(beginning: Beginning) -> Iterator[State]:
    """The states in their order; each stands until the next is asked for."""
    yield State("leads", "/begin/leads", "Nothing leaves this machine")
    yield State("leads-refused", "/begin/leads", "save the sheet as CSV", _send_a_workbook)
    beginning.claim()
    with _running(beginning, "sample"):
        yield State("leads-simulating", "/begin/leads", "Simulating 3,000 leads")
    beginning.errand("sample").forget()
    yield from _columns(beginning)
    yield State("rulebook", "/begin/rulebook", "signed by nobody")
    yield State("rulebook-refused", "/begin/rulebook", "Got 'many'", _type_words)
    with _running(beginning, "train", "4/7 Learning from all leads"):
        yield State("learn", "/begin/learn", "stage 4 of 7")
    _tell(beginning, "train", "leadpact: None of the 120 rows can be used. Export them again.")
    yield State("learn-failed", "/begin/learn", "Nothing was learned")
    yield from _lead(beginning)


_RAGGED = "Line 88 has 4 cells, the first line names 5 columns. Put quotes around cells."


def _columns(beginning: Beginning) -> Iterator[State]:
    rng = np.random.default_rng(7)
    employees = rng.integers(5, 900, _ROWS)
    ends = rng.random(_ROWS) < np.where(employees > 300, 0.6, 0.1)
    rows = [
        f"A-{row},2026-01-{1 + row % 28:02d},{size},{'signed' if end else 'not now'},{int(end)}"
        for row, (size, end) in enumerate(zip(employees, ends, strict=True))
    ]
    head = "Lead No,Created,Employees,Call result,Converted"
    beginning.file("leads").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    beginning.choose({"rows-leads": str(_ROWS), "aside-leads": "2", "first-leads": _RAGGED})
    yield State("columns", "/begin/columns", "2 of 402 lines of leads set aside")
    yield State("columns-refused", "/begin/columns", "Choose the column", _choose_nothing)
    with _running(beginning, "draft"):
        yield State("columns-reading", "/begin/columns", "Reading 400 leads")
    call = ["--converted", "Converted", "--lead", "Lead No", "--as-of", "Created"]
    drafted = run("init", beginning.file("leads"), *call, "-w", beginning.workspace.folder)
    assert drafted.code == 0, drafted.err
    _tell(beginning, "draft", "", drafted.out)
    yield State("columns-noticed", "/begin/columns", "Use Call result")


def _lead(beginning: Beginning) -> Iterator[State]:
    beginning.leave_drafts()
    folder = beginning.workspace.folder
    beginning.choose({"empty": "yes"})
    for call in (["init"], ["train", "--without-leads"]):
        made = run(*call, "-w", folder)
        assert made.code == 0, made.err
    beginning.errand("train").forget()
    yield State("lead-none-yet", "/begin/lead", "no lead has come yet")
    database = beginning.database
    with _held(Lease("job import"), beginning):
        with database.transaction() as connection:
            job = add_job(connection, "import", {"of": "leads"}, SYSTEM, beginning.clock())
            JobStore(connection).write(job.id, {"done": 118, "refused": 2})
        (beginning.folder / "jobs.json").write_text(json.dumps({"leads": job.id}))
        yield State("lead-scoring", "/begin/lead", "118 so far, 2 set aside")
        with database.transaction() as connection:
            JobStore(connection).write(job.id, {"state": DONE})
    yield State("lead-set-aside", "/begin/lead", "Which, and why")


@contextmanager
def _held(lease: Lease, beginning: Beginning) -> Iterator[None]:
    """Keep a kind of job from the service, as a process at work does: by saying so again in time,
    however long the pictures take."""
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(SECONDS / 4):
            lease.take(beginning.database, beginning.clock())

    assert lease.take(beginning.database, beginning.clock())
    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        lease.release(beginning.database)


@contextmanager
def _running(
    beginning: Beginning, name: Literal["sample", "draft", "train"], says: str = ""
) -> Iterator[None]:
    """As if the errand's process lived."""
    _tell(beginning, name, says)
    with (beginning.folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tell(beginning: Beginning, name: str, told: str, said: str = "") -> None:
    (beginning.folder / f"{name}.log").write_text(told)
    (beginning.folder / f"{name}.out").write_text(said)


def _send_a_workbook(page: Page) -> None:
    book = {"name": "book.xlsx", "mimeType": "text/csv", "buffer": b"PK\x03\x04 a workbook"}
    page.get_by_label("Leads (CSV)").set_input_files(book)  # type: ignore[arg-type]
    page.get_by_role("button", name="Bring these leads").click()
    page.locator("#e-leads").wait_for()


def _choose_nothing(page: Page) -> None:
    page.get_by_label("Outcome").select_option("")
    page.get_by_role("button", name="Draft").click()
    page.locator("#e-converted").wait_for()


def _type_words(page: Page) -> None:
    page.locator(".rule input").first.fill("many")
    page.get_by_role("button", name="Keep these and learn").click()
    page.locator(".rule .error").wait_for()
