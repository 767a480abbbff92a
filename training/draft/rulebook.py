"""The rulebook, drafted: an unsigned edition with points proposed from the older history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import Floats
from features.columns import created
from features.errors import NothingToLearn
from features.facts import facts_of
from features.fields import Fields, Team
from features.frames import read_frame
from features.rulebook.criteria import Dimension
from features.rulebook.document import Criterion, Group, Rulebook, Scale
from features.rulebook.points import Facts, award
from features.timeline import Activities, no_activities
from training.draft.candidates import STEP, candidates
from training.draft.cases import with_cases
from training.draft.standard import standard
from training.draft.weigh import PDO, Weighed, fitted_intercept, weigh
from training.intake import Taken, wanted_fields, with_rows
from training.labels import Outcomes
from training.split import held_out

if TYPE_CHECKING:
    import pandas as pd

_GROUPS: dict[str, tuple[str, Team, float, Dimension | None]] = {
    "fit": ("Who they are", "sales", 40.0, "fit"),
    "source": ("Where they come from", "marketing", 30.0, None),
    "engagement": ("What they did", "marketing", 40.0, "engagement"),
    "timing": ("When it is", "joint", 20.0, None),
}
"""Label, owner, the most a group's points come to, and the sub-score they count to."""
_FEW = 20
"""Conversions, and non-conversions, under which history proposes no points."""
_MIDDLE = 35.0
"""Points at which the average lead is put."""
_HORIZON = 90.0
_PARTS = {"A": 0.10, "B": 0.30, "C": 0.60}
"""Share of leads that reach at least each grade."""
EMPTY = Rulebook(edition="none", hand_over_from=50, grades={"D": 0}, groups={}, criteria=())


@dataclass(frozen=True)
class _History:
    """Leads that are not held out: what may be asked of them, their outcomes and order."""

    facts: Facts
    y: Floats
    order: Floats | None


def draft_rulebook(
    fields: Fields,
    frame: pd.DataFrame,
    activities: Activities | None = None,
    outcomes: Outcomes | None = None,
) -> Rulebook:
    """An unsigned edition `draft-1` for both teams to edit.

    Points are shrunk log-odds from the leads that are not held out for testing, 12 points to
    double the odds, in steps of 5 and at most 20 a criterion. Where too few outcomes are known,
    the edition holds common starting points for mailboxes and job titles instead.

    Args:
        fields: what the columns mean.
        frame: the leads as exported.
        activities: what the leads did, where known.
        outcomes: what became of them, where a file besides the leads tells it.
    """
    history = _history(fields, frame, activities or no_activities(), outcomes)
    horizon = fields.outcome.matures_after_days or _HORIZON
    if history is None or min(history.y.sum(), (1 - history.y).sum()) < _FEW:
        return with_cases(standard(fields, horizon), fields)
    found = list(candidates(fields, history.facts, history.order))
    chosen = weigh(found, history.y)
    if not chosen:
        return with_cases(standard(fields, horizon), fields)
    criteria = tuple(_worded(w, history.y) for w in chosen)
    ranks = list(_GROUPS)
    ordered = tuple(sorted(criteria, key=lambda c: (ranks.index(c.group), -c.points, c.id)))
    drafted = Rulebook(
        edition="draft-1",
        horizon_days=horizon,
        hand_over_from=50,
        grades={"D": 0},
        groups=_groups(ordered),
        criteria=_unique(ordered),
    )
    return with_cases(_scaled(drafted, history), fields)


def _history(
    fields: Fields, frame: pd.DataFrame, activities: Activities, outcomes: Outcomes | None
) -> _History | None:
    """What may be learned from; None where no outcome is known."""
    from training.dataset import make_dataset

    read = read_frame(with_rows(frame, 1), wanted_fields(fields))
    good = read.good
    if fields.timing.as_of:
        good = good & ~np.isnat(created(read.columns, fields))
    taken = Taken(read.columns.take(good), activities, outcomes, (), len(frame))
    try:
        dataset = make_dataset(fields, EMPTY, taken)
    except NothingToLearn:
        return None
    learn = np.flatnonzero(~held_out(dataset.lead, dataset.order))
    facts = facts_of(dataset.snapshot.take(learn), dataset.features.take(learn))
    order = None if dataset.order is None else dataset.order[learn]
    return _History(facts, dataset.y[learn], order)


def _worded(w: Weighed, y: Floats) -> Criterion:
    """The criterion with its points, and the figures they come from."""
    applies = w.candidate.strength > 0
    rationale = (
        f"{y[applies].mean():.0%} of {applies.sum():,} such leads converted, "
        f"{y[~applies].mean():.0%} of the others (history before the held-out part)."
    )
    change: dict[str, object] = {"points": w.points, "rationale": rationale}
    if w.candidate.criterion.cap is not None:
        change["cap"] = 3 * abs(w.points)
    return w.candidate.criterion.model_copy(update=change)


def _unique(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    seen: dict[str, int] = {}
    made = []
    for c in criteria:
        seen[c.id] = seen.get(c.id, 0) + 1
        again = seen[c.id]
        name = c.id if again == 1 else f"{c.id[:60]}_{again}"
        made.append(c.model_copy(update={"id": name}))
    return tuple(made)


def _groups(criteria: tuple[Criterion, ...]) -> dict[str, Group]:
    used = {c.group for c in criteria}
    return {
        name: Group(label=label, owner=owner, at_most=most, dimension=dimension)
        for name, (label, owner, most, dimension) in _GROUPS.items()
        if name in used
    }


def _scaled(rulebook: Rulebook, history: _History) -> Rulebook:
    """Base points, anchor, grades and hand-off, from how the points fall on history."""
    raw = award(rulebook, history.facts).total
    rate = float(history.y.mean())
    base = STEP * round((_MIDDLE - float(raw.mean())) / STEP)
    points = raw + base
    anchor = float(round(points.mean()))
    # At the anchor's likelihood, the mean likelihood of these leads is the rate they showed.
    log_odds = (points - anchor) * np.log(2) / PDO
    likelihood = 1 / (1 + np.exp(-fitted_intercept(log_odds, rate)))
    grades = _grades(np.clip(points, 0, 100))
    over = _threshold(np.clip(points, 0, 100), float(np.clip(rate, 0.1, 0.3)))
    scale = Scale(
        anchor_points=anchor,
        anchor_likelihood=float(np.clip(round(likelihood, 3), 0.001, 0.999)),
        points_to_double_odds=PDO,
    )
    change = {"base_points": base, "scale": scale, "grades": grades, "hand_over_from": over}
    return rulebook.model_copy(update=change)


def _threshold(shown: Floats, share: float) -> float:
    """The step from which about `share` of the leads score, above 0 and at most 95."""
    steps = np.arange(STEP, 100, STEP)
    reach = np.array([float((shown >= s).mean()) for s in steps])
    return float(steps[np.argmin(np.abs(reach - share))])


def _grades(shown: Floats) -> dict[str, float]:
    """Thresholds of A, B, C from quantiles, each at least a step below the one before; D is 0."""
    least = [_threshold(shown, share) for share in _PARTS.values()]
    for k in (1, 2):
        least[k] = min(least[k], least[k - 1] - STEP)
    for k, floor in ((2, STEP), (1, 2 * STEP), (0, 3 * STEP)):
        least[k] = max(least[k], floor)
    return dict(zip(_PARTS, least, strict=True)) | {"D": 0.0}
