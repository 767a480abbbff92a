"""The model that waits for its promotion, as a process that serves sees it."""

from __future__ import annotations

from pathlib import Path

from models.scorer import Scorer
from models.workspace import Workspace


class Challenger:
    """The workspace's challenger, read once for each that comes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._found: tuple[Path, Scorer] | None = None

    def scorer(self) -> Scorer | None:
        """The model that waits for its promotion; None when none does.

        Raises:
            BundleRefused: when its bundle is damaged, foreign or of another version.
            NoChampion: when the file that names it is damaged.
        """
        path = self._workspace.challenger()
        if path is None:
            self._found = None
        elif self._found is None or self._found[0] != path:
            self._found = path, Scorer.load(path)
        return None if self._found is None else self._found[1]
