"""How long things are kept, as a workspace's `retention.yaml` says. What no rule names is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import ConfigDict
from pydantic import Field as Setting

from features.errors import DocumentRefused
from features.fields import Document, parse_document

SCHEMA = "leadpact/retention/1"
NAME = "retention.yaml"
_EXAMPLE = """\
schema: leadpact/retention/1
leads_without_activity_days: 1095
scores_older_than_days: 400
answers_older_than_hours: 48
copies_older_than_days: 90
erased_are_refused_days: 365
"""


class Retention(Document):
    """The rules of one workspace; None keeps for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    document: str = Setting(default=SCHEMA, alias="schema", pattern=f"^{SCHEMA}$")
    leads_without_activity_days: float | None = Setting(default=None, gt=0, le=36500)
    """Leads that were not written, did nothing and had no outcome for so long; and events that
    waited so long for their lead."""
    scores_older_than_days: float | None = Setting(default=None, gt=0, le=36500)
    """Scores that are no lead's current one and that no feedback is about; they can no longer be
    reproduced."""
    answers_older_than_hours: float | None = Setting(default=None, gt=0, le=876000)
    """Answers kept for requests that are repeated under their Idempotency-Key."""
    copies_older_than_days: float | None = Setting(default=None, gt=0, le=36500)
    """Copies for training on this machine."""
    erased_are_refused_days: float = Setting(default=365, gt=0, le=36500)
    """For so long nothing is taken of an erased person unless they agree anew; then the hashes by
    which they are known go too."""


def read_retention(folder: Path) -> Retention:
    """The rules of a workspace.

    Raises:
        DocumentRefused: when the file is missing or cannot be used.
    """
    path = folder / NAME
    if not path.is_file():
        raise DocumentRefused(
            f"{path} is not there: nothing is removed by a rule that nobody wrote. Write one, such "
            f"as:\n{_EXAMPLE}"
        )
    found = parse_document(Retention, path.read_text(encoding="utf-8"), str(path))
    assert isinstance(found, Retention)
    return found


def refused_for(folder: Path) -> np.timedelta64:
    """For how long an erased person is not taken again; the default where there is no file.

    Raises:
        DocumentRefused: when there is a file that cannot be used.
    """
    rules = read_retention(folder) if (folder / NAME).is_file() else Retention()
    return np.timedelta64(round(rules.erased_are_refused_days * 86_400_000_000), "us")
