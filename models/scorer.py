"""A loaded bundle that answers: one lead or a million, with every score taken apart.

A serving worker imports this and nothing heavier: numpy and LightGBM's library.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from features.arrays import Flags, Floats, Instants, Ints, Table
from features.catalogue import Catalogue
from features.columns import Columns
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.criteria import DIMENSIONS, Dimension
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed, award, disqualified, sub_score
from features.snapshot import Snapshot, take_snapshot
from features.timeline import Activities
from models.bundle import Bundle, Versions, load
from models.explanation import Explanation
from models.handover import as_shown, handed_over
from models.history import Leads
from models.likelihood import FittedLadder
from models.lines import Lines, Told
from models.retention import RetentionModel, Stays
from models.scale import sigmoid
from models.value import AmountModel, Amounts


@dataclass(frozen=True)
class Scores:
    """The answer for n leads.

    Attributes:
        n: how many.
        exact: (n,) score in points before rounding and cutting.
        likelihood: (n,) of conversion within the horizon.
        low, high: (n,) its 90 % interval.
        agreed_exact: (n,) agreed points before rounding and cutting.
        disqualified: (n,) place of the disqualifier that keeps the lead back; -1 for none.
        told: what explanations are made of.
        amounts: what each brings if it is won; None where nothing says.
        stays: whether each stays a year if it is won; None where nothing says.
    """

    n: int
    exact: Floats
    likelihood: Floats
    low: Floats
    high: Floats
    agreed_exact: Floats
    disqualified: Ints
    told: Told
    amounts: Amounts | None = None
    stays: Stays | None = None

    @cached_property
    def shown(self) -> Floats:
        """The scores as shown: cut to 0..100, whole points. Shape (n,)."""
        return as_shown(self.exact)

    @cached_property
    def agreed(self) -> Floats:
        """The agreed scores as shown. Shape (n,)."""
        return as_shown(self.agreed_exact)

    @property
    def grades(self) -> list[str]:
        """Grade of each shown score."""
        return [self.told.rulebook.grade(float(s)) for s in self.shown]

    @cached_property
    def handed_over(self) -> Flags:
        """Whether each reaches the hand-over and nothing keeps it back. Shape (n,)."""
        threshold = self.told.rulebook.hand_over_from
        return handed_over(self.exact, threshold, self.disqualified >= 0)

    @cached_property
    def sub_scores(self) -> dict[Dimension, Floats]:
        """Agreed points of fit and engagement, (n,) each, where groups count to them."""
        book = self.told.rulebook
        told = [dimension for dimension in DIMENSIONS if book.of_dimension(dimension)]
        return {dimension: sub_score(book, self.told.agreed, dimension) for dimension in told}

    @cached_property
    def cells(self) -> list[str | None]:
        """Where each lead stands on the grid, such as `B2`; None without a grid."""
        grid = self.told.rulebook.grid
        if grid is None:
            return [None] * self.n
        fit, engagement = (self.sub_scores[dimension].tolist() for dimension in DIMENSIONS)
        return [grid.cell(f, e) for f, e in zip(fit, engagement, strict=True)]

    def explain(self, i: int) -> Explanation:
        """The score of lead `i`, line by line."""
        return self.told.explain(i)


@dataclass(frozen=True)
class Brief:
    """The numbers of `Scores` for n leads without what explanations are made of. Shapes (n,)."""

    exact: Floats
    likelihood: Floats
    low: Floats
    high: Floats
    agreed_exact: Floats
    handed_over: Flags
    as_of: Instants


class Scorer:
    """Scores leads with one bundle.

    Attributes:
        fields, rulebook, versions: what it speaks of.
        ladder: the fitted model.
        vocabulary: the channels, kinds and teams its history knew.
        amounts: what leads bring if they are won, or None.
        retention: whether they stay a year if they are won, or None.
        catalogue: its features.
        card: figures about its training.
    """

    def __init__(self, bundle: Bundle, versions: Versions) -> None:
        self.fields: Fields = bundle.fields
        self.rulebook: Rulebook = bundle.rulebook
        self.ladder: FittedLadder = bundle.ladder
        self.vocabulary = bundle.vocabulary
        self.amounts: AmountModel | None = bundle.amounts
        self.retention: RetentionModel | None = bundle.retention
        self.catalogue = Catalogue.of(bundle.fields, bundle.vocabulary)
        self.card: dict[str, Any] = bundle.card
        self.versions = versions

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """The scorer of a bundle folder.

        Raises:
            BundleRefused: when it is damaged, foreign or of another version.
        """
        return cls(*load(folder))

    @property
    def simulated(self) -> bool:
        """Whether the history was simulated; then every figure says so."""
        return self.fields.simulated

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.fields, self.rulebook, self.catalogue)

    def score(self, columns: Columns, activities: Activities, as_of: Instants) -> Scores:
        """Score n leads at once, each at its own instant.

        Args:
            columns: n leads, from `features.columns` or `features.frames`.
            activities: of any leads; each lead sees its own and its colleagues', up to its instant.
            as_of: (n,) instants.
        """
        snapshot = take_snapshot(columns, activities, as_of, self.fields)
        return self.score_snapshot(snapshot)

    def score_snapshot(self, snapshot: Snapshot) -> Scores:
        """Score leads whose history is already cut at their instants."""
        features, agreed, leads = self._known(snapshot)
        out = disqualified(self.rulebook, facts_of(snapshot, features))
        parts = self.ladder.parts(leads)
        half = self.ladder.half_width(leads, parts.f)
        told = Told(self._lines, self.ladder, snapshot, features, agreed, parts)
        return Scores(
            n=snapshot.n,
            exact=self.ladder.scale.points(parts.f),
            likelihood=sigmoid(parts.f),
            low=sigmoid(parts.f - half),
            high=sigmoid(parts.f + half),
            agreed_exact=agreed.total,
            disqualified=out,
            told=told,
            amounts=None if self.amounts is None else self.amounts.amounts(features),
            stays=None if self.retention is None else self.retention.stays(features),
        )

    def glance(self, snapshot: Snapshot) -> tuple[Floats, Flags]:
        """The exact scores alone, (n,), and whom a disqualifier keeps back, (n,).

        Nothing is taken apart, which makes it many times faster.
        """
        features, _, leads = self._known(snapshot)
        barred = disqualified(self.rulebook, facts_of(snapshot, features)) >= 0
        return np.asarray(self.ladder.scale.points(self.ladder.log_odds(leads))), barred

    def brief(self, snapshot: Snapshot) -> Brief:
        """The numbers alone: not taken apart, which is the larger half of a score's time."""
        features, agreed, leads = self._known(snapshot)
        barred = disqualified(self.rulebook, facts_of(snapshot, features)) >= 0
        f = self.ladder.log_odds(leads)
        half, exact = self.ladder.half_width(leads, f), np.asarray(self.ladder.scale.points(f))
        over = handed_over(exact, self.rulebook.hand_over_from, barred)
        interval = (sigmoid(f), sigmoid(f - half), sigmoid(f + half))
        return Brief(exact, *interval, agreed.total, over, snapshot.as_of)

    def shown(self, snapshot: Snapshot) -> tuple[Floats, Floats]:
        """Score and agreed score as shown, (n,) each: not taken apart, as `points`."""
        _, agreed, leads = self._known(snapshot)
        exact = self.ladder.scale.points(self.ladder.log_odds(leads))
        return as_shown(np.asarray(exact)), as_shown(agreed.total)

    def _known(self, snapshot: Snapshot) -> tuple[Table, Agreed, Leads]:
        features = self.catalogue.compute(snapshot)
        agreed = award(self.rulebook, facts_of(snapshot, features))
        return features, agreed, self.leads(features, agreed)

    def leads(self, features: Table, agreed: Agreed) -> Leads:
        """What the ladder sees of n leads."""
        return Leads(self.ladder.stated.log_odds(agreed.total), features, agreed.share)
