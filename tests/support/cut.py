"""A simulated company as its export would have been at an earlier day."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.arrays import DAY, Flags, Texts
from features.fields import Fields, Timing, read_fields
from features.rulebook.document import Rulebook
from models.workspace import Workspace
from training.cohort import Cohort
from training.dataset import Dataset, make_dataset
from training.intake import Taken, files_of, take


def read_company(folder: Path) -> tuple[Fields, Rulebook, Taken]:
    """The documents of a workspace, and all of its history."""
    fields = read_fields(folder / "fields.yaml")
    return fields, Workspace(folder).rulebook(), take(files_of(fields, folder), fields)


def as_exported(
    fields: Fields, rulebook: Rulebook, taken: Taken, day: np.datetime64, keep: Texts | None = None
) -> Dataset:
    """What training would have seen at `day`; with `keep`, of the leads of these ids alone."""
    came = taken.columns["created_at"] <= day
    if keep is not None:
        came &= np.isin(taken.columns["lead_id"].astype(str), keep.astype(str))
    assert taken.outcomes is not None
    told = taken.outcomes
    past = told.at <= day
    outcomes = replace(told, **{k: v[past] for k, v in vars(told).items()})
    activities = taken.activities.take(taken.activities.visible_at <= day)
    cut = replace(taken, columns=taken.columns.take(came), activities=activities, outcomes=outcomes)
    zoned = pd.Timestamp(day).tz_localize("UTC").to_pydatetime()
    timing = Timing(**(fields.timing.model_dump() | {"exported_at": zoned}))
    return make_dataset(fields.model_copy(update={"timing": timing}), rulebook, cut)


def afterwards(full: Dataset, past: Dataset) -> tuple[Cohort, np.ndarray]:
    """Leads looked at after the export of `past` whose end is known by now, and their outcomes.

    Features are those of `past`, as its model would compute them.
    """
    rows = np.flatnonzero(full.snapshot.as_of > past.history_until)
    known: Flags = np.full(len(rows), True)
    state = np.where(known, "known", None).astype(object)
    found = Cohort(
        past.fields,
        past.rulebook,
        past.vocabulary,
        full.snapshot.take(rows),
        state,
        full.y[rows],
        full.delay[rows],
        None,
        full.person[rows],
    )
    return found, found.y


def days(n: float) -> np.timedelta64:
    """So many days."""
    return np.timedelta64(round(n * 86_400), "s").astype(DAY.dtype)
