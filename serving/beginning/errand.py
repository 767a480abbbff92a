"""Errands of the first run: the command line in a process of its own, followed by its files.

Jobs are kept in the record, and the record needs a model; before there is one, what runs is told
by a lock that the process holds as long as it lives, and how far it is by what it wrote. So any
worker, and a service that was started anew, sees the same.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_STEP = re.compile(r"^(\d{1,3})/(\d{1,3}) (.+)$")
_MOST = 200_000
"""Characters of what an errand wrote that are looked at, from the end."""


@dataclass(frozen=True)
class Progress:
    """How far an errand is: its stage, from 1, of how many, and what it does there."""

    step: int
    of: int
    says: str


class Errand:
    """`leadpact ARGUMENTS` under a name; one at a time.

    Args:
        folder: holds its files.
        name: of the errand, such as `train`.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._lock = folder / f"{name}.lock"
        self._told, self._said = folder / f"{name}.log", folder / f"{name}.out"

    def start(self, arguments: Sequence[str]) -> None:
        """Start it, unless it runs."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            with self._told.open("wb") as told, self._said.open("wb") as said:
                process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", "leadpact", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=told,
                    env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
                    # The process keeps the lock, also when this one ends.
                    pass_fds=(lock.fileno(),),
                )
        _RUNNING.append(process)

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        _RUNNING[:] = [p for p in _RUNNING if p.poll() is None]
        if not self._lock.is_file():
            return False
        with self._lock.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    @property
    def was_started(self) -> bool:
        """Whether it ever was."""
        return self._told.is_file()

    def progress(self) -> Progress | None:
        """The stage that was told last; None before the first."""
        found = [m for m in map(_STEP.match, self._lines(self._told)) if m is not None]
        if not found:
            return None
        step, of, says = found[-1].groups()
        return Progress(int(step), int(of), says)

    def fault(self) -> str:
        """Why it failed, in the words of the command line; "" where it told no reason."""
        told = [line for line in self._lines(self._told) if not _STEP.match(line)]
        start = next((i for i, line in enumerate(told) if line.startswith("leadpact: ")), None)
        told = told[-3:] if start is None else told[start:]
        return " ".join(told).removeprefix("leadpact: ").strip()

    def notes(self) -> list[str]:
        """What it told when it ended: lines that begin with a dash."""
        return [line[2:] for line in self._lines(self._said) if line.startswith("- ")]

    def forget(self) -> None:
        """As if it had never been started."""
        self._told.unlink(missing_ok=True)
        self._said.unlink(missing_ok=True)

    @staticmethod
    def _lines(path: Path) -> list[str]:
        if not path.is_file():
            return []
        text = path.read_bytes()[-_MOST:].decode("utf-8", "replace")
        return [line.strip() for line in text.splitlines() if line.strip()]


_RUNNING: list[subprocess.Popen[bytes]] = []
"""Processes started here whose ends are still to be noted."""
