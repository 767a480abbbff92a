"""Both scores on leads that taught neither: where they disagree, why, and who was right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from features.arrays import Flags
from models.bundle import Bundle, Versions
from models.cold_start import FEWEST
from models.reconciliation import (
    LEARNED_HIGH,
    LEARNED_LOW,
    Kind,
    Label,
    Standing,
    Told,
    beyond_tolerance,
    disagreements,
    label,
    quadrants,
    standing,
)
from models.scorer import Scorer, Scores
from training.dataset import Dataset
from training.evaluate import fit_rows, new_ladder
from training.figures import rounded
from training.split import held_out

EXAMPLES = 3
"""Leads shown of each kind of disagreement."""


@dataclass(frozen=True)
class Culprit:
    """One criterion or fact that is responsible for disagreements of one kind.

    Attributes:
        kind: which way the scores differ.
        key, label: of the explanation line.
        points: mean points it learned in these leads.
        standing: who was right about them.
    """

    kind: Kind
    key: str
    label: str
    points: float
    standing: Standing


@dataclass(frozen=True)
class Example:
    """One lead in dispute."""

    lead: str
    converted: bool
    label: Label


@dataclass(frozen=True)
class Reconciliation:
    """Two scores on the newest leads of a history.

    Attributes:
        edition: of the rulebook; threshold, tolerance: as it states them.
        tested: leads, none of which taught either side; trained: leads that did.
        whole: all tested leads.
        quadrants: both sides against the hand-over threshold, and leads that disqualifiers keep
            back whatever their scores.
        tolerance_groups: in agreement or beyond the tolerance.
        culprits: lines responsible for disagreements, the most frequent first.
        examples: leads that differ most, of either kind.
    """

    edition: str
    threshold: float
    tolerance: float
    trained: int
    tested: int
    whole: Standing
    quadrants: tuple[Standing, ...]
    tolerance_groups: tuple[Standing, ...]
    culprits: tuple[Culprit, ...]
    examples: tuple[Example, ...]
    simulated: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(rounded(asdict(self)))


def reconcile(dataset: Dataset, threads: int, seed: int) -> Reconciliation | None:
    """Teach on the older leads, compare both scores on the newer.

    The rulebook's points mean what the older leads fitted them to mean (rung 1), the model is the
    ladder they taught. None where too few leads are left on either side.
    """
    test = held_out(dataset.lead, dataset.order)
    past, next_ = np.flatnonzero(~test), np.flatnonzero(test)
    won = float(dataset.y[past].sum())
    if len(next_) == 0 or min(won, len(past) - won) < FEWEST:
        return None
    ladder = fit_rows(dataset, new_ladder(dataset, threads, seed), past)
    fitted = replace(ladder.fitted_, threads=threads)
    bundle = Bundle(dataset.fields, dataset.rulebook, dataset.vocabulary, fitted, {})
    scores = Scorer(bundle, _UNSAVED).score_snapshot(dataset.snapshot)
    return compare(dataset, scores, test, len(past))


_UNSAVED = Versions("", "", "", "", "", "", "")


def compare(dataset: Dataset, scores: Scores, test: Flags, trained: int) -> Reconciliation:
    """What both scores tell of the leads that `test` (n,) picks."""
    rulebook, next_ = dataset.rulebook, np.flatnonzero(test)
    told = told_of(dataset, scores)
    labels = _labels(scores, told, test, rulebook.tolerance_points)
    tested = Told(*(getattr(told, name)[next_] for name in told.__dataclass_fields__))
    return Reconciliation(
        edition=rulebook.edition,
        threshold=rulebook.hand_over_from,
        tolerance=rulebook.tolerance_points,
        trained=trained,
        tested=len(next_),
        whole=standing("all", np.ones(len(next_), dtype=bool), tested),
        quadrants=tuple(quadrants(tested, rulebook.hand_over_from, dataset.barred[next_])),
        tolerance_groups=tuple(beyond_tolerance(tested, rulebook.tolerance_points)),
        culprits=tuple(_culprits(labels, told)),
        examples=tuple(_examples(labels, dataset)),
        simulated=dataset.fields.simulated,
    )


def told_of(dataset: Dataset, scores: Scores) -> Told:
    """Both scores of all leads and the log-odds they stand for, the rulebook's on rung 1."""
    ladder = scores.told.ladder
    f0 = np.asarray(ladder.stated.log_odds(scores.agreed_exact))
    return Told(
        learned=scores.exact,
        agreed=scores.agreed_exact,
        f_learned=scores.told.parts.f,
        f_agreed=ladder.fitted.log_odds(f0),
        y=dataset.y,
    )


def _labels(scores: Scores, told: Told, test: Flags, tolerance: float) -> dict[int, Label]:
    """Labels of the tested leads beyond the tolerance, by place."""
    low, high = disagreements(told.learned, told.agreed, tolerance)
    return {int(i): label(scores, int(i)) for i in np.flatnonzero((low | high) & test)}


def _culprits(labels: dict[int, Label], told: Told) -> list[Culprit]:
    places: dict[tuple[Kind, str], list[int]] = defaultdict(list)
    for i, found in labels.items():
        if found.responsible is not None:
            places[found.kind, found.responsible.key].append(i)
    culprits = []
    for (kind, key), rows in places.items():
        lines = [line for i in rows if (line := labels[i].responsible) is not None]
        points = float(np.mean([line.learned for line in lines]))
        name = lines[0].label
        who = standing(name, _at(rows, len(told)), told)
        culprits.append(Culprit(kind, key, name, points, who))
    return sorted(culprits, key=lambda c: (-c.standing.observed.leads, c.key, c.kind))


def _at(rows: list[int], n: int) -> Flags:
    flags = np.zeros(n, dtype=bool)
    flags[rows] = True
    return flags


def _examples(labels: dict[int, Label], dataset: Dataset) -> list[Example]:
    found: list[Example] = []
    for kind in (LEARNED_LOW, LEARNED_HIGH):
        rows = [i for i, told in labels.items() if told.kind == kind]
        rows.sort(key=lambda i: (-abs(labels[i].difference), i))
        found += [
            Example(str(dataset.lead[i]), bool(dataset.y[i] == 1.0), labels[i])
            for i in rows[:EXAMPLES]
        ]
    return found
