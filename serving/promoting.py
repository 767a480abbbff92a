"""The challenger is made champion, or refused, by a person who says why.

The registry is MLflow's, which no serving process carries: the command line does the work in a
process of its own, and every process follows the workspace by itself.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from models.workspace import Workspace
from serving.access.caller import Caller, Conflict
from serving.storage.audit import AuditLog
from serving.storage.database import Database

_SECONDS = 300


class Promoting:
    """Decides about the challenger of a workspace."""

    def __init__(self, database: Database, folder: Path, now: np.datetime64) -> None:
        self._database, self._workspace, self._now = database, Workspace(folder), now

    def promote(self, model: str, note: str, caller: Caller) -> None:
        """Make the challenger champion.

        Args:
            model: the name that was read; another one came meanwhile otherwise.

        Raises:
            Conflict: when it does not wait any more, or its bundle is refused; the champion stays.
            NoChampion: when the file that says who waits is damaged.
        """
        version = self._version(model)
        folder = str(self._workspace.folder)
        call = [sys.executable, "-m", "leadpact", "promote", version, "-w", folder]
        done = subprocess.run(  # noqa: S603
            call, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode != 0:
            # Where the workspace lies on this machine is nobody's business on a page.
            why = " ".join(done.stderr.split()).replace(folder, ".")[-500:]
            raise Conflict(f"The challenger was not promoted, the champion stays. {why}")
        self._note("model promoted", model, note, caller)

    def reject(self, model: str, note: str, caller: Caller) -> None:
        """Let the challenger wait no longer; the registry keeps its version.

        Raises:
            Conflict: when it does not wait any more.
            NoChampion: when the file that says who waits is damaged.
        """
        self._version(model)
        self._workspace.drop_challenger()
        self._note("challenger rejected", model, note, caller)

    def _version(self, model: str) -> str:
        waiting, version = self._workspace.challenger(), self._workspace.challenger_version()
        if waiting is None or version is None or waiting.name != model:
            is_now = "none waits" if waiting is None else f"{waiting.name} waits"
            raise Conflict(f"Model {model} does not wait for a promotion; {is_now}.")
        return version

    def _note(self, action: str, model: str, note: str, caller: Caller) -> None:
        with self._database.transaction() as connection:
            log = AuditLog(connection)
            log.append(self._now, caller.actor, action, f"model {model}", {"note": note})
