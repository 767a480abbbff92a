"""What leads do: bursts of touches across channels, more and deeper the higher the intent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints, Texts, texts
from training.sample.people import People

CASUAL = (
    ("web", "blog_page"),
    ("email", "email_open"),
    ("social", "social_click"),
    ("web", "product_page"),
    ("email", "email_click"),
    ("webinar", "webinar_registered"),
)
SERIOUS = (
    ("web", "pricing_page"),
    ("web", "demo_page"),
    ("webinar", "webinar_attended"),
    ("event", "event_visited"),
    ("email", "email_reply"),
    ("web", "form_filled"),
)
KINDS = CASUAL + SERIOUS
_CASUAL_SHARES = np.array([0.32, 0.33, 0.12, 0.12, 0.07, 0.04])
_SERIOUS_SHARES = np.array([0.36, 0.2, 0.16, 0.08, 0.12, 0.08])
BURST_EVERY, BURST_SPREAD = 18.0, 0.6
"""Mean days between bursts, and days within which a burst's touches fall."""


@dataclass(frozen=True)
class Journeys:
    """m touches. Arrays of shape (m,); `day` counts from the start of history."""

    lead: Ints
    day: Floats
    recorded: Floats
    channel: Texts
    kind: Texts
    team: Texts
    value: Floats


def draw_journeys(people: People, end: Floats, rng: np.random.Generator) -> Journeys:
    """Marketing's side of every journey, up to each lead's `end` (days, shape (n,))."""
    n = len(people.day)
    # Interest comes in bursts; the first is what made the lead known.
    bursts = 1 + rng.poisson(np.exp(1.2 + 0.75 * people.intent), n)
    owner = np.repeat(np.arange(n), bursts)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(bursts) - bursts, bursts)
    gap = rng.exponential(BURST_EVERY / np.exp(0.15 * people.intent[owner]))
    gap[number == 0] = 0.0
    start = _running_sum(gap, owner)
    size = rng.geometric(np.clip(0.22 - 0.04 * people.intent[owner], 0.08, 0.6))
    lead = np.repeat(owner, size)
    burst = np.repeat(np.arange(len(owner)), size)
    day = people.day[lead] + start[burst] + rng.exponential(BURST_SPREAD, len(lead))
    pick = _kinds(people, lead, number[burst], rng)
    kept = day <= end[lead]
    lead, day, pick = lead[kept], day[kept], pick[kept]
    channel = texts(KINDS[i][0] for i in pick)
    kind = texts(KINDS[i][1] for i in pick)
    minutes = np.where(kind == "webinar_attended", rng.integers(5, 60, len(lead)), np.nan)
    late = np.where(rng.random(len(lead)) < 0.03, rng.exponential(2.0, len(lead)), 0.002)
    team = texts(["marketing"] * len(lead))
    return Journeys(lead, day, day + late, channel, kind, team, minutes.astype(np.float64))


def _running_sum(gap: Floats, owner: Ints) -> Floats:
    total = np.cumsum(gap)
    first = np.concatenate(([True], owner[1:] != owner[:-1]))
    before = np.maximum.accumulate(np.where(first, total - gap, 0.0))
    return np.asarray(total - before)


def _kinds(people: People, lead: Ints, burst: Ints, rng: np.random.Generator) -> Ints:
    # Interest deepens from burst to burst, and faster where intent is high: not additive.
    depth = -1.6 + 0.55 * people.intent[lead] + 0.12 * burst * np.maximum(people.intent[lead], 0)
    serious = rng.random(len(lead)) < 1 / (1 + np.exp(-depth))
    casual = rng.choice(len(CASUAL), len(lead), p=_CASUAL_SHARES)
    deep = len(CASUAL) + rng.choice(len(SERIOUS), len(lead), p=_SERIOUS_SHARES)
    return np.asarray(np.where(serious, deep, casual))
