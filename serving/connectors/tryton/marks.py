"""How far a connector has come: a small file, replaced whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from features.errors import InputRefused
from features.values import parse_instant

SCORES = "scores"
LOOKED_AT = ("sale.opportunity", "ir.note", "ir.email", SCORES)
"""What marks are kept of: Tryton's models, and scores here."""
OVERLAP = timedelta(minutes=10)
"""What was written by a transaction that was still open at the last look bears an earlier instant:
so much is looked at again."""


@dataclass
class Marks:
    """Instants up to which changes are known, by what is looked at.

    Attributes:
        path: the file; not there before the first run.
        source: whose instants they are; those of another source count for nothing.
    """

    path: Path
    source: str
    told: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, source: str) -> Marks:
        """The marks that the last run left.

        Raises:
            InputRefused: when the file is damaged.
        """
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            told = {str(k): str(v) for k, v in kept.get(source, {}).items()}
            for instant in told.values():
                datetime.fromisoformat(instant)
        except FileNotFoundError:
            told = {}
        except (ValueError, AttributeError, OSError) as error:
            raise InputRefused(
                f"{path} cannot be read: {error}. Remove it: all is looked at again then, and "
                "nothing is stored twice."
            ) from error
        return cls(path, source, told)

    def since(self, name: str) -> str | None:
        """From when on to look; None for from the beginning."""
        if name not in self.told:
            return None
        return (datetime.fromisoformat(self.told[name]) - OVERLAP).isoformat()

    def look_again(self, since: str) -> None:
        """Count as known only what lies before this instant.

        Raises:
            InputRefused: when it is no instant.
        """
        try:
            at = np.datetime_as_string(parse_instant(since), timezone="UTC")
        except (ValueError, OverflowError) as error:
            raise InputRefused(f"--since is {since!r}; write an ISO 8601 instant.") from error
        self.told = dict.fromkeys(LOOKED_AT, str(at))

    def reached(self, name: str, instant: str) -> None:
        """Keep how far it went, never further back."""
        before = self.told.get(name)
        later = datetime.fromisoformat(instant)
        if before is None or later > datetime.fromisoformat(before):
            self.told[name] = instant
            self._write()

    def _write(self) -> None:
        others = {}
        if self.path.is_file():
            others = json.loads(self.path.read_text(encoding="utf-8"))
        half = self.path.with_name(f".{self.path.name}.half")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(others | {self.source: self.told}, indent=1), encoding="utf-8")
        half.replace(self.path)
