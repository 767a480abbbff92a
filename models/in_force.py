"""A model under the edition in force, which may be another one than it is aligned to.

Agreed points, disqualifiers, grades and the threshold are the edition's at once; what was learned
and the scale are the model's, to the last bit (see `models.supposed`), until it is aligned or
trained anew. Its versions say so.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from features.arrays import Flags, Floats
from features.errors import DocumentRefused
from features.facts import facts_of
from features.rulebook.check import complaints
from features.rulebook.document import Rulebook
from features.rulebook.points import award, disqualified
from features.snapshot import Snapshot
from models.handover import as_shown
from models.lines import Lines
from models.scorer import Scorer, Scores
from models.supposed import suppose


class UnderEdition(Scorer):
    """A scorer whose edition is not the one that its model was taught with.

    Attributes:
        aligned: the same model under its own edition.
    """

    def __init__(self, aligned: Scorer, edition: Rulebook) -> None:
        self.fields, self.rulebook = aligned.fields, edition
        self.ladder, self.vocabulary = aligned.ladder, aligned.vocabulary
        self.amounts, self.retention = aligned.amounts, aligned.retention
        self.catalogue, self.card = aligned.catalogue, aligned.card
        self.aligned = aligned
        self.versions = replace(
            aligned.versions,
            rulebook=edition.edition,
            rulebook_sha256=edition.fingerprint(),
            older_than_pact=True,
        )

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.fields, self.rulebook, self.catalogue)

    def score_snapshot(self, snapshot: Snapshot) -> Scores:
        """Score leads whose history is already cut at their instants."""
        scores = self.aligned.score_snapshot(snapshot)
        return suppose(scores, self.rulebook, self.aligned, self._lines)

    def glance(self, snapshot: Snapshot) -> tuple[Floats, Flags]:
        """The exact scores alone, (n,), and whom a disqualifier keeps back, (n,)."""
        exact, _, barred = self._in_short(snapshot)
        return exact, barred

    def shown(self, snapshot: Snapshot) -> tuple[Floats, Floats]:
        """Score and agreed score as shown, (n,) each."""
        exact, agreed, _ = self._in_short(snapshot)
        return as_shown(exact), as_shown(agreed)

    def _in_short(self, snapshot: Snapshot) -> tuple[Floats, Floats, Flags]:
        features, was, leads = self.aligned._known(snapshot)  # of our own kind
        facts = facts_of(snapshot, features)
        agreed = award(self.rulebook, facts).total
        learned = self.ladder.scale.points(self.ladder.log_odds(leads))
        exact = np.asarray(learned + (agreed - was.total))
        return exact, agreed, np.asarray(disqualified(self.rulebook, facts) >= 0)


def under(scorer: Scorer, edition: Rulebook) -> Scorer:
    """The same model under an edition.

    Raises:
        DocumentRefused: when the edition does not fit the model's fields.
    """
    aligned = scorer.aligned if isinstance(scorer, UnderEdition) else scorer
    if edition.fingerprint() == aligned.versions.rulebook_sha256:
        return aligned
    wrong = complaints(edition, aligned.fields)
    if wrong:
        raise DocumentRefused(
            f"Edition {edition.edition} is in force, but model {aligned.versions.model} was "
            "trained on other fields. Train again.\n  " + "\n  ".join(wrong)
        )
    return UnderEdition(aligned, edition)
