"""The figures of a model's card as pictures: where everything stands in %. No HTML here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_EDGE = 1.06
"""Room above the highest value of an axis."""
_TALL = 40
"""Pixels of a histogram's highest bar."""


@dataclass(frozen=True)
class Reliability:
    """A CORP diagram (Dimitriadis, Gneiting & Jordan 2021), told on x and happened on y.

    Attributes:
        top: the end of both axes, a likelihood.
        band: points of the band's outline, `x,y` in a box of 100 by 100, y downwards.
        line: points of the isotonic steps.
        ticks: (place in %, in words), of both axes.
        bars: (place in %, width in %, height in px) of how often each likelihood was told.
        says: the finding in a sentence.
        rows: told from, told to, happened, leads of each step.
    """

    top: float
    band: str
    line: str
    ticks: tuple[tuple[float, str], ...]
    bars: tuple[tuple[float, float, float], ...]
    says: str
    rows: tuple[tuple[str, str, str, str], ...]


def reliability(
    corp: Mapping[str, Any] | None, histogram: Sequence[int] | None
) -> Reliability | None:
    """The diagram of a card's `corp`; None where there are too few leads.

    Args:
        histogram: how many leads were told a likelihood in each of equal parts of 0 to 1.
    """
    if not corp or not corp["steps"]:
        return None
    steps = corp["steps"]
    top = min(1.0, _EDGE * max(*(s["end"] for s in steps), *corp["high"], 0.05))

    def x(p: float) -> float:
        return float(round(100 * min(p, top) / top, 1))

    def y(p: float) -> float:
        return round(100 - x(p), 1)

    there = [f"{x(p)},{y(h)}" for p, h in zip(corp["at"], corp["high"], strict=True)]
    back = [f"{x(p)},{y(low)}" for p, low in zip(corp["at"], corp["low"], strict=True)][::-1]
    line = [f"{x(s[end])},{y(s['happened'])}" for s in steps for end in ("start", "end")]
    brier = corp["brier"]
    says = (
        f"Of a Brier score of {brier['score']:.4f}, {brier['miscalibration']:.4f} is "
        f"miscalibration and {brier['discrimination']:.4f} is what it tells apart; "
        f"{100 * corp['outside']:.0f} in 100 leads lie outside the band."
    )
    ticks = tuple((25.0 * k, f"{25 * k * top:.0f}") for k in range(5))
    rows = tuple(
        (
            f"{100 * s['start']:.1f}",
            f"{100 * s['end']:.1f}",
            f"{100 * s['happened']:.1f}",
            f"{s['leads']:,}",
        )
        for s in steps
    )
    bars = _bars(histogram or (), top)
    return Reliability(top, " ".join([*there, *back]), " ".join(line), ticks, bars, says, rows)


def _bars(counts: Sequence[int], top: float) -> tuple[tuple[float, float, float], ...]:
    """A histogram's bars on an axis that ends at `top`; what is cut off at its end holds nobody."""
    wide, most = 100 / max(len(counts), 1) / top, max(counts, default=0)
    return tuple(
        (
            round(k * wide, 2),
            round(0.86 * min(wide, 100 - k * wide), 2),
            max(1.0, round(_TALL * n / most, 1)),
        )
        for k, n in enumerate(counts)
        if n and k * wide < 100
    )


def curve(gain: Sequence[float]) -> str:
    """A gain curve, conversions caught by the best share of leads, as points in 100 by 100."""
    n = max(len(gain) - 1, 1)
    return " ".join(f"{100 * k / n:.1f},{100 - 100 * g:.1f}" for k, g in enumerate(gain))


def drift(compared: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A card's `drift`: of every pair of parts the inputs that moved beyond chance, worst first."""
    return [
        {name: part[name] for name in ("older", "newer", "judged", "rate_moved")}
        | {"moved": [f for f in part["fields"] if f["verdict"] != "stable"]}
        for part in compared
    ]


def segment_rows(
    told: Sequence[tuple[str, Sequence[Mapping[str, Any]]]],
) -> list[tuple[str, list[tuple[str, Mapping[str, Any] | None]]]]:
    """Groups of leads side by side: name, and each role's figures of it, None where it has none.

    Args:
        told: role and its card's segments.
    """
    by = [(role, {f"{g['by']}: {g['value']}": g for g in groups}) for role, groups in told]
    names = dict.fromkeys(name for _, found in by for name in found)
    return [(name, [(role, found.get(name)) for role, found in by]) for name in names]
