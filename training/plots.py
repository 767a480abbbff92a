"""Pictures of an evaluation for MLflow: reliability and lift. Matplotlib without a screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.evaluate import Evaluation

_INK, _PENCIL, _EDGE = "#1C3F7C", "#AB450C", "#78828A"


def _figure(title: str, simulated: bool) -> tuple[Figure, Any]:
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title} (simulated company)" if simulated else title, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def reliability_plot(evaluation: Evaluation, simulated: bool) -> Figure:
    """Told likelihood against observed conversion, in equal-mass bins, with the diagonal."""
    figure, axes = _figure("What was told, and what happened", simulated)
    rows = evaluation.reliability()
    told, happened = [r["told"] for r in rows], [r["happened"] for r in rows]
    most = max(*told, *happened) * 1.05
    axes.plot([0, most], [0, most], "--", color=_EDGE, lw=1)
    axes.plot(told, happened, "o-", color=_PENCIL)
    axes.set_xlabel("told likelihood")
    axes.set_ylabel(f"observed conversion, {evaluation.tested:,} leads")
    return figure


def lift_plot(evaluation: Evaluation, simulated: bool) -> Figure:
    """Share of conversions caught against share of leads worked, best scores first."""
    figure, axes = _figure("Conversions caught by the best scores", simulated)
    caught = np.cumsum(evaluation.y[np.argsort(-evaluation.p, kind="stable")])
    worked = np.arange(1, len(caught) + 1) / len(caught)
    axes.plot(worked, caught / caught[-1], color=_INK)
    axes.plot([0, 1], [0, 1], "--", color=_EDGE, lw=1)
    axes.set_xlabel("share of leads worked")
    axes.set_ylabel("share of conversions caught")
    return figure
