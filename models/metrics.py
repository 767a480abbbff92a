"""How good likelihoods are: ranking, log loss, calibration. numpy only."""

from __future__ import annotations

import numpy as np

from features.arrays import Floats

_TINY = 1e-15


def log_loss(y: Floats, p: Floats) -> float:
    """Mean log loss in nats; 0 is perfect."""
    q = np.clip(p, _TINY, 1 - _TINY)
    return float(-np.mean(y * np.log(q) + (1 - y) * np.log1p(-q)))


def brier(y: Floats, p: Floats) -> float:
    """Mean squared error of the likelihoods (Brier 1950)."""
    return float(np.mean((p - y) ** 2))


def auc(y: Floats, p: Floats) -> float:
    """Chance that a converted lead ranks above one that did not; ties count half."""
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    won = float(y.sum())
    lost = len(y) - won
    if not won or not lost:
        return float("nan")
    return float((rank[y == 1].sum() - won * (won + 1) / 2) / (won * lost))


def ece(y: Floats, p: Floats, bins: int = 15) -> float:
    """Expected calibration error over equal-mass bins."""
    parts = np.array_split(np.argsort(p, kind="stable"), min(bins, len(y)))
    return float(sum(abs(y[i].mean() - p[i].mean()) * len(i) for i in parts) / len(y))


def lift(y: Floats, p: Floats, share: float = 0.1) -> float:
    """Conversion in the top `share` against that of all; leads tied at the edge count in part."""
    k = max(1, round(share * len(y)))
    edge = np.sort(p)[::-1][k - 1]
    above = p > edge
    tied = p == edge
    won = y[above].sum() + y[tied].mean() * (k - above.sum())
    return float(won / k / y.mean()) if y.any() else float("nan")


def report(y: Floats, p: Floats) -> dict[str, float]:
    """auc, log_loss, brier, ece (15 equal-mass bins), lift10, n and conversions."""
    return {
        "auc": auc(y, p),
        "log_loss": log_loss(y, p),
        "brier": brier(y, p),
        "ece": ece(y, p),
        "lift10": lift(y, p),
        "n": len(y),
        "conversions": int(y.sum()),
    }
