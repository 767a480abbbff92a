"""Features of activities, as of an instant: what a lead did, and what its colleagues did.

Ages are days before the lead's as-of instant. A lead without touches has counts of 0 and
missing recencies.
"""

from __future__ import annotations

import numpy as np

from features.arrays import Floats, Texts, texts
from features.declare import feature
from features.timeline import Touches

HALF_LIFE_DAYS = 14.0
"""After two weeks a touch counts half: the usual length of a B2B evaluation step; the estimator
weighs the result, so only its order of magnitude matters."""


@feature(
    unit="days",
    owner="marketing",
    line="recency",
    label="Days since the last touch",
    reason="Last touch {value:.0f} days ago",
)
def days_since_last_touch(own: Touches) -> Floats:
    """Days from the newest visible touch to `as_of`; NaN when there was none. Shape (n,)."""
    return _extreme(own, np.minimum, np.inf)


@feature(
    unit="days",
    owner="marketing",
    line="recency",
    label="Days since the last touch",
    reason="First touch {value:.0f} days ago",
)
def days_since_first_touch(own: Touches) -> Floats:
    """Days from the oldest visible touch to `as_of`; NaN when there was none. Shape (n,)."""
    return _extreme(own, np.maximum, -np.inf)


@feature(
    unit="touches",
    owner="marketing",
    line="channel_{channel}",
    label="Touches by {channel}",
    reason="{value:.0f} by {channel} in {days} days",
    each=("channel", "days"),
)
def touches(own: Touches, channel: str, days: float) -> Floats:
    """Touches on one channel within the last `days`. Shape (n,)."""
    return own.count(((own.channel == channel) & (own.age <= days)).astype(np.float64))


@feature(
    unit="touches",
    owner="marketing",
    line="kind_{kind}",
    label="{kind}",
    reason="{value:.0f} times in 90 days",
    each=("kind",),
)
def happened(own: Touches, kind: str) -> Floats:
    """Activities of one kind within the last 90 days. Shape (n,)."""
    return own.count(((own.kind == kind) & (own.age <= 90)).astype(np.float64))


@feature(
    unit="fading touches",
    owner="joint",
    line="intensity_{team}",
    label="Recent activity by {team}",
    reason="{value:.1f} touches, counting half after 14 days",
    each=("team",),
)
def intensity(own: Touches, team: str) -> Floats:
    """Sum over the touches of a team of 2^(-age / 14 days). Shape (n,)."""
    return own.count(np.where(own.team == team, np.exp2(-own.age / HALF_LIFE_DAYS), 0.0))


@feature(
    unit="channels",
    owner="marketing",
    line="breadth",
    label="Channels used",
    reason="{value:.0f} channels in 90 days",
)
def distinct_channels(own: Touches) -> Floats:
    """Different channels within the last 90 days. Shape (n,)."""
    recent = own.where(own.age <= 90)
    code: dict[str, int] = {}
    codes = np.fromiter((code.setdefault(c, len(code)) for c in recent.channel), dtype=np.int64)
    width = max(len(code), 1)
    pairs = np.unique(recent.row * width + codes)
    return np.bincount(pairs // width, minlength=own.n).astype(np.float64)


@feature(
    unit="touches a day",
    owner="marketing",
    line="trend",
    label="Pace of touches",
    reason="{value:+.2f} touches a day, last week against the three before",
)
def trend(own: Touches) -> Floats:
    """Touches a day in the last 7 days less those a day in the 21 before. Shape (n,)."""
    last = own.count((own.age <= 7).astype(np.float64)) / 7
    before = own.count(((own.age > 7) & (own.age <= 28)).astype(np.float64)) / 21
    return last - before


@feature(
    unit="",
    kind="category",
    owner="marketing",
    line="first_channel",
    label="First channel",
    reason="{value}",
)
def first_channel(own: Touches) -> Texts:
    """The channel of the oldest visible touch; None without one. Shape (n,)."""
    return _end(own, own.channel, newest=False)


@feature(
    unit="",
    kind="category",
    owner="marketing",
    line="last_kind",
    label="Last thing that happened",
    reason="{value}",
)
def last_kind(own: Touches) -> Texts:
    """The kind of the newest visible touch; None without one. Shape (n,)."""
    return _end(own, own.kind, newest=True)


@feature(
    unit="touches",
    owner="joint",
    line="colleagues",
    label="Colleagues at the account",
    reason="{value:.0f} touches by colleagues in 30 days",
)
def colleague_touches(colleagues: Touches) -> Floats:
    """Touches by others at the same account within the last 30 days. Shape (n,)."""
    return colleagues.count((colleagues.age <= 30).astype(np.float64))


@feature(
    unit="people",
    owner="joint",
    line="colleagues",
    label="Colleagues at the account",
    reason="{value:.0f} colleagues active in 90 days",
)
def active_colleagues(colleagues: Touches) -> Floats:
    """Different other leads of the account seen within the last 90 days. Shape (n,)."""
    recent = colleagues.where(colleagues.age <= 90)
    pairs = {(row, by) for row, by in zip(recent.row.tolist(), recent.by, strict=True)}
    rows = np.fromiter((row for row, _ in pairs), dtype=np.int64, count=len(pairs))
    return np.bincount(rows, minlength=colleagues.n).astype(np.float64)


def _extreme(own: Touches, pick: np.ufunc, start: float) -> Floats:
    found = np.full(own.n, start)
    pick.at(found, own.row, own.age)
    return np.where(np.isinf(found), np.nan, found)


def _end(own: Touches, labels: Texts, newest: bool) -> Texts:
    # Touches are ordered from old to new, so plain assignment keeps the last one written.
    found = texts([None] * own.n)
    step = 1 if newest else -1
    found[own.row[::step]] = labels[::step]
    return found
