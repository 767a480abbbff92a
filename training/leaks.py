"""What looks known only after the outcome: found by what it tells, and named with figures.

No test can prove a leak; each rule here has a reason that a person can judge. The thresholds were
set on three real exports (Bank Marketing, X Education, FicZon) so that honest strong fields pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.arrays import DAY, Column, Flags, Floats, Ints
from features.columns import Columns, created
from features.fields import Field, Fields
from training.words import happened_before, words_of

AUC_ALONE, ENTROPY_ALONE = 0.80, 0.25
"""A field that alone ranks leads, or explains the outcome, this well is hardly from before it."""
_SURE, _SURE_SHARE = 0.95, 0.15
"""Levels that convert this often and together hold so much of all conversions."""
_FEW = 30
"""Conversions, and non-conversions, from which on figures are looked at."""
_FOLDS, _BINS, _PRIOR = 5, 20, 5.0


@dataclass(frozen=True)
class Suspicion:
    """A field that looks known only after the outcome.

    Attributes:
        field: its name.
        reason: why, in full sentences with figures.
        strength: out-of-sample AUC of the field alone, .5 (chance) to 1; NaN with few outcomes.
    """

    field: str
    reason: str
    strength: float


@dataclass(frozen=True)
class Tell:
    """Words in a column's name, what they tell, and how much the field must say besides."""

    pattern: str
    says: str
    least_auc: float = 0.53


_CRM = (
    r"(lead|deal|sales?|opportunity|crm|pipeline|prospect|account|contact|record|proposal|offer|"
    r"quote|contract|order)"
)
TELLS = (
    Tell(
        r"\b(closed|won|lost|lost reason|loss reason|win reason|close date|closing date|"
        r"closed date|deal amount|contract signed)\b",
        "speaks of how a deal ended",
        0.0,
    ),
    Tell(r"\bconver(ted|sion)\b", "speaks of the conversion itself", 0.0),
    Tell(
        rf"^({_CRM} )?((sub )?status|(sub )?stage|disposition)( (id|code|name))?$",
        "tells where the lead stands when the export is made, not when it came",
    ),
    Tell(r"\b(call|talk) (duration|time|length|seconds|minutes)\b|^duration( \w+)?$",
         "tells how long a conversation took, which is known only when it is over"),
    Tell(r"\btags?\b", "is a mark that people set while they work the lead"),
    Tell(
        r"\blead (quality|profile|rating|grade|temperature|priority)\b|^(quality|rating)$",
        "is a judgement that people make while they work the lead",
    ),
    Tell(
        r"\blast (notable )?(activity|action|touch|modified|updated?|contacted)\b",
        "is overwritten until the export, so it may tell what came after the outcome",
    ),
    Tell(
        r"\b(activity|profile|lead|engagement|behaviou?r) (score|index|grade)\b",
        "is another system's score, recalculated until the export",
    ),
    Tell(
        rf"\b{_CRM} (agent|owner|rep|representative|executive)\b|^(agent|owner|rep|assignee)$|"
        r"\bassigned\b|\bhandled by\b",
        "tells who handles the lead, which is decided while it is handled",
    ),
)  # fmt: skip


def suspects(frame_columns: Columns, fields: Fields, y: Floats) -> list[Suspicion]:
    """The input fields that look known only after the outcome, the strongest first.

    Args:
        frame_columns: typed columns of n leads: the inputs, and what orders leads in time.
        fields: what the columns mean.
        y: (n,) 1 converted, 0 not, NaN not known yet.
    """
    columns, found = frame_columns, []
    known = ~np.isnan(y)
    newest = _newest(columns, fields)
    for field in fields.inputs:
        if field.name in (fields.lead, fields.account, fields.timing.as_of):
            continue
        if field.name not in columns:
            continue
        column = columns[field.name]
        auc, reasons = _figures(column[known], field, y[known])
        named = _names(field, auc, figure=not reasons)
        reasons = [*named, *reasons, *_filled_in_later(column, newest)]
        reasons += _after_creation(column, field, columns, fields)
        if reasons:
            found.append(Suspicion(field.name, " ".join(reasons), auc))
    return sorted(found, key=lambda s: -np.nan_to_num(s.strength))


def _names(field: Field, auc: float, figure: bool) -> Iterator[str]:
    words = words_of(field.column)
    if happened_before(words):
        return
    for tell in TELLS:
        if re.search(tell.pattern, words) and not auc < tell.least_auc:
            alone = f" (alone it ranks leads with an AUC of {auc:.2f})"
            yield f"By its name it {tell.says}{alone if figure and not np.isnan(auc) else ''}."
            return


def _figures(column: Column, field: Field, y: Floats) -> tuple[float, list[str]]:
    """The AUC of the field alone, and what its figures give away."""
    if min(y.sum(), (1 - y).sum()) < _FEW:
        return np.nan, []
    bins = _binned(column, field)
    p = _alone(bins, y)
    auc, explained = auc_of(p, y), _explained(p, y)
    reasons = []
    if auc >= AUC_ALONE or explained >= ENTROPY_ALONE:
        reasons.append(
            f"Alone it ranks leads it was not fitted on with an AUC of {auc:.2f} and explains "
            f"{explained:.0%} of the outcome's entropy, more than a fact known beforehand does."
        )
    if field.type in ("category", "boolean"):
        reasons += _sure_levels(column, bins, y)
    reasons += _missing_tells(_absent(column), y)
    return auc, reasons


def _absent(column: Column) -> Flags:
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind == "M":
        return np.isnat(column)
    return np.array([v is None for v in column], dtype=bool)


def _binned(column: Column, field: Field) -> Ints:
    """A code per value: levels, twentieths of a number, or whether a text was given. Missing 0."""
    absent = _absent(column)
    if field.type in ("text", "id"):
        return (~absent).astype(np.int64)
    if column.dtype.kind == "O":
        levels = {v: k for k, v in enumerate(sorted({v for v in column if v is not None}), 1)}
        return np.array([0 if v is None else levels[v] for v in column], dtype=np.int64)
    x = column if column.dtype.kind == "f" else column.astype(np.int64).astype(np.float64)
    if absent.all():
        return np.zeros(len(column), dtype=np.int64)
    edges = np.unique(np.quantile(x[~absent], np.arange(1, _BINS) / _BINS))
    # side="left" keeps a heap of equal values (zeros, as a rule) in a bin of its own.
    return np.where(absent, 0, 1 + np.searchsorted(edges, x, side="left")).astype(np.int64)


def _alone(bins: Ints, y: Floats) -> Floats:
    """Likelihoods by bin, each from the other folds, pulled to the rate as by five leads."""
    fold = np.random.default_rng(0).permutation(len(y)) % _FOLDS
    size = int(bins.max()) + 1
    p = np.empty(len(y))
    for k in range(_FOLDS):
        test = fold == k
        rate = y[~test].mean()
        n = np.bincount(bins[~test], minlength=size)
        won = np.bincount(bins[~test], y[~test], minlength=size)
        p[test] = ((won + _PRIOR * rate) / (n + _PRIOR))[bins[test]]
    return p


def auc_of(p: Floats, y: Floats) -> float:
    """Share of pairs (converted, not) that `p` puts in order; ties count half. Both (n,)."""
    _, where, n = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(n) - (n - 1) / 2)[where]
    won = y.sum()
    lost = len(y) - won
    return float((rank[y == 1].sum() - won * (won + 1) / 2) / (won * lost))


def _explained(p: Floats, y: Floats) -> float:
    def loss(q: Floats) -> float:
        return float(-np.mean(y * np.log(q) + (1 - y) * np.log1p(-q)))

    return 1 - loss(np.clip(p, 1e-9, 1 - 1e-9)) / loss(np.full(len(y), y.mean()))


def _sure_levels(column: Column, bins: Ints, y: Floats) -> Iterator[str]:
    n, won = np.bincount(bins), np.bincount(bins, y)
    with np.errstate(invalid="ignore"):
        rate = won / n
    sure = np.flatnonzero((n >= 20) & (rate >= _SURE))
    held = won[sure].sum() / won.sum()
    if y.mean() < 0.6 and held >= _SURE_SHARE:
        top = sure[np.argsort(-won[sure])][:3]
        names = ", ".join(f"{column[bins == k][0]!s} ({rate[k]:.0%} of {n[k]:,})" for k in top)
        yield f"Some of its values all but settle the matter: {names} convert."


def _missing_tells(absent: Flags, y: Floats) -> Iterator[str]:
    if not 20 <= absent.sum() <= len(y) - 20:
        return
    empty, filled, rate = y[absent].mean(), y[~absent].mean(), y.mean()
    told = f"{filled:.1%} convert where it is filled in, {empty:.1%} where it is empty"
    for part, share in ((~absent, filled), (absent, empty)):
        if rate < 0.6 and share >= 0.9 and y[part].sum() >= _SURE_SHARE * y.sum():
            yield f"Whether it is filled in settles the matter: {told}."
    if empty <= rate / 20 and absent.mean() >= 0.25:
        yield f"It is filled in only where something came of the lead: {told}."


def _newest(columns: Columns, fields: Fields) -> Flags | None:
    """The newest fiftieth of the leads, at least 50; None where their order is not known."""
    if fields.timing.as_of and fields.timing.as_of in columns:
        at = created(columns, fields)
        order = np.where(np.isnat(at), -np.inf, at.astype(np.int64).astype(np.float64))
    elif fields.timing.order == "file":
        order = np.arange(columns.n, dtype=np.float64)
    elif fields.timing.order in columns and fields.timing.order:
        order = np.nan_to_num(columns[fields.timing.order].astype(np.float64), nan=-np.inf)
    else:
        return None
    if columns.n < 1000:
        return None
    newest = np.zeros(columns.n, dtype=bool)
    newest[np.argsort(order, kind="stable")[-max(50, columns.n // 50) :]] = True
    return newest


def _filled_in_later(column: Column, newest: Flags | None) -> Iterator[str]:
    if newest is None:
        return
    absent = _absent(column)
    young, old = absent[newest].mean(), absent[~newest].mean()
    if young - old >= 0.15 and old <= 0.2 * young:
        yield (
            f"It is filled in while the lead is handled: empty for {young:.0%} of the newest "
            f"{newest.sum():,} leads, for {old:.1%} of the older ones."
        )


def _after_creation(
    column: Column, field: Field, columns: Columns, fields: Fields
) -> Iterator[str]:
    if field.type != "instant" or not fields.timing.as_of:
        return
    with np.errstate(invalid="ignore"):
        later = (column - created(columns, fields)) / DAY > 1
    if later.mean() >= 0.05:
        yield f"It lies more than a day after the lead's own instant for {later.mean():.0%} of all."
