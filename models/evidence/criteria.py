"""What history says of each criterion: evidence points, the leads behind them, a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from features.arrays import Floats
from features.fields import Team
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed, tally
from models.bayes import log_loss_of
from models.evidence.fit import EvidenceFit, fit_criteria, fit_evidence, stated_scale
from models.evidence.owned import Owned
from models.evidence.verdicts import Behind, Verdict, judge
from models.history import History, Leads
from models.likelihood import Z90

OVERLAPS_FROM = 0.1
"""Correlation of two criteria under which their overlap is not worth a word."""


@dataclass(frozen=True)
class Removal:
    """What the rulebook alone loses without a criterion, its other points as good as can be.

    Attributes:
        loss: rise of the mean log loss in nats, each lead told as if it had not been in the fit;
            negative when the rulebook is better off without.
        error: standard error of `loss`, paired by lead.
    """

    loss: float
    error: float


@dataclass(frozen=True)
class Overlap:
    """The criterion that goes most with another.

    Attributes:
        id: of the other criterion.
        share: of the leads that carried this one, how many carried the other.
        usual: the same among the leads that did not carry this one.
        explained: share of this criterion's variance that all others explain, 0 to 1.
    """

    id: str
    share: float
    usual: float
    explained: float


@dataclass(frozen=True)
class CriterionEvidence:
    """One criterion before the two teams. Points are for counting once, on the stated scale.

    Attributes:
        agreed: what both teams signed.
        points: what history supports; low, high: its 90 % credible interval.
        behind: leads that carried it, and how many of them converted.
        removal: what the rulebook loses without it.
        overlap: with the criterion that goes most with it; None when none does.
        verdict, reason: what to do, and why in a sentence.
    """

    id: str
    says: str
    owner: Team
    group: str
    repeats: bool
    agreed: float
    points: float
    low: float
    high: float
    behind: Behind
    removal: Removal
    overlap: Overlap | None
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Evidence:
    """What history says of a whole rulebook.

    Attributes:
        edition: its name.
        leads, conversions: the history.
        criteria: in rulebook order.
    """

    edition: str
    leads: int
    conversions: int
    criteria: tuple[CriterionEvidence, ...]


def weigh_evidence(
    rulebook: Rulebook,
    history: History,
    agreed: Agreed,
    owned: Owned,
    penalties: dict[str, float] | None = None,
) -> Evidence:
    """Hold every criterion against history.

    Args:
        rulebook: the edition in question.
        history: leads whose outcome is known, with that edition's f0 and shares.
        agreed: the edition's points of the same leads.
        owned: features that repeat criteria; see `owned_by`.
        penalties: per feature that is a clock, what its prior variances are multiplied by.
    """
    # Small dense solves gain nothing from threads and lose much to busy neighbours.
    with threadpool_limits(1, user_api="blas"):
        fit = fit_evidence(history, rulebook, owned, penalties)
        removals = _removals(rulebook, history, agreed)
    told = [
        _criterion(rulebook, k, fit, history, agreed, removals[k])
        for k in range(len(rulebook.criteria))
    ]
    return Evidence(rulebook.edition, len(history), int(history.y.sum()), tuple(told))


def _criterion(
    rulebook: Rulebook, k: int, fit: EvidenceFit, history: History, agreed: Agreed, removal: Removal
) -> CriterionEvidence:
    criterion = rulebook.criteria[k]
    points, half = float(fit.points[k]), Z90 * float(fit.sd[k])
    behind = _behind(history, agreed.strength[:, k])
    interval = (points - half, points + half)
    pdo = rulebook.scale.points_to_double_odds
    verdict, reason = judge(criterion.points, points, interval, behind, pdo)
    return CriterionEvidence(
        id=criterion.id,
        says=criterion.says,
        owner=criterion.owner,
        group=criterion.group,
        repeats=criterion.count == "repeat",
        agreed=criterion.points,
        points=points,
        low=interval[0],
        high=interval[1],
        behind=behind,
        removal=removal,
        overlap=_overlap(rulebook, agreed.strength, k),
        verdict=verdict,
        reason=reason,
    )


def _behind(history: History, strength: Floats) -> Behind:
    carried = strength != 0.0
    return Behind(
        leads=int(carried.sum()),
        conversions=int(history.y[carried].sum()),
        usual=float(carried.sum() * history.y.mean()),
        all_leads=len(history),
    )


def _removals(rulebook: Rulebook, history: History, agreed: Agreed) -> list[Removal]:
    whole = log_loss_of(fit_criteria(history, rulebook).left_out, history.y)
    found = []
    for k in range(len(rulebook.criteria)):
        left = rulebook.model_copy(
            update={"criteria": rulebook.criteria[:k] + rulebook.criteria[k + 1 :], "tests": ()}
        )
        f0 = stated_scale(rulebook).log_odds(total_without(rulebook, agreed, k))
        leads = Leads(f0, history.leads.features, np.delete(history.leads.criteria, k, axis=1))
        part = History(leads, history.y, history.w)
        rise = log_loss_of(fit_criteria(part, left).left_out, history.y) - whole
        found.append(Removal(*_weighted_mean(rise, history.w)))
    return found


def total_without(rulebook: Rulebook, agreed: Agreed, k: int) -> Floats:
    """Agreed points of n leads had criterion `k` not been there; caps bind anew. Shape (n,)."""
    less = rulebook.model_copy(
        update={"criteria": rulebook.criteria[:k] + rulebook.criteria[k + 1 :]}
    )
    columns = agreed.columns[:k] + agreed.columns[k + 1 :]
    return tally(less, columns, len(agreed.total)).total


def _weighted_mean(x: Floats, w: Floats) -> tuple[float, float]:
    mean = float(np.average(x, weights=w))
    return mean, float(np.sqrt(np.sum(w**2 * (x - mean) ** 2)) / w.sum())


def _overlap(rulebook: Rulebook, strength: Floats, k: int) -> Overlap | None:
    this = strength[:, k] != 0.0
    if len(rulebook.criteria) < 2 or this.all() or not this.any():
        return None
    flags = (strength != 0.0).astype(np.float64)
    varies = flags.std(axis=0) > 0
    varies[k] = False
    others = np.flatnonzero(varies)
    if len(others) == 0:
        return None
    z = flags[:, others] - flags[:, others].mean(axis=0)
    correlation = z.T @ (this - this.mean()) / (len(this) * flags[:, others].std(axis=0))
    correlation /= this.std()
    best = int(np.argmax(np.abs(correlation)))
    if abs(correlation[best]) < OVERLAPS_FROM:
        return None
    other = flags[:, others[best]]
    return Overlap(
        id=rulebook.criteria[others[best]].id,
        share=float(other[this].mean()),
        usual=float(other[~this].mean()),
        explained=_explained(strength, k),
    )


def _explained(strength: Floats, k: int) -> float:
    x = strength[:, k] - strength[:, k].mean()
    rest = np.delete(strength, k, axis=1)
    rest = rest - rest.mean(axis=0)
    fitted, *_ = np.linalg.lstsq(rest, x, rcond=None)
    left = x - rest @ fitted
    return float(1.0 - left @ left / (x @ x))
