"""Leads as of their snapshots: what is known of them, their features and their agreed points."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import Floats, Ints, Table, Texts
from features.catalogue import Catalogue, Vocabulary
from features.columns import lead_ids
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed, award
from features.snapshot import Snapshot
from models.ladder import AGREED, CRITERION

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Cohort:
    """n leads of one history; features and points are made when asked for.

    Attributes:
        fields, rulebook, vocabulary: what the columns are made by.
        snapshot: what was known of each at its instant.
        state: (n,) what is known of their ends; see `training.labels`.
        y: (n,) 1 converted within the horizon, 0 not; meaningful where the end is known.
        delay: (n,) days from the snapshot to a conversion within the horizon; NaN where none has
            been seen.
        groups: (n,) codes of accounts, or of persons where there are no accounts; or None.
        person: (n,) which leads are one and the same, come back: equal texts; None where unknown.
    """

    fields: Fields
    rulebook: Rulebook
    vocabulary: Vocabulary
    snapshot: Snapshot = field(repr=False)
    state: Texts = field(repr=False)
    y: Floats = field(repr=False)
    delay: Floats = field(repr=False)
    groups: Ints | None = field(repr=False)
    person: Texts = field(repr=False)

    @property
    def n(self) -> int:
        """How many leads."""
        return self.snapshot.n

    @cached_property
    def features(self) -> Table:
        """The model's inputs."""
        return Catalogue.of(self.fields, self.vocabulary).compute(self.snapshot)

    @cached_property
    def agreed(self) -> Agreed:
        """The agreed points."""
        return award(self.rulebook, facts_of(self.snapshot, self.features))

    @property
    def lead(self) -> Texts:
        """(n,) ids."""
        return lead_ids(self.snapshot.columns, self.fields)

    def take(self, rows: Ints) -> Cohort:
        """The leads at `rows`."""
        seen = self.snapshot.take(rows)
        groups = None if self.groups is None else self.groups[rows]
        told = {k: getattr(self, k)[rows] for k in ("state", "y", "delay", "person")}
        return replace(self, snapshot=seen, groups=groups, **told)

    def frame(self) -> pd.DataFrame:
        """What `LadderClassifier` takes."""
        return ladder_frame(self.features, self.agreed, self.rulebook)


def ladder_frame(features: Table, agreed: Agreed, rulebook: Rulebook) -> pd.DataFrame:
    """Features, agreed points and criteria as the frame that `LadderClassifier` takes."""
    import pandas as pd

    ids = [c.id for c in rulebook.criteria]
    shares = {CRITERION + id_: agreed.share[:, k] for k, id_ in enumerate(ids)}
    return pd.DataFrame({**features.values, AGREED: agreed.total, **shares})


def repeat_weights(person: Texts) -> Floats:
    """Of each of n leads its share in its person: weights sum to one a person. Shape (n,)."""
    counts = Counter(person)
    return np.array([1.0 if p is None else 1.0 / counts[p] for p in person], dtype=np.float64)
