"""Held-out leads by grade, channel, team and declared field: is every group told the truth?

Also a fairness table: how often each group is handed over, and how many of its conversions are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from features.arrays import Column, Flags, Ints, Table, Texts, texts
from features.fields import Field
from features.rulebook.document import Rulebook
from features.timeline import Touches
from models.handover import handed_over
from models.metrics import log_loss
from models.rates import Rate, rate_of
from models.reliability import Diagram, diagram, smooth_error
from training.dataset import Dataset
from training.evaluate import Evaluation

MOST_VALUES = 8
"""Values of one segmentation that are shown; the rarer ones are pooled as "other"."""
ENOUGH = 200
"""Leads from which on a group's smooth error and its diagram tell more than their noise."""
RESAMPLES = 100
"""Behind the band of a group's diagram; there are many groups."""
NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Segment:
    """One group of held-out leads.

    Attributes:
        by: what leads are grouped by, for people.
        value: which group.
        told: mean likelihood.
        rulebook: mean likelihood by the agreed points alone.
        observed: what happened.
        handed_over: share whose score reaches hand-over.
        caught: share of the group's conversions that were handed over; None without conversions.
        log_loss: of the model in this group, in nats.
        smooth_error: calibration error without bins; None under 200 leads.
        corp: the group's own reliability diagram; None under 200 leads.
    """

    by: str
    value: str
    told: float
    rulebook: float
    observed: Rate
    handed_over: float
    caught: float | None
    log_loss: float
    smooth_error: float | None
    corp: Diagram | None

    @property
    def holds(self) -> bool | None:
        """Whether what was told lies in the observed rate's interval; None with too few leads."""
        return None if self.observed.few else self.observed.holds(self.told)

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the observed rate's own beside them."""
        told = {k: v for k, v in vars(self).items() if k not in ("observed", "corp")}
        drawn = None if self.corp is None else self.corp.as_json()
        return told | {"observed": vars(self.observed), "holds": self.holds, "corp": drawn}


def segments(dataset: Dataset, evaluation: Evaluation) -> list[Segment]:
    """Every group of the held-out leads, by grade, first channel, team and declared fields."""
    found: list[Segment] = []
    barred = dataset.barred[evaluation.rows]
    over = handed_over(evaluation.score, dataset.rulebook.hand_over_from, barred)
    for by, values in groupings(dataset, evaluation):
        order = _in_order(values) if by != "Grade" else list(_grades(dataset.rulebook))
        for value in order:
            rows = values == value
            if rows.any():
                found.append(_segment(by, value, rows, evaluation, over))
    return found


def groupings(dataset: Dataset, evaluation: Evaluation) -> Iterator[tuple[str, Texts]]:
    """What the held-out leads are grouped by, and each lead's group, in shape (tested,)."""
    rows, rulebook = evaluation.rows, dataset.rulebook
    shown = np.clip(evaluation.score, 0, 100)
    yield "Grade", texts(rulebook.grade(float(np.floor(s + 0.5))) for s in shown)
    own = dataset.snapshot.seen.own
    if len(own.row):
        yield "First touch", pooled(first_channel(own)[rows])
        yield "Touched by", teams(own)[rows]
    for name in dataset.fields.segments:
        yield _titled(dataset.fields[name], dataset.snapshot.columns, rows)


def _titled(field: Field, columns: Table, rows: Ints) -> tuple[str, Texts]:
    return field.title, by_field(field, columns[field.name])[rows]


def _segment(by: str, value: str, rows: Flags, evaluation: Evaluation, handed: Flags) -> Segment:
    y, p, over = evaluation.y[rows], evaluation.p[rows], handed[rows]
    return Segment(
        by=by,
        value=value,
        told=float(p.mean()),
        rulebook=float(evaluation.agreed_p[rows].mean()),
        observed=rate_of(y),
        handed_over=float(over.mean()),
        caught=float(y[over].sum() / y.sum()) if y.any() else None,
        log_loss=log_loss(y, p),
        smooth_error=smooth_error(y, p) if len(y) >= ENOUGH else None,
        corp=diagram(y, p, resamples=RESAMPLES) if len(y) >= ENOUGH else None,
    )


def _grades(rulebook: Rulebook) -> list[str]:
    return sorted(rulebook.grades, key=lambda grade: -rulebook.grades[grade])


def _in_order(values: Texts) -> list[str]:
    """Groups from large to small; those that gather the rest come last."""
    names, n = np.unique(values.astype(str), return_counts=True)
    size = dict(zip(names.tolist(), n.tolist(), strict=True))
    return sorted(size, key=lambda v: (v in ("other", NOT_GIVEN, "nobody"), -size[v], v))


def first_channel(own: Touches) -> Texts:
    """The channel of each lead's oldest visible touch; "none" without one. Shape (n,)."""
    # Touches come ordered by lead and then from old to new.
    row, first = np.unique(own.row, return_index=True)
    found = texts(["none"] * own.n)
    found[row] = [NOT_GIVEN if c is None else str(c) for c in own.channel[first]]
    return found


def teams(own: Touches) -> Texts:
    """Which teams' touches could be seen of each lead. Shape (n,)."""
    by: dict[str, Flags] = {
        team: own.count((own.team == team).astype(np.float64)) > 0
        for team in ("marketing", "sales")
    }
    m, s = by["marketing"], by["sales"]
    told = np.select([m & s, m, s], ["both teams", "marketing only", "sales only"], "nobody")
    return texts(told.tolist())


def by_field(field: Field, column: Column) -> Texts:
    """A group per lead: levels, quarters of a number, years of an instant, or given or not."""
    if field.type == "boolean":
        return texts(NOT_GIVEN if np.isnan(v) else "yes" if v else "no" for v in column)
    if field.type == "number":
        return _quarters(column)
    if field.type == "instant":
        years = (NOT_GIVEN if np.isnat(v) else str(v.astype("datetime64[Y]")) for v in column)
        return pooled(texts(years))
    if field.type == "category":
        return pooled(texts(NOT_GIVEN if v is None else str(v) for v in column))
    return texts(NOT_GIVEN if v is None else "given" for v in column)


def _quarters(x: Column) -> Texts:
    absent = np.isnan(x)
    if absent.all():
        return texts([NOT_GIVEN] * len(x))
    edges = np.unique(np.quantile(x[~absent], [0.25, 0.5, 0.75]))
    ends = ["", *(f"{e:,.6g}" for e in edges)]
    names = [f"up to {ends[1]}"]
    names += [f"{a} to {b}" for a, b in pairwise(ends[1:])]
    names.append(f"above {ends[-1]}")
    place = np.searchsorted(edges, x, side="left")
    return texts(NOT_GIVEN if a else names[k] for a, k in zip(absent, place, strict=True))


def pooled(values: Texts, most: int = MOST_VALUES) -> Texts:
    """The `most` frequent values; the rest become "other"."""
    told = values.tolist()
    # Counted, not sorted: a sort of strings costs more than all else that is done with groups.
    count = Counter(told)
    kept = {NOT_GIVEN, *sorted(count, key=lambda v: (-count[v], v))[:most]}
    return texts(v if v in kept else "other" for v in told)
