"""Where an installation's first run stands: told by the files that are there, so that it goes on
after the browser or the service was closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from models.workspace import Workspace
from serving.beginning.errand import Errand
from serving.storage.database import Database

Step = Literal["leads", "columns", "rulebook", "learn", "lead"]
STEPS: dict[Step, str] = {
    "leads": "Bring leads",
    "columns": "Name the columns",
    "rulebook": "Read the drafted rulebook",
    "learn": "Learn",
    "lead": "Your first lead",
}
"""Step -> its name, in order."""
FILES = ("leads", "activities", "outcomes")
"""What may be uploaded."""
SAMPLE_LEADS = 3000
"""Leads of the simulated company that one can begin with."""


@dataclass
class Beginning:
    """The first run of one workspace, as this process sees it.

    Attributes:
        fault: why the model that was learned cannot be served; "" where it can.
    """

    workspace: Workspace
    database: Database
    clock: Callable[[], np.datetime64]
    fault: str = field(default="")

    @property
    def folder(self) -> Path:
        """Where it keeps what belongs to no other part."""
        return self.workspace.home / "beginning"

    def file(self, of: str) -> Path:
        """Where an uploaded table is kept."""
        return self.workspace.folder / f"{of}.csv"

    def has(self, of: str) -> bool:
        """Whether such a table was uploaded; the simulated company's is none."""
        return self.file(of).is_file() and not self.choices().get("sample")

    def errand(self, name: Literal["sample", "empty", "draft", "train"]) -> Errand:
        """One of the errands."""
        return Errand(self.folder, name)

    @property
    def has_drafts(self) -> bool:
        """Whether fields and rulebook are there."""
        return all((self.workspace.folder / f"{n}.yaml").is_file() for n in ("fields", "rulebook"))

    @property
    def is_ours(self) -> bool:
        """Whether what lies in the folder came by this first run, and so may be replaced by it."""
        names = (*(f"{of}.csv" for of in FILES), "fields.yaml", "rulebook.yaml")
        there = any((self.workspace.folder / n).exists() for n in names)
        return not there or (self.folder / _MARK).is_file()

    def claim(self) -> None:
        """From now on, what lies there came by this first run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _MARK).touch()

    def step(self) -> Step:
        """The step that comes next."""
        if self.workspace.has_champion:
            return "lead"
        if self.errand("train").is_running:
            return "learn"
        if self.errand("sample").is_running or self.errand("empty").is_running:
            return "leads"
        if self.has_drafts and not self.errand("draft").is_running:
            return "rulebook"
        return "columns" if self.file("leads").is_file() else "leads"

    def choices(self) -> dict[str, str]:
        """What was chosen so far, by the names of the controls."""
        path = self.folder / _CHOICES
        return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}

    def choose(self, told: Mapping[str, str]) -> None:
        """Keep choices beside those that are there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        half = self.folder / f".{_CHOICES}.half"
        half.write_text(json.dumps(self.choices() | dict(told)), "utf-8")
        half.replace(self.folder / _CHOICES)

    def start_sample(self) -> None:
        """Begin with the simulated company."""
        self._leave_for("sample")
        leads = str(SAMPLE_LEADS)
        self.errand("sample").start(["sample", "-w", self._where, "--leads", leads])

    def start_empty(self) -> None:
        """Begin with no lead: common fields and a small rulebook."""
        self._leave_for("empty")
        self.errand("empty").start(["init", "-w", self._where, "--force"])

    @property
    def is_empty(self) -> bool:
        """Whether it was chosen to begin with no lead."""
        return bool(self.choices().get("empty"))

    def _leave_for(self, other: Literal["sample", "empty"]) -> None:
        self.claim()
        self.leave_drafts()
        self.choose({other: "yes"})

    def leave_drafts(self) -> None:
        """Something else comes in their place: nothing stays of drafts, nor of a company that was
        simulated or empty."""
        if self.choices().get("sample"):
            for name in ("leads.csv", "activities.parquet", "outcomes.csv"):
                (self.workspace.folder / name).unlink(missing_ok=True)
        self.choose({"sample": "", "empty": ""})
        self.drop_drafts()
        for name in _DRAFTING:
            self.errand(name).forget()

    def drop_drafts(self) -> None:
        """Another draft comes in their place."""
        for name in ("fields.yaml", "rulebook.yaml") if self.is_ours else ():
            (self.workspace.folder / name).unlink(missing_ok=True)
        self.choose({k: "" for k in self.choices() if k.startswith(_USE)})

    def use(self, name: str) -> None:
        """Keep that a suspect is looked at all the same."""
        self.choose({f"{_USE}{name}": "yes"})

    @property
    def used(self) -> list[str]:
        """Suspects that are looked at all the same."""
        return sorted(
            k.removeprefix(_USE) for k, v in self.choices().items() if v and k.startswith(_USE)
        )

    def start_draft(self, lead: str, as_of: str, converted: str) -> None:
        """Draft fields and rulebook from what was uploaded."""
        call = ["init", str(self.file("leads")), "-w", self._where, "--converted", converted]
        call += ["--lead", lead] if lead else []
        call += ["--as-of", as_of] if as_of else []
        for of in FILES[1:]:
            call += [f"--{of}", str(self.file(of))] if self.file(of).is_file() else []
        self.errand("draft").start([*call, "--force"] if self.is_ours else call)

    def start_training(self) -> None:
        """Learn from the history; the first model serves at once."""
        leaks = [word for name in self.used for word in ("--accept-leak", name)]
        none = ["--without-leads"] if self.is_empty else []
        self.errand("train").start(["train", "-w", self._where, "--no-curve", *none, *leaks])

    @property
    def _where(self) -> str:
        return str(self.workspace.folder.resolve())


_DRAFTING: tuple[Literal["sample", "empty", "draft"], ...] = ("sample", "empty", "draft")
_MARK, _CHOICES, _USE = "ours", "choices.json", "use-"
