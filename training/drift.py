"""Drift between two parts of a history: which inputs moved, how far, and whether the rate did.

The population stability index of credit scoring (Siddiqi 2017, ch. 12): over the bins of the
older part, `sum (q - p) ln(q / p)`. Under .1 is called stable, above .25 a shift; here what
chance alone gives, `(bins - 1) (1/n + 1/m)` on average, is taken off before judging.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from features.arrays import Column, Floats, Ints
from features.catalogue import Catalogue
from models.rates import Rate, difference, rate_of
from training.dataset import Dataset
from training.evaluate import Evaluation

MOVED, SHIFTED = 0.1, 0.25
_BINS, _RARE, _SHOWN = 10, 0.01, 12
Verdict = Literal["stable", "moved", "shifted"]


@dataclass(frozen=True)
class Moved:
    """How one input differs between two parts.

    Attributes:
        label: the input's line for people; of several features on it, the one that moved most.
        feature: its name.
        psi: population stability index.
        noise: what chance alone gives on average.
        says: what changed, in words.
    """

    label: str
    feature: str
    psi: float
    noise: float
    says: str

    @property
    def verdict(self) -> Verdict:
        """`stable`, `moved` or `shifted`."""
        beyond = self.psi - self.noise
        return "shifted" if beyond > SHIFTED else "moved" if beyond > MOVED else "stable"


@dataclass(frozen=True)
class Drift:
    """Two parts of a history, compared.

    Attributes:
        older, newer: what the parts are called.
        before, after: how many converted.
        fields: the inputs that moved most, from most to least.
        judged: how many inputs were compared.
    """

    older: str
    newer: str
    before: Rate
    after: Rate
    fields: tuple[Moved, ...]
    judged: int

    @property
    def rate_moved(self) -> bool:
        """Whether the conversion rate changed by more than chance."""
        _, low, high = difference(self.after, self.before)
        return not low <= 0 <= high

    @property
    def drifted(self) -> list[Moved]:
        """The inputs that moved by more than chance."""
        return [f for f in self.fields if f.verdict != "stable"]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        fields = [vars(f) | {"verdict": f.verdict} for f in self.fields]
        rates = {"before": vars(self.before), "after": vars(self.after)}
        told = {"older": self.older, "newer": self.newer, "judged": self.judged}
        return told | rates | {"rate_moved": self.rate_moved, "fields": fields}


def drifts(dataset: Dataset, evaluation: Evaluation | None) -> list[Drift]:
    """The oldest third against the newest, and what taught against what was held out."""
    found = []
    if dataset.order is not None and dataset.n >= 3:
        thirds = np.array_split(np.argsort(dataset.order, kind="stable"), 3)
        found.append(compare(dataset, thirds[0], thirds[2], ("oldest third", "newest third")))
    if evaluation is not None:
        past = np.setdiff1d(np.arange(dataset.n), evaluation.rows)
        found.append(compare(dataset, past, evaluation.rows, ("taught", "held out")))
    return found


def compare(dataset: Dataset, older: Ints, newer: Ints, names: tuple[str, str]) -> Drift:
    """Two parts of a dataset, given by their rows."""
    catalogue = Catalogue.of(dataset.fields, dataset.vocabulary)
    most: dict[str, Moved] = {}
    inputs = [(f.label, f.name, dataset.features[f.name]) for f in catalogue.features]
    for label, name, column in [*inputs, ("Agreed points", "agreed points", dataset.agreed.total)]:
        moved = moved_between(label, name, column[older], column[newer])
        if label not in most or moved.psi - moved.noise > most[label].psi - most[label].noise:
            most[label] = moved
    order = sorted(most.values(), key=lambda m: (m.noise - m.psi, m.label))
    before, after = rate_of(dataset.y[older]), rate_of(dataset.y[newer])
    return Drift(*names, before, after, tuple(order[:_SHOWN]), len(most))


def moved_between(label: str, name: str, older: Column, newer: Column) -> Moved:
    """How one column differs between two parts of shapes (n,) and (m,)."""
    if older.dtype.kind == "f":
        names, a, b = _number_bins(older, newer)
    else:
        names, a, b = _level_bins(older, newer)
    # Half a lead in every bin keeps empty ones finite.
    p = (a + 0.5) / (a.sum() + 0.5 * len(a))
    q = (b + 0.5) / (b.sum() + 0.5 * len(b))
    parts = (q - p) * np.log(q / p)
    noise = (len(a) - 1) * (1 / max(len(older), 1) + 1 / max(len(newer), 1))
    shares = (a / max(a.sum(), 1), b / max(b.sum(), 1))
    # The index dwells on bins that were nearly empty; people see what moved by many leads.
    worst = names[int(np.abs(shares[1] - shares[0]).argmax())]
    says = "; ".join(_says(worst, names, shares, older, newer))
    return Moved(label, name, float(parts.sum()), noise, says)


def _says(
    worst: str, names: list[str], shares: tuple[Floats, Floats], older: Column, newer: Column
) -> Iterator[str]:
    if older.dtype.kind == "f" and worst != "not given":
        yield _middle(older, newer)
        return
    k = names.index(worst)
    yield f"{worst} {_percent(shares[0][k])} \N{RIGHTWARDS ARROW} {_percent(shares[1][k])}"


def _percent(share: float) -> str:
    told = f"{100 * share:.0f}"
    return "under 1 %" if told == "0" and share > 0 else f"{told} %"


def _middle(older: Column, newer: Column) -> str:
    """The medians, or the means where the medians hide the change."""
    arrow = "\N{RIGHTWARDS ARROW}"
    a, b = (x[~np.isnan(x)] for x in (older, newer))
    if not len(a) or not len(b):
        return "given in one part only"
    if np.median(a) != np.median(b):
        return f"median {np.median(a):,.4g} {arrow} {np.median(b):,.4g}"
    return f"mean {a.mean():,.3g} {arrow} {b.mean():,.3g}"


def _number_bins(older: Column, newer: Column) -> tuple[list[str], Floats, Floats]:
    given = older[~np.isnan(older)]
    if not len(given):
        given = newer[~np.isnan(newer)]
    edges = np.unique(np.quantile(given, np.arange(1, _BINS) / _BINS)) if len(given) else given

    def counted(x: Column) -> Floats:
        absent = np.isnan(x)
        place = np.searchsorted(edges, x[~absent], side="left")
        counts = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
        return np.append(counts, float(absent.sum()))

    names = [f"bin {k}" for k in range(len(edges) + 1)] + ["not given"]
    return names, counted(older), counted(newer)


def _level_bins(older: Column, newer: Column) -> tuple[list[str], Floats, Floats]:
    told = [["not given" if v is None else str(v) for v in column] for column in (older, newer)]
    levels, where = np.unique(told[0] + told[1], return_inverse=True)
    n = len(older)
    a, b = (np.bincount(w, minlength=len(levels)) for w in (where[:n], where[n:]))
    # Levels that are rare in both parts are one bin, or their noise would add up.
    common = (a >= _RARE * max(n, 1)) | (b >= _RARE * max(len(newer), 1))
    names = [*levels[common].tolist(), "rare values"]
    counts = [np.append(c[common], c[~common].sum()).astype(np.float64) for c in (a, b)]
    return names, counts[0], counts[1]
