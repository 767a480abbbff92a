"""A history ready to teach: snapshots, features, agreed points and labels, in one place."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import NO_INSTANT, Flags, Floats, Instants, Ints, Table, Texts, texts
from features.catalogue import Vocabulary
from features.columns import Columns, account_ids, created, lead_ids
from features.errors import DocumentRefused
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.check import complaints
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed, disqualified
from features.snapshot import Snapshot, take_snapshot
from models.workspace import Workspace
from training.cohort import Cohort, ladder_frame, repeat_weights
from training.intake import Files, Rejected, Taken, files_of, nothing, take
from training.labels import (
    EXPLORED,
    KNOWN,
    OPEN,
    UNWORKED,
    Labels,
    amounts_of,
    labels_from_field,
    labels_from_outcomes,
    stays_of,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Dataset:
    """n leads whose outcome is known, each at its snapshot, oldest first where order is known.

    There may be none: the agreed scale then speaks alone.

    Attributes:
        fields, rulebook, vocabulary: what the columns are made by.
        snapshot: what was known, for scoring the same leads again.
        features: the model's inputs.
        agreed: the agreed points.
        y: (n,) 1 converted within the horizon, 0 not.
        delay: (n,) days from the snapshot to the conversion; NaN without one, or without its time.
        amount: (n,) what each was won for; NaN where it was not, or where nothing says.
        stayed: (n,) 1 still a customer a year after, 0 gone by then; NaN where that year is not
            over, and for leads that did not convert.
        lead: (n,) ids.
        order: (n,) grows with time, or None.
        groups: (n,) codes of accounts, or of persons where there are no accounts; or None.
        person: (n,) which leads are one and the same; see `training.cohort.Cohort`.
        states: how many leads of the file were known, open, unworked, decided before.
        rejected: what could not be read.
        rows: leads in the file.
        history_until: the newest instant of the history; NaT without dates.
        everyone: typed columns of all good leads of the file, whatever became of them.
        outcome: of everyone: 1 converted, 0 not, NaN where it is not known yet.
        others: the leads that are open or unworked.
        explored: the leads that sales had left behind and then worked by lot.
    """

    fields: Fields
    rulebook: Rulebook
    vocabulary: Vocabulary
    snapshot: Snapshot = field(repr=False)
    features: Table = field(repr=False)
    agreed: Agreed = field(repr=False)
    y: Floats = field(repr=False)
    delay: Floats = field(repr=False)
    amount: Floats = field(repr=False)
    stayed: Floats = field(repr=False)
    lead: Texts = field(repr=False)
    order: Floats | None = field(repr=False)
    groups: Ints | None = field(repr=False)
    person: Texts = field(repr=False)
    states: dict[str, int]
    rejected: tuple[Rejected, ...] = field(repr=False)
    rows: int
    history_until: np.datetime64
    everyone: Columns = field(repr=False)
    outcome: Floats = field(repr=False)
    others: Cohort = field(repr=False)
    explored: Cohort = field(repr=False)

    @property
    def n(self) -> int:
        """Leads that may teach."""
        return len(self.y)

    @cached_property
    def barred(self) -> Flags:
        """(n,) leads that the rulebook's disqualifiers keep from being handed over."""
        facts = facts_of(self.snapshot, self.features)
        return np.asarray(disqualified(self.rulebook, facts) >= 0)

    @property
    def agreed_points(self) -> Floats:
        """(n,) agreed points, not rounded, not cut."""
        return self.agreed.total

    def frame(self) -> pd.DataFrame:
        """Features, agreed points and criteria as the frame that `LadderClassifier` takes."""
        return ladder_frame(self.features, self.agreed, self.rulebook)

    def fingerprint(self) -> str:
        """sha256 over ids, outcomes, features and agreed points: the data a model was taught."""
        digest = hashlib.sha256()
        # Open leads teach by when they converted, and by how old all leads are.
        others = self.others.delay, self.others.snapshot.as_of.astype(np.int64)
        weights = repeat_weights(self.person)
        for array in (self.y, self.agreed.total, self.delay, weights, *others):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\n".join(map(str, [*self.lead, *self.others.lead])).encode())
        for name, column in self.features.values.items():
            digest.update(name.encode())
            number = self.features.is_number(name)
            digest.update(column.tobytes() if number else "\n".join(map(str, column)).encode())
        return digest.hexdigest()


def load_dataset(
    workspace: Workspace,
    leads: Path | None = None,
    activities: Path | None = None,
    outcomes: Path | None = None,
    rulebook: Rulebook | None = None,
) -> Dataset:
    """The history of a workspace, from the files it names or from others; under its own edition
    unless another `rulebook` is given.

    Raises:
        DocumentRefused: when the workspace's files contradict themselves or each other.
        InputRefused: when a file cannot be read.
    """
    fields = workspace.fields()
    rulebook = rulebook or workspace.rulebook()
    named = files_of(fields, workspace.folder)
    files = Files(leads or named.leads, activities or named.activities, outcomes or named.outcomes)
    return make_dataset(fields, rulebook, take(files, fields))


def empty_dataset(workspace: Workspace) -> Dataset:
    """The history of a workspace to which no lead has come yet.

    Raises:
        DocumentRefused: when its files contradict themselves or each other.
    """
    fields = workspace.fields()
    return make_dataset(fields, workspace.rulebook(), nothing(fields))


def make_dataset(fields: Fields, rulebook: Rulebook, taken: Taken) -> Dataset:
    """Snapshots and labels by time, then features and agreed points."""
    wrong = complaints(rulebook, fields)
    if wrong:
        raise DocumentRefused("The rulebook does not fit the fields:\n  " + "\n  ".join(wrong))
    if taken.outcomes is not None and len(taken.outcomes.lead) and not fields.timing.as_of:
        raise DocumentRefused(
            "Outcomes carry their time, but fields.yaml does not say when a lead is looked at. "
            "Name the instant field of its creation under timing.as_of."
        )
    as_of = snapshots(taken.columns, fields)
    until = exported_at(taken, fields)
    labels = label(taken, fields, rulebook, as_of, until)
    labels = labels.with_explored(_explored(taken.columns, fields))
    teaches, waits = labels.teaches, np.isin(labels.state, (OPEN, UNWORKED))
    states = dict(Counter(labels.state))
    vocabulary = Vocabulary.of(taken.activities)

    def cohort(rows: Ints) -> Cohort:
        columns = taken.columns.take(rows)
        snapshot = take_snapshot(columns, taken.activities, as_of[rows], fields)
        told = labels.state[rows], labels.y[rows], labels.delay[rows], _groups(columns, fields)
        return Cohort(fields, rulebook, vocabulary, snapshot, *told, _persons(columns, fields))

    rows = _oldest_first(_order(taken.columns, fields, as_of), teaches)
    known = cohort(rows)
    return Dataset(
        fields=fields,
        rulebook=rulebook,
        vocabulary=vocabulary,
        snapshot=known.snapshot,
        features=known.features,
        agreed=known.agreed,
        y=labels.y[rows],
        delay=known.delay,
        amount=np.where(labels.y[rows] == 1, amounts_of(known.lead, taken.outcomes), np.nan),
        stayed=np.where(labels.y[rows] == 1, stays_of(known.lead, taken.outcomes, until), np.nan),
        lead=known.lead,
        order=_order(known.snapshot.columns, fields, as_of[rows]),
        groups=known.groups,
        person=known.person,
        states={state: states.get(state, 0) for state in (KNOWN, *sorted(set(states) - {KNOWN}))},
        rejected=taken.rejected,
        rows=taken.rows,
        history_until=until,
        everyone=taken.columns,
        outcome=np.where(teaches, labels.y, np.nan),
        others=cohort(np.flatnonzero(waits)),
        explored=cohort(np.flatnonzero(labels.state == EXPLORED)),
    )


def _explored(columns: Columns, fields: Fields) -> Flags:
    """Which leads were worked by lot; none where the export does not say. Shape (n,)."""
    if fields.explored is None or fields.explored not in columns:
        return np.zeros(columns.n, dtype=bool)
    return np.asarray(columns[fields.explored] == 1.0)


def snapshots(columns: Columns, fields: Fields) -> Instants:
    """When each lead is looked at: at one of the listed ages, drawn by a hash of its id.

    One snapshot a lead keeps leads independent; several ages keep recency and decay in view.
    """
    ages = np.array(fields.timing.snapshot_ages_days)
    drawn = [_draw(str(lead), len(ages)) for lead in lead_ids(columns, fields)]
    picked = np.array(drawn, dtype=np.int64)
    microseconds = np.round(ages[picked] * 86_400_000_000).astype("timedelta64[us]")
    return np.asarray(created(columns, fields) + microseconds)


def _draw(text: str, of: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % of


def exported_at(taken: Taken, fields: Fields) -> np.datetime64:
    """Until when the history reaches: as the fields file says, else its newest instant."""
    told = fields.timing.exported_at
    if told is not None:
        zoned = told.replace(tzinfo=told.tzinfo or UTC).astimezone(UTC)
        return np.datetime64(zoned.replace(tzinfo=None), "us")
    parts = [created(taken.columns, fields), taken.activities.visible_at]
    if taken.outcomes is not None:
        parts.append(taken.outcomes.at)
    known = np.concatenate(parts)
    known = known[~np.isnat(known)]
    return known.max() if len(known) else NO_INSTANT


def label(
    taken: Taken, fields: Fields, rulebook: Rulebook, as_of: Instants, until: np.datetime64
) -> Labels:
    """What became of each lead, from the outcomes file or from the leads' own column."""
    if taken.outcomes is not None:
        leads = lead_ids(taken.columns, fields)
        return labels_from_outcomes(
            leads, as_of, taken.outcomes, taken.activities, rulebook.horizon_days, until
        )
    assert fields.outcome.field is not None
    return labels_from_field(taken.columns[fields.outcome.field], as_of, until, fields)


def _order(columns: Columns, fields: Fields, as_of: Instants) -> Floats | None:
    if fields.timing.as_of:
        return as_of.astype(np.int64).astype(np.float64) / 86_400_000_000
    if fields.timing.order == "file":
        return np.arange(columns.n, dtype=np.float64)
    if fields.timing.order:
        told = np.asarray(columns[fields.timing.order], dtype=np.float64)
        return np.where(np.isnan(told), -np.inf, told)  # without a place it counts as old
    return None


def _oldest_first(order: Floats | None, teaches: Flags) -> Ints:
    rows = np.flatnonzero(teaches)
    return rows if order is None else rows[np.argsort(order[rows], kind="stable")]


def _groups(columns: Columns, fields: Fields) -> Ints | None:
    if fields.account is None and fields.repeat_of is None:
        return None
    told = _persons(columns, fields) if fields.account is None else account_ids(columns, fields)
    known: dict[object, int] = {}
    codes = [
        known.setdefault(("lead", row) if name is None else name, len(known))
        for row, name in enumerate(told)
    ]
    return np.array(codes, dtype=np.int64)


def _persons(columns: Columns, fields: Fields) -> Texts:
    if fields.repeat_of is None or fields.repeat_of not in columns:
        return texts([None] * columns.n)
    return texts(columns[fields.repeat_of])
