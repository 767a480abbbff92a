"""A workspace is a folder: the files people edit, and beside them what training made.

fields.yaml  rulebook.yaml            edited by people, kept in git
.leadpact/bundles/NAME/               trained models
.leadpact/champion.json               which of them serves
.leadpact/challenger.json             which was registered last and waits for a promotion
.leadpact/mlflow.db, mlartifacts/     the MLflow store
.leadpact/store.db                    the service's record: leads, events, scores
.leadpact/quarantine.csv              rows that could not be used, and why
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features.errors import LeadpactError
from features.fields import Fields, read_fields
from features.rulebook.document import Rulebook, read_rulebook

_CHAMPION, _CHALLENGER = "champion.json", "challenger.json"


class NoChampion(LeadpactError):
    """No model has been trained, or none promoted, in this workspace."""


@dataclass(frozen=True)
class Workspace:
    """Paths of one workspace, and its two documents. Nothing is made until something is written."""

    folder: Path

    @property
    def home(self) -> Path:
        """Where training keeps what it makes."""
        return self.folder / ".leadpact"

    @property
    def name(self) -> str:
        """A name fit for a registry: the folder's, in lower-case letters, digits and dashes."""
        bare = re.sub(r"[^a-z0-9]+", "-", self.folder.resolve().name.lower()).strip("-")
        return bare or "workspace"

    @property
    def quarantine(self) -> Path:
        """The file that holds the rows training could not use."""
        return self.home / "quarantine.csv"

    @property
    def store(self) -> Path:
        """The service's own SQLite store, unless an operator names another."""
        return self.home / "store.db"

    @property
    def tracking_uri(self) -> str:
        """The MLflow store inside the workspace."""
        return f"sqlite:///{(self.home / 'mlflow.db').resolve()}"

    @property
    def artifacts(self) -> Path:
        """Where the MLflow store of the workspace keeps files."""
        return self.home / "mlartifacts"

    def fields(self) -> Fields:
        """The fields file.

        Raises:
            DocumentRefused: when it is missing or contradicts itself.
        """
        return read_fields(self.folder / "fields.yaml")

    def rulebook(self) -> Rulebook:
        """The rulebook file.

        Raises:
            DocumentRefused: when it is missing or contradicts itself.
        """
        return read_rulebook(self.folder / "rulebook.yaml")

    def bundle(self, model: str) -> Path:
        """The folder of the bundle of that name."""
        return self.home / "bundles" / model

    @property
    def has_champion(self) -> bool:
        """Whether a model serves, or served once: a damaged entry counts, for it must be told."""
        return (self.home / _CHAMPION).is_file()

    def champion(self) -> Path:
        """The bundle folder of the model that serves.

        Raises:
            NoChampion: when there is none yet.
        """
        path = self.home / _CHAMPION
        if not path.is_file():
            raise NoChampion(
                f"{self.folder} has no model yet. Run `leadpact train -w {self.folder}` first."
            )
        return self._named(path)

    def challenger(self) -> Path | None:
        """The bundle folder of the model that waits for a promotion; None when none does.

        Raises:
            NoChampion: when the file that says so is damaged.
        """
        path = self.home / _CHALLENGER
        return self._named(path) if path.is_file() else None

    def challenger_version(self) -> str | None:
        """The registry's version of the model that waits for a promotion; None when none does.

        Raises:
            NoChampion: when the file that says so is damaged.
        """
        path = self.home / _CHALLENGER
        return self._told(path, "registry_version") if path.is_file() else None

    def drop_challenger(self) -> None:
        """Nothing waits for a promotion any more; the registry keeps the version."""
        (self.home / _CHALLENGER).unlink(missing_ok=True)

    def _named(self, path: Path) -> Path:
        return self.bundle(self._told(path, "model"))

    def _told(self, path: Path, key: str) -> str:
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))[key])
        except (ValueError, KeyError, TypeError) as error:
            raise NoChampion(
                f"{path} is damaged ({error}). Run `leadpact promote VERSION -w {self.folder}`."
            ) from error

    def set_champion(self, model: str, registry_version: str) -> None:
        """Say which bundle serves from now on. A reader sees the old or the new, never half."""
        self._say(_CHAMPION, model, registry_version)
        try:
            waiting = self.challenger()
        except NoChampion:
            # A promotion is what mends a damaged word of who waits.
            self.drop_challenger()
            return
        if waiting is not None and waiting.name == model:
            self.drop_challenger()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes on this machine from saying who is champion meanwhile."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "champion.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def set_challenger(self, model: str, registry_version: str) -> None:
        """Say which bundle waits for a promotion."""
        self._say(_CHALLENGER, model, registry_version)

    def _say(self, file: str, model: str, registry_version: str) -> None:
        told = json.dumps({"model": model, "registry_version": registry_version}, indent=1)
        self.home.mkdir(parents=True, exist_ok=True)
        half = self.home / f"{file}.{os.getpid()}.tmp"
        half.write_text(told + "\n", encoding="utf-8")
        half.replace(self.home / file)
