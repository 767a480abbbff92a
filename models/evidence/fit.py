"""The fit that evidence is read from: wide priors on criteria, fields beside them as in rung 2.

Notation as in `models.updated`: agreed points s_j, L = ln 2 / PDO, slope b on the agreed
log-odds, d_j what criterion j adds beyond them in log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from features.arrays import Floats, Ints
from features.rulebook.document import Rulebook
from models.bayes import Mode, leave_one_out, posterior_mode
from models.design import Design, learn_design
from models.evidence.owned import Owned
from models.history import History
from models.rungs import UpdatedPoints
from models.scale import Scale
from models.updated import BLOCK_SD, NU

INTERCEPT_SD, SLOPE_SD = 1.0, 0.5
"""Prior sds of the level and of the slope, wider than the ladder's: who asks what history says of
an agreement does not begin by believing it."""
CRITERION_SD = 1.0
"""Prior sd of d_j in log-odds, 17 points at PDO 12: wide enough that 90 % intervals cover (at .5
the worst criterion of the trial was covered in 70 % of histories, at 1.0 in 82 %)."""
_ROUNDS, _STILL, _ROWS = 30, 0.03, 6000


@dataclass(frozen=True)
class EvidenceFit:
    """Evidence points of k criteria, each in the rulebook's own unit: points for counting once.

    Attributes:
        points: (k,) what history supports.
        V: (k, k) their posterior covariance.
        left_out: (n,) log-odds of each lead as if it had not been in the fit.
    """

    points: Floats
    V: Floats
    left_out: Floats = field(repr=False)

    @property
    def sd(self) -> Floats:
        """(k,) posterior standard deviations, in points."""
        return np.sqrt(np.maximum(np.diag(self.V), 0.0))


def fit_evidence(
    history: History,
    rulebook: Rulebook,
    owned: Owned,
    penalties: dict[str, float] | None = None,
) -> EvidenceFit:
    """The evidence points of a rulebook's criteria.

    Args:
        history: leads whose outcome is known; `criteria` are shares as `award` gives them.
        rulebook: the edition whose points stand in the history's f0.
        owned: features that repeat criteria; see `owned_by`.
        penalties: per feature, what its prior variances are multiplied by (clocks).
    """
    X, prior = _columns(history, owned, penalties or {})
    variance = _learn_variances(X, history, prior)
    mode = posterior_mode(X, history.y, history.w, history.leads.f0, variance)
    points, V = to_points(mode, rulebook)
    return EvidenceFit(points, V, leave_one_out(mode, X, history.y, history.w))


def fit_criteria(history: History, rulebook: Rulebook) -> EvidenceFit:
    """The same without fields: the rulebook alone, with the best points it could have."""
    X = _agreement_columns(history)
    variance = np.array([INTERCEPT_SD, SLOPE_SD, *[CRITERION_SD] * (X.shape[1] - 2)]) ** 2
    mode = posterior_mode(X, history.y, history.w, history.leads.f0, variance)
    points, V = to_points(mode, rulebook)
    return EvidenceFit(points, V, leave_one_out(mode, X, history.y, history.w))


def to_points(mode: Mode, rulebook: Rulebook) -> tuple[Floats, Floats]:
    """Coefficients (intercept, slope, criteria, ...) as points a criterion, with covariance.

    `s_j (1 + b) + d_j / (L most_j)`: a column holds the share of the most a criterion counts.
    """
    s = np.array([c.points for c in rulebook.criteria])
    most = np.array([c.most if np.isfinite(c.most) else 1.0 for c in rulebook.criteria])
    k, L = len(s), stated_scale(rulebook).per_point
    M = np.zeros((k, len(mode.b)))
    M[:, 1] = s
    M[np.arange(k), 2 + np.arange(k)] = 1.0 / (L * most)
    return s + M @ mode.b, M @ mode.V @ M.T


def stated_scale(rulebook: Rulebook) -> Scale:
    """The scale that both teams signed."""
    told = rulebook.scale
    return Scale(told.anchor_points, told.anchor_likelihood, told.points_to_double_odds)


@dataclass(frozen=True)
class _Prior:
    """Which prior variance each column has, and which of them history may teach.

    Attributes:
        of: (p,) index into `sd`.
        sd: (m,) stated prior sds.
        penalty: (p,) what the variance of a column is multiplied by.
        kept: the first so many of `sd` are not learned.
    """

    of: Ints
    sd: Floats
    penalty: Floats
    kept: int

    def variance(self, t2: Floats) -> Floats:
        return np.asarray(t2[self.of] * self.penalty)


def _agreement_columns(history: History) -> Floats:
    leads = history.leads
    f0 = leads.f0 - np.average(leads.f0, weights=history.w)
    criteria = leads.criteria - leads.criteria.mean(axis=0)
    return np.column_stack([np.ones(len(leads)), f0, criteria])


def _columns(history: History, owned: Owned, penalties: dict[str, float]) -> tuple[Floats, _Prior]:
    leads = history.leads
    design = learn_design(leads.features, leads.criteria)
    mean = float(np.average(leads.f0, weights=history.w))
    X = UpdatedPoints(design, mean, np.zeros(0), np.zeros((0, 0))).rows(leads)
    for name, at in design.slices():
        if name in owned:
            columns = slice(at.start + 2, at.stop + 2)
            X[:, columns] = _beyond(X[:, columns], leads.criteria[:, list(owned[name])])
    return X, _prior_of(design, penalties)


def _beyond(columns: Floats, criteria: Floats) -> Floats:
    """What the columns tell beyond the criteria: residuals of least squares on them."""
    C = np.column_stack([np.ones(len(criteria)), criteria])
    fitted, *_ = np.linalg.lstsq(C, columns, rcond=None)
    return np.asarray(columns - C @ fitted)


def _prior_of(design: Design, penalties: dict[str, float]) -> _Prior:
    of = [0, 1, *[2] * design.criteria]
    sd, penalty = [INTERCEPT_SD, SLOPE_SD, CRITERION_SD], [1.0] * len(of)
    kept = len(sd)
    for block in design.blocks:
        place: dict[str, int] = {}
        for kind, size in block.parts:
            if size and kind not in place:
                place[kind] = len(sd)
                sd.append(BLOCK_SD[kind])
            of += [place[kind]] * size if size else []
            penalty += [penalties.get(block.name, 1.0)] * size
    return _Prior(np.array(of), np.array(sd), np.array(penalty), kept)


def _learn_variances(X: Floats, history: History, prior: _Prior) -> Floats:
    """Variances of the fields by EM, as rung 2 learns its own; criteria keep theirs. (p,)."""
    rows = np.arange(len(history))
    if len(rows) > _ROWS:
        rows = np.linspace(0, len(rows) - 1, _ROWS).astype(np.int64)
    X, y, w, f0 = X[rows], history.y[rows], history.w[rows], history.leads.f0[rows]
    t0 = prior.sd
    t2, start = t0**2, None
    size = np.bincount(prior.of, minlength=len(t2))
    for _ in range(_ROUNDS):
        mode = posterior_mode(X, y, w, f0, prior.variance(t2), start)
        start = mode.b
        spread = (mode.b**2 + np.diag(mode.V)) / prior.penalty
        total = np.bincount(prior.of, spread, minlength=len(t2))
        new = np.asarray((total + NU * t0**2) / (size + NU))
        new[: prior.kept] = t2[: prior.kept]
        moved = float(np.max(np.abs(np.sqrt(new / t2) - 1), initial=0.0))
        t2 = new
        if moved < _STILL:
            break
    return prior.variance(t2)
