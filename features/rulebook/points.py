"""Agreed points, vectorised: from a snapshot of n leads to what each criterion gives each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from features.arrays import Column, Flags, Floats, Ints
from features.rulebook.conditions import Happened
from features.rulebook.criteria import Bounds, Dimension, Group
from features.rulebook.document import Criterion, Decay, Rulebook
from features.rulebook.holds import holds, last_of_each
from features.rulebook.known import Facts

__all__ = [
    "Agreed",
    "Facts",
    "award",
    "criterion_strength",
    "disqualified",
    "holds",
    "sub_score",
    "tally",
]


@dataclass(frozen=True)
class Agreed:
    """The agreed points of n leads: `total = base + points + caps`, not rounded, not cut.

    Attributes:
        base: points that every lead starts with.
        columns: per criterion, in rulebook order, how much of it applies to each lead: (n,)
            flags, or numbers where it fades or repeats.
        worth: (k,) points of each criterion when it counts once.
        most: (k,) the most often each can count; 1 where nothing bounds it.
        caps: (n, g) what each group's bounds took away (or gave), in group order; where the
            rulebook bounds the total, one column more for what that took away.
        total: (n,) all together.
    """

    base: float
    columns: tuple[Column, ...]
    worth: Floats
    most: Floats
    caps: Floats
    total: Floats

    @cached_property
    def strength(self) -> Floats:
        """(n, k) how much of each criterion applies: 0, or 1 for once, more for repeats."""
        found = np.empty((len(self.total), len(self.columns)))
        for k, column in enumerate(self.columns):
            found[:, k] = column
        return found

    @cached_property
    def share(self) -> Floats:
        """(n, k) strength as a share of the most it can be: 0 to 1, but for uncapped repeats."""
        return self.strength / self.most

    @cached_property
    def points(self) -> Floats:
        """(n, k) points of each criterion: strength times its points."""
        return self.strength * self.worth

    def take(self, rows: Ints) -> Agreed:
        """The agreed points of the leads at `rows`."""
        columns = tuple(column[rows] for column in self.columns)
        return replace(self, columns=columns, caps=self.caps[rows], total=self.total[rows])


def award(rulebook: Rulebook, facts: Facts) -> Agreed:
    """Evaluate a rulebook on n leads.

    Raises:
        KeyError: when a criterion asks for a fact that is not in `facts`; `check` finds these.
    """
    columns = tuple(_applies(criterion, facts) for criterion in rulebook.criteria)
    return tally(rulebook, columns, facts.n)


def tally(rulebook: Rulebook, columns: tuple[Column, ...], n: int) -> Agreed:
    """The points of n leads of whom it is known how much of each criterion applies.

    Args:
        rulebook: whose criteria, groups and bounds.
        columns: see `Agreed`.
        n: how many leads.
    """
    worth = np.array([c.points for c in rulebook.criteria])
    most = np.array([c.most if math.isfinite(c.most) else 1.0 for c in rulebook.criteria])
    caps = np.empty((n, len(rulebook.groups) + (rulebook.total is not None)))
    total = np.full(n, rulebook.base_points)
    for g, (name, group) in enumerate(rulebook.groups.items()):
        # One after the other, so that a lead adds up to the same bits alone and among others.
        here = np.zeros(n)
        for k in members_of(rulebook, name):
            here += columns[k] * worth[k]
        caps[:, g] = cap_of(here, group)
        total += here
        total += caps[:, g]
    if rulebook.total is not None:
        caps[:, -1] = cap_of(total, rulebook.total)
        total += caps[:, -1]
    return Agreed(rulebook.base_points, columns, worth, most, caps, total)


def members_of(rulebook: Rulebook, group: str) -> list[int]:
    """The places of a group's criteria."""
    return [k for k, c in enumerate(rulebook.criteria) if c.group == group]


def cap_of(points: Floats, bounds: Group | Bounds) -> Floats:
    """What bounds take away from points (or give to them). Shape (n,)."""
    low = -np.inf if bounds.at_least is None else bounds.at_least
    high = np.inf if bounds.at_most is None else bounds.at_most
    return np.asarray(np.clip(points, low, high) - points)


def sub_score(rulebook: Rulebook, agreed: Agreed, dimension: Dimension) -> Floats:
    """The agreed points of n leads in one dimension: its groups, each within its bounds. (n,)."""
    found = np.zeros(len(agreed.total))
    names = list(rulebook.groups)
    for g in rulebook.of_dimension(dimension):
        for k in members_of(rulebook, names[g]):
            found += agreed.columns[k] * agreed.worth[k]
        found += agreed.caps[:, g]
    return found


def disqualified(rulebook: Rulebook, facts: Facts) -> Ints:
    """Per lead the place of the first disqualifier that applies, -1 for none. Shape (n,)."""
    found = np.full(facts.n, -1, dtype=np.int64)
    for place, disqualifier in reversed(list(enumerate(rulebook.disqualifiers))):
        found[holds(disqualifier.when, facts)] = place
    return found


def criterion_strength(criterion: Criterion, facts: Facts) -> Floats:
    """How much of one criterion applies to each lead: 0 for not at all, 1 for once in full.

    Fading makes it less, repetition more, up to the criterion's cap. Shape (n,).
    """
    return _applies(criterion, facts).astype(np.float64)


def _applies(criterion: Criterion, facts: Facts) -> Column:
    """The same, as flags where nothing else than 0 and 1 can be."""
    condition = criterion.when
    if isinstance(condition, Happened) and (criterion.count == "repeat" or criterion.decay):
        found = _activity_strength(criterion, condition, facts)
    else:
        found = holds(condition, facts).astype(np.float64)
    return (
        found if criterion.valid_until is None else np.where(_ended(criterion, facts), 0.0, found)
    )


def _ended(criterion: Criterion, facts: Facts) -> Flags:
    if facts.as_of is None:
        raise KeyError(f"criterion {criterion.id} ends, and these facts hold no instants")
    end = np.datetime64(criterion.valid_until, "D") + 1
    return np.asarray(facts.as_of >= end)


def _activity_strength(criterion: Criterion, condition: Happened, facts: Facts) -> Floats:
    found = facts.acts(condition.by)
    at = found.find(condition.activity, condition.within_days)
    weight = _remaining(criterion.decay, found.touches.age[at])
    enough = found.count(at) >= condition.at_least
    if criterion.count == "repeat":
        return np.where(enough, np.minimum(found.count(at, weight), criterion.most), 0.0)
    # Points only fade, so the newest activity is the strongest.
    row = found.touches.row[at]
    newest = last_of_each(row)
    strongest = np.zeros(facts.n)
    strongest[row[newest]] = weight[newest]
    return np.where(enough, strongest, 0.0)


def _remaining(decay: Decay | None, age: Floats) -> Floats:
    if decay is None:
        return np.ones_like(age)
    if decay.half_life_days is not None:
        return np.exp2(-age / decay.half_life_days)
    assert decay.gone_after_days is not None
    return np.clip(1.0 - age / decay.gone_after_days, 0.0, 1.0)
