"""Small drawings as inline SVG: x in %, y in px, text at true size from a phone to a desk.

Blue is agreed, rust is learned, `edge` axes, `band` what chance gives; colours come by class, so
that dark and print need no second drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from training.card_parts import Span

_TOP, _HEIGHT, _BARS = 12, 260, 44


def reliability(data: Mapping[str, Any], title: str, reading: str, key: str) -> Markup:
    """A CORP diagram: band, diagonal, recalibrated steps, and told values counted below.

    `data["ink"]` says whose likelihoods they are: `learned` or `agreed`.
    """
    most = _ceiling([*data["high"], *(s["happened"] for s in data["steps"]), *data["at"]])
    band = _points(data["at"], data["high"], most) + _points(data["at"], data["low"], most)[::-1]
    steps: list[tuple[float, float]] = []
    for s in data["steps"]:
        steps += _points((s["start"], s["end"]), (s["happened"],) * 2, most)
    inner = (
        f'<path class="band" d="{_path(band)}Z"/>'
        f'<path class="diagonal" d="M0 100L100 0"/>'
        f'<path class="{data["ink"]}" d="{_path(steps)}"/>'
    )
    ticks = [most * k / 4 for k in range(5)]
    body = _grid(ticks, most) + _plot(inner) + _labels(ticks, most)
    body += _bars(data["histogram"], most)
    height = _TOP + _HEIGHT + 28 + (_BARS + 8 if data["histogram"] else 0)
    return _chart(body, height, title, reading, key)


def gain(data: Mapping[str, Any], title: str, reading: str, key: str) -> Markup:
    """Share of conversions caught over share of leads worked: learned, agreed, and chance."""
    at = [k / 20 for k in range(21)]
    inner = (
        '<path class="diagonal" d="M0 100L100 0"/>'
        f'<path class="agreed" d="{_path(_points(at, data["rulebook"], 1))}"/>'
        f'<path class="learned" d="{_path(_points(at, data["model"], 1))}"/>'
    )
    ticks = [0, 0.25, 0.5, 0.75, 1]
    body = _grid(ticks, 1) + _plot(inner) + _labels(ticks, 1)
    return _chart(body, _TOP + _HEIGHT + 28, title, reading, key)


def span(found: Span, most: float) -> Markup:
    """A cell: the observed interval with caps, and a dot for what was told."""
    low, high, told = (100 * min(v / most, 1) for v in (found.low, found.high, found.told))
    return Markup(  # noqa: S704  # made of numbers alone
        '<svg class="cell" width="100%" height="18" aria-hidden="true">'
        f'<line class="whisker" x1="{low:.2f}%" x2="{high:.2f}%" y1="9" y2="9"/>'
        f'<line class="whisker" x1="{low:.2f}%" x2="{low:.2f}%" y1="5" y2="13"/>'
        f'<line class="whisker" x1="{high:.2f}%" x2="{high:.2f}%" y1="5" y2="13"/>'
        f'<circle class="told" cx="{told:.2f}%" cy="9" r="3.5"/></svg>'
    )


def _ceiling(values: Sequence[float]) -> float:
    """The next tenth that holds all values."""
    return min(1.0, (int(max(values) * 10 - 1e-9) + 1) / 10)


def _points(x: Sequence[float], y: Sequence[float], most: float) -> list[tuple[float, float]]:
    return [(100 * a / most, 100 - 100 * b / most) for a, b in zip(x, y, strict=True)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def _plot(inner: str) -> str:
    return (
        f'<svg x="0" y="{_TOP}" width="100%" height="{_HEIGHT}" viewBox="0 0 100 100" '
        f'preserveAspectRatio="none">{inner}</svg>'
    )


def _grid(ticks: Sequence[float], most: float) -> str:
    heights = (_TOP + _HEIGHT * (1 - tick / most) for tick in ticks)
    return "".join(
        f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>' for y in heights
    )


def _labels(ticks: Sequence[float], most: float) -> str:
    """Numbers of both axes, in 100; drawn last, so that lines do not cross them."""
    parts = []
    for tick in ticks:
        share, label = 100 * tick / most, f"{100 * tick:g}"
        anchor = "start" if share == 0 else "end" if share == 100 else "middle"
        parts.append(
            f'<text class="axis" x="{share:.1f}%" y="{_TOP + _HEIGHT + 16}" '
            f'text-anchor="{anchor}">{label}</text>'
        )
        if tick:
            y = _TOP + _HEIGHT * (1 - tick / most) - 3
            parts.append(f'<text class="axis" x="2" y="{y:.1f}">{label}</text>')
    return "".join(parts)


def _bars(counts: Sequence[int], most: float) -> str:
    """How often each twentieth was told, under the axis."""
    if not counts:
        return ""
    wide = 100 / len(counts) / most
    base, tallest = _TOP + _HEIGHT + 28 + _BARS, max(counts)
    bars = []
    for k, n in enumerate(counts):
        if n and k * wide < 100:
            tall = max(1.0, (_BARS - 8) * n / tallest)
            bars.append(
                f'<rect class="bar" x="{k * wide:.2f}%" width="{wide * 0.86:.2f}%" '
                f'y="{base - tall:.1f}" height="{tall:.1f}"/>'
            )
    return "".join(bars)


def _chart(body: str, height: int, title: str, reading: str, key: str) -> Markup:
    named = Markup('<title id="{0}-t">{1}</title><desc id="{0}-d">{2}</desc>').format(
        key, title, reading
    )
    head = Markup(
        '<svg class="chart" width="100%" height="{0}" role="img" aria-labelledby="{1}-t {1}-d">'
    ).format(height, key)
    # The body is made of numbers alone.
    return head + named + Markup(body) + Markup("</svg>")  # noqa: S704
