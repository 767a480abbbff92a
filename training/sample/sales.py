"""What sales does: limited capacity, cherry-picking, calls, returns with reasons, wins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import Flags, Floats, Texts, texts
from training.sample.journeys import Journeys
from training.sample.people import People
from training.sample.truth import YEAR_DAYS, stay_likelihood

CAPACITY = 0.6
"""Share of new leads that sales can work in a week."""
PATIENCE_DAYS = 14.0
"""A lead that nobody picked within two weeks is never worked."""
WIN_AFTER_DAYS, WIN_SPREAD, WIN_BY = 30.0, 0.6, 88.0
"""Median days from creation to a win, log-normal spread, and the latest."""


@dataclass(frozen=True)
class Handling:
    """How sales handled n leads. Arrays of shape (n,); days count from the start, NaN = never.

    Attributes:
        picked: when sales accepted the lead.
        returned: when it gave the lead back, and `reason` why.
        won, lost: when it ended; `amount` in EUR for wins.
        left: when a customer who was won was one no more.
        explored: whether sales had left it behind and then worked it by lot.
    """

    picked: Floats
    returned: Floats
    won: Floats
    lost: Floats
    left: Floats
    amount: Floats
    reason: Texts
    explored: Flags

    @property
    def worked(self) -> Flags:
        """Whether sales worked the lead at all."""
        return ~np.isnan(self.picked)

    @property
    def decided(self) -> Floats:
        """When nothing more was to happen; infinity while open."""
        ends = np.fmin(np.fmin(self.won, self.lost), self.returned)
        return np.asarray(np.where(np.isnan(ends), np.inf, ends))


def handle(
    people: People,
    likelihood: Floats,
    fit: Floats,
    days: float,
    exploration: float,
    rng: np.random.Generator,
) -> Handling:
    """Let sales work the history. `likelihood` is the truth if worked, `fit` what shows."""
    n = len(people.day)
    picked = _pick(people, fit, rng)
    explored = _explore(people, picked, exploration, rng.spawn(1)[0])
    worked = ~np.isnan(picked)
    converts = worked & (rng.random(n) < likelihood)
    delay = np.exp(np.log(WIN_AFTER_DAYS) + WIN_SPREAD * rng.normal(0, 1, n))
    won = people.day + np.minimum(np.maximum(delay, picked - people.day + 2), WIN_BY)
    # The worse the fit, the sooner a rep gives it back.
    gives_back = rng.random(n) < 1 / (1 + np.exp(0.6 + 0.9 * (fit - fit.mean())))
    returns = worked & ~converts & gives_back
    returned = picked + rng.exponential(6.0, n) + 0.2
    loses = worked & ~converts & ~returns
    lost = people.day + 20 + rng.exponential(45.0, n)
    size = np.exp(9.2 + 0.35 * np.log(people.employees) + rng.normal(0, 0.5, n) - 1.4)
    amount = np.where(converts, np.round(size, -2), np.nan)
    reason = _reasons(people, returns, loses, rng)

    def told(day: Floats, happened: Flags) -> Floats:
        return np.where(happened & (day <= days), day, np.nan)

    return Handling(
        np.where(picked <= days, picked, np.nan),
        told(returned, returns),
        told(won, converts),
        told(lost, loses),
        told(_leave(people, won, rng.spawn(1)[0]), converts),
        amount,
        reason,
        explored,
    )


def _leave(people: People, won: Floats, rng: np.random.Generator) -> Floats:
    """When each would leave if it were won, at a constant rate: `stay_likelihood` over a year.

    Its own generator, as nothing else hangs on it.
    """
    rate = -np.log(stay_likelihood(people.facts)) / YEAR_DAYS
    return np.asarray(won + rng.exponential(1.0, len(won)) / rate)


def _pick(people: People, fit: Floats, rng: np.random.Generator) -> Floats:
    """Every week sales takes the leads it likes best, up to its capacity."""
    n = len(people.day)
    # Reps go by what shows, and by a hunch that no field records but intent moves.
    liking = fit + 0.5 * people.intent + rng.normal(0, 0.9, n)
    picked = np.full(n, np.nan)
    first = np.searchsorted(people.day, np.arange(0.0, people.day[-1] + 28, 7.0))
    for week in range(1, len(first)):
        new = first[week] - first[week - 1]
        oldest = first[max(0, week - int(PATIENCE_DAYS // 7))]
        waiting = np.arange(oldest, first[week])
        waiting = waiting[np.isnan(picked[waiting])]
        best = waiting[np.argsort(-liking[waiting], kind="stable")[: round(CAPACITY * new)]]
        picked[best] = 7.0 * week + rng.random(len(best)) * 4.5
    return picked


def _explore(people: People, picked: Floats, share: float, rng: np.random.Generator) -> Flags:
    """Of the leads left behind a share, drawn by lot, is worked in the week after; sets `picked`.

    Its own generator: the same company with and without it differs in nothing else that is drawn
    before.
    """
    n = len(picked)
    drawn = np.isnan(picked) & (rng.random(n) < share)
    picked[drawn] = people.day[drawn] + PATIENCE_DAYS + 7.0 * rng.random(int(drawn.sum()))
    return drawn


def _reasons(people: People, returns: Flags, loses: Flags, rng: np.random.Generator) -> Texts:
    n = len(people.day)
    usual = ("not_in_market", "no_budget", "bad_contact_data", "duplicate", "competitor")
    drawn = rng.choice(len(usual), n, p=[0.45, 0.25, 0.15, 0.08, 0.07])
    reason = texts(usual[i] for i in drawn)
    reason[people.facts.level == "student"] = "student"
    small = (people.facts.size == "under 50") & (rng.random(n) < 0.5)
    reason[small & (people.facts.level != "student")] = "too_small"
    why_lost = ("no_decision", "price", "competitor", "no_budget")
    lost_for = texts(why_lost[i] for i in rng.choice(4, n, p=[0.45, 0.2, 0.2, 0.15]))
    found = texts([None] * n)
    found[returns], found[loses] = reason[returns], lost_for[loses]
    return found


def sales_touches(
    people: People, handling: Handling, days: float, rng: np.random.Generator
) -> Journeys:
    """Calls and meetings of the leads that were worked, until they are decided."""
    worked = np.flatnonzero(handling.worked)
    end = np.minimum(handling.decided, days)
    calls = 1 + rng.poisson(2.0 + 0.8 * np.maximum(people.intent[worked], 0))
    lead = np.repeat(worked, calls)
    number = np.arange(len(lead)) - np.repeat(np.cumsum(calls) - calls, calls)
    day = handling.picked[lead] + 0.1 + number * rng.exponential(4.0, len(lead))
    reached = rng.random(len(lead)) < 1 / (1 + np.exp(0.5 - 0.5 * people.intent[lead]))
    meets = reached & (number > 0) & (rng.random(len(lead)) < 0.25)
    kind = np.where(meets, "meeting_held", np.where(reached, "call_connected", "call_attempted"))
    kept = day <= end[lead]
    lead, day, kind = lead[kept], day[kept], kind[kept]
    seconds = np.where(kind == "call_attempted", np.nan, rng.integers(60, 1800, len(lead)))
    labels = (texts(["phone"] * len(lead)), texts(kind.tolist()), texts(["sales"] * len(lead)))
    recorded = day + np.where(rng.random(len(lead)) < 0.1, rng.exponential(1.5, len(lead)), 0.05)
    return Journeys(lead, day, recorded, *labels, seconds.astype(np.float64))
