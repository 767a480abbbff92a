"""The matured leads of a workspace, worked or not: what a proposed rulebook is replayed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from features.arrays import DAY, Flags, Instants, Table
from features.catalogue import Catalogue, Vocabulary
from features.columns import lead_ids
from features.errors import DocumentRefused, NothingToLearn
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.check import complaints
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed, Facts, award, disqualified
from features.snapshot import Snapshot, take_snapshot
from features.stages import EXCLUDED
from models.replay import Past
from models.workspace import Workspace
from training.dataset import exported_at, label, snapshots
from training.intake import Files, Taken, files_of, take
from training.labels import DECIDED, KNOWN, OPEN, UNWORKED, Labels, amounts_of

_BY_AGE = (DECIDED, EXCLUDED)
"""States that do not say whether a lead is old enough to be judged."""


@dataclass(frozen=True)
class Matured:
    """Matured leads as of their snapshots, ready for any rulebook.

    Attributes:
        fields: what the columns are read by.
        past: ids, instants and ends, for the replay.
        snapshot: what was known of them.
        features: what rulebooks may ask beside fields; enough for them, not for a model.
        states: leads that are known, unworked, excluded or were decided before their snapshot; and
            open ones, which are left out.
    """

    fields: Fields
    past: Past
    snapshot: Snapshot = field(repr=False)
    features: Table = field(repr=False)
    states: dict[str, int]

    def points(self, rulebook: Rulebook) -> Agreed:
        """The agreed points of all leads under an edition.

        Raises:
            DocumentRefused: when the edition does not fit the fields.
        """
        return award(rulebook, self._facts(rulebook))

    def barred(self, rulebook: Rulebook) -> Flags:
        """Which leads an edition never hands over: its disqualifiers apply to them. Shape (n,).

        Raises:
            DocumentRefused: when the edition does not fit the fields.
        """
        return np.asarray(disqualified(rulebook, self._facts(rulebook)) >= 0)

    def _facts(self, rulebook: Rulebook) -> Facts:
        wrong = complaints(rulebook, self.fields)
        if wrong:
            told = "\n  ".join(wrong)
            raise DocumentRefused(f"Edition {rulebook.edition} does not fit the fields:\n  {told}")
        return facts_of(self.snapshot, self.features)


def load_matured(
    workspace: Workspace,
    leads: Path | None = None,
    activities: Path | None = None,
    outcomes: Path | None = None,
) -> Matured:
    """The matured leads of a workspace, from the files it names or from others.

    Raises:
        DocumentRefused: when the workspace's documents contradict themselves.
        InputRefused: when a file cannot be read.
        NothingToLearn: when no lead has matured.
    """
    fields = workspace.fields()
    named = files_of(fields, workspace.folder)
    files = Files(leads or named.leads, activities or named.activities, outcomes or named.outcomes)
    return make_matured(fields, workspace.rulebook(), take(files, fields))


def make_matured(fields: Fields, rulebook: Rulebook, taken: Taken) -> Matured:
    """Snapshots, ends and amounts of the leads old enough to be judged.

    Matured is a lead whose horizon after its snapshot is over, whether or not sales worked it:
    a proposal hands over leads that sales left behind, and they are work too.
    """
    as_of, until = snapshots(taken.columns, fields), exported_at(taken, fields)
    labels = label(taken, fields, rulebook, as_of, until)
    rows = np.flatnonzero(_matured(labels, as_of, until, rulebook.horizon_days))
    state = labels.state[rows]
    counts = {name: int((state == name).sum()) for name in (KNOWN, UNWORKED, *_BY_AGE)}
    counts[OPEN] = len(labels.state) - len(rows)
    if len(rows) == 0:
        raise NothingToLearn(
            f"None of the {len(labels.state):,} leads has matured: a replay needs leads older "
            f"than {rulebook.horizon_days:g} days."
        )
    columns = taken.columns.take(rows)
    snapshot = take_snapshot(columns, taken.activities, as_of[rows], fields)
    ids = lead_ids(columns, fields)
    past = Past(
        lead=ids,
        at=as_of[rows],
        known=np.asarray(state == KNOWN),
        y=labels.y[rows],
        amount=amounts_of(ids, taken.outcomes),
    )
    # Features of activities are a model's; rulebooks ask for the activities themselves.
    features = Catalogue.of(fields, Vocabulary()).compute(snapshot)
    return Matured(fields, past, snapshot, features, counts)


def _matured(labels: Labels, as_of: Instants, until: np.datetime64, horizon_days: float) -> Flags:
    by_age = np.isin(labels.state, _BY_AGE)
    with np.errstate(invalid="ignore"):
        old_enough = (until - as_of) / DAY >= horizon_days
    return np.asarray(np.where(by_age, old_enough, labels.state != OPEN), dtype=bool)
