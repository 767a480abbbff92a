"""Pictures of an evaluation for MLflow: reliability and lift. Matplotlib without a screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from models.reliability import diagram
from training.evaluate import Evaluation

_PENCIL, _EDGE, _BAND = "#AB450C", "#78828A", "#DCE1DB"


def _figure(title: str, simulated: bool) -> tuple[Figure, Any]:
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title} (simulated company)" if simulated else title, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def reliability_plot(evaluation: Evaluation, simulated: bool) -> Figure:
    """CORP diagram: recalibrated over told likelihood, and the band that true ones keep to."""
    figure, axes = _figure("What was told, and what happened", simulated)
    found = diagram(evaluation.y, evaluation.p)
    told = [edge for s in found.steps for edge in (s.start, s.end)]
    happened = [s.happened for s in found.steps for _ in range(2)]
    most = min(1.0, max(*told, *happened) * 1.05)
    axes.fill_between(found.at, found.low, found.high, color=_BAND, lw=0)
    axes.plot([0, most], [0, most], "--", color=_EDGE, lw=1)
    axes.plot(told, happened, color=_PENCIL)
    axes.set_xlim(0, most)
    axes.set_ylim(0, most)
    axes.set_xlabel("told likelihood (band: 90 % when every likelihood is true)")
    axes.set_ylabel(f"observed conversion, {evaluation.tested:,} leads")
    return figure


def lift_plot(evaluation: Evaluation, simulated: bool) -> Figure:
    """Share of conversions caught against share of leads worked, best scores first."""
    figure, axes = _figure("Conversions caught by the best scores", simulated)
    caught = np.cumsum(evaluation.y[np.argsort(-evaluation.p, kind="stable")])
    worked = np.arange(1, len(caught) + 1) / len(caught)
    axes.plot(worked, caught / caught[-1], color=_PENCIL)
    axes.plot([0, 1], [0, 1], "--", color=_EDGE, lw=1)
    axes.set_xlabel("share of leads worked")
    axes.set_ylabel("share of conversions caught")
    return figure
