"""Jobs that are processes of their own: training and replay, by the command line.

A process boundary, not an import: the service never carries what training needs.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO

from serving.jobs.work import RESULT, House, Job, JobFailed, Kept
from serving.record import Record

_LOOK_SECONDS = 1.0
"""How often what the process says is put into the log, and the lease held on to."""
_TOLD = 400
"""Characters of a line of the log."""
_LAST = 5


class ProcessWork:
    """`leadpact ARGUMENTS` as a job; what it says on the way is the job's log.

    It cannot go on in the middle: who takes it up begins anew. A process that outlived the service
    holds a lock on a file, so that two of them never run at once.
    """

    def __init__(self, job: Job, house: House, command: Callable[[Job, House], list[str]]) -> None:
        job.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (job.folder.parent / f"{command.__name__}.lock").open("w")
        self._out = (job.folder / RESULT).open("wb")
        call = [sys.executable, "-m", "leadpact", *command(job, house)]
        self._process: subprocess.Popen[bytes] | None = None
        self._call = call
        self._last: list[str] = []
        self._says: list[str] = []

    def total(self) -> int | None:
        """A process has no rows."""
        return None

    def read(self) -> bool:
        """Wait a moment for what the process says; False when it has ended well.

        Raises:
            JobFailed: when it has ended otherwise; the message holds its last lines.
        """
        if self._process is None:
            self._start()
            return True
        code = self._listen(self._process)
        if code is None or self._says:
            return True
        if code != 0:
            last = " ".join(self._last) or "It said nothing."
            raise JobFailed(f"The process ended with exit code {code}. {last}")
        return False

    def keep(self, record: Record) -> Kept:  # noqa: ARG002
        """What was said since."""
        return Kept(0, 0, {}, list(self._says))

    def close(self) -> None:
        """End the process if it still runs."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
                self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
        self._out.close()
        self._lock.close()

    def _start(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._says = ["Waiting: the process of before still runs."]
            time.sleep(_LOOK_SECONDS)
            return
        self._says = ["The process begins."]
        self._process = subprocess.Popen(  # noqa: S603
            self._call,
            stdout=self._out,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"NO_COLOR": "1"},
            # The lock is this file's as long as anybody has it open, the process included.
            pass_fds=(self._lock.fileno(),),
        )

    def _listen(self, process: subprocess.Popen[bytes]) -> int | None:
        assert process.stderr is not None
        self._says = _lines(process.stderr, _LOOK_SECONDS)
        self._last = [*self._last, *self._says][-_LAST:]
        return process.poll()


def _lines(pipe: IO[bytes], seconds: float) -> list[str]:
    """What a pipe says within so many seconds, line by line."""
    os.set_blocking(pipe.fileno(), False)
    end, text = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            if selector.select(left):
                piece = os.read(pipe.fileno(), 65536)
                if not piece:
                    break
                text += piece
    told = text.decode("utf-8", "replace").splitlines()
    return [line.strip()[:_TOLD] for line in told if line.strip()]


def train(job: Job, house: House) -> list[str]:
    """`leadpact train`: learns from the workspace's history, registers a challenger."""
    tune = int(job.asked.get("tune") or 0)
    more = ["--tune", str(tune)] if tune else []
    return ["train", "-w", str(house.workspace.folder.resolve()), "--json", *more]


def replay(job: Job, house: House) -> list[str]:
    """`leadpact replay`: holds the uploaded rulebook against matured history."""
    folder = str(house.workspace.folder.resolve())
    return ["replay", str(job.uploaded().resolve()), "-w", folder, "--json"]
