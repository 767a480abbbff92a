"""What one training is to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.workspace import Workspace

Progress = Callable[[str, int, int], None]
"""Told (what is done now, step, of how many)."""


def quiet(_what: str, _step: int, _of: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Plan:
    """One training.

    Attributes:
        workspace: where the documents are and where results go.
        leads, activities, outcomes: files; None takes those the fields file names.
        threads: of LightGBM; results do not depend on it.
        seed: of everything random.
        register: whether to log the run and register the model.
        tracking_uri: of MLflow; None takes the store inside the workspace.
        curve: whether to also teach parts of the history, to say what more of it would buy.
        accept_leaks: suspicious inputs that a person answers for; see `training.leak_guard`.
        tune: settings of the boosters to try before anything else; 0 keeps the defaults.
        without_leads: look at no file: nobody has come yet, and the agreed scale speaks alone.
    """

    workspace: Workspace
    leads: Path | None = None
    activities: Path | None = None
    outcomes: Path | None = None
    threads: int = 2
    seed: int = 0
    register: bool = True
    tracking_uri: str | None = None
    curve: bool = True
    accept_leaks: tuple[str, ...] = ()
    tune: int = 0
    without_leads: bool = False
