"""Folders for what outlives a single test; they are gone when the run is over."""

from __future__ import annotations

import atexit
import shutil
from pathlib import Path
from tempfile import mkdtemp

_MADE: list[Path] = []


def new_folder(name: str) -> Path:
    """An empty folder in the temporary directory."""
    if not _MADE:
        # For what runs without pytest: benchmarks and screenshots.
        atexit.register(remove_folders)
    _MADE.append(Path(mkdtemp(prefix=f"leadpact-{name}-")))
    return _MADE[-1]


def remove_folders() -> None:
    """Remove every folder that was made; called at the end of a run."""
    while _MADE:
        # A database's server removes its own folder.
        shutil.rmtree(_MADE.pop(), ignore_errors=True)
