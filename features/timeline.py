"""Activities in time: what could be seen of each lead, and of its account, as of an instant.

An activity counts only if it had occurred *and been recorded* by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.arrays import Floats, Instants, Ints, Texts, days_between, texts


@dataclass(frozen=True)
class Activities:
    """m activities of any leads, in any order. Arrays of shape (m,).

    `recorded_at` NaT means "recorded when it occurred".
    """

    lead: Texts
    account: Texts
    occurred_at: Instants
    recorded_at: Instants
    channel: Texts
    kind: Texts
    team: Texts
    value: Floats

    def __len__(self) -> int:
        return len(self.lead)

    @property
    def visible_at(self) -> Instants:
        """When each could first be seen: occurred and recorded."""
        recorded = np.where(np.isnat(self.recorded_at), self.occurred_at, self.recorded_at)
        return np.maximum(recorded, self.occurred_at)

    def take(self, rows: Any) -> Activities:
        """The same activities at `rows` (indices, a mask or a slice)."""
        return Activities(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Touches:
    """Visible (lead, activity) pairs, ordered by lead and then from old to new. Shape (t,).

    Attributes:
        n: how many leads were asked for.
        row: the lead's position, 0 to n - 1, ascending.
        age: days from the activity to the lead's as-of instant, 0 or more.
    """

    n: int
    row: Ints
    age: Floats
    channel: Texts
    kind: Texts
    team: Texts
    value: Floats
    by: Texts

    def where(self, mask: Any) -> Touches:
        """The touches that `mask` (t,) picks."""
        columns = (getattr(self, name)[mask] for name in list(self.__dataclass_fields__)[1:])
        return Touches(self.n, *columns)

    def take(self, rows: Ints) -> Touches:
        """The touches of the leads at `rows`, under their new positions; one may be taken twice."""
        sizes = np.bincount(self.row, minlength=self.n)
        size = sizes[rows]
        row = np.repeat(np.arange(len(rows)), size)
        within = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
        found = self.where(np.repeat((np.cumsum(sizes) - sizes)[rows], size) + within)
        return replace(found, n=len(rows), row=row)

    def count(self, weights: Floats | None = None) -> Floats:
        """Touches per lead, or the sum of their `weights`; shape (n,)."""
        return np.bincount(self.row, weights, minlength=self.n).astype(np.float64)


@dataclass(frozen=True)
class Seen:
    """What could be seen of n leads: their own touches and those of colleagues at the account."""

    own: Touches
    colleagues: Touches

    def take(self, rows: Ints) -> Seen:
        """What could be seen of the leads at `rows`; one may be taken twice."""
        return Seen(self.own.take(rows), self.colleagues.take(rows))


def stack(parts: Sequence[Seen]) -> Seen:
    """What could be seen of the leads of every part, one part after the other."""
    return Seen(_stacked([p.own for p in parts]), _stacked([p.colleagues for p in parts]))


def _stacked(parts: Sequence[Touches]) -> Touches:
    first = np.cumsum([0, *(p.n for p in parts)])
    row = np.concatenate([p.row + at for p, at in zip(parts, first[:-1], strict=True)])
    names = list(Touches.__dataclass_fields__)[2:]
    columns = (np.concatenate([getattr(p, name) for p in parts]) for name in names)
    return Touches(int(first[-1]), row, *columns)


def see(leads: Texts, accounts: Texts, as_of: Instants, activities: Activities) -> Seen:
    """What was visible of each lead at its own instant. Arguments but the last of shape (n,).

    The same lead may be asked for at several instants. A lead whose `as_of` is NaT sees nothing.
    """
    own = _pairs(leads, as_of, activities, activities.lead)
    at_account = _pairs(accounts, as_of, activities, activities.account)
    other = at_account.by != leads[at_account.row]
    return Seen(own, at_account.where(other))


def _pairs(keys: Texts, as_of: Instants, activities: Activities, of: Texts) -> Touches:
    """Join rows with activities by key, keeping what was visible."""
    n = len(keys)
    code: dict[Any, int] = {}
    row_code = np.array([_code(code, key) for key in keys], dtype=np.int64)
    found = np.fromiter((code.get(k, -1) for k in of), dtype=np.int64, count=len(of))
    # Touches of one instant are ordered by what they are: whoever delivers them in another order
    # changes nothing.
    ties = [
        _alphabetic(labels) for labels in (activities.team, activities.channel, activities.kind)
    ]
    order = np.lexsort((*ties, activities.occurred_at, found))
    order = order[found[order] >= 0]
    counts = np.bincount(found[order], minlength=len(code) + 1)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    counts[-1] = 0  # the slot of rows without a key
    size = counts[row_code]
    row = np.repeat(np.arange(n), size)
    within = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    pick = order[np.repeat(starts[row_code], size) + within]
    visible = activities.visible_at[pick] <= as_of[row]
    row, pick = row[visible], pick[visible]
    age = days_between(as_of[row], activities.occurred_at[pick])
    a = activities
    labels = (a.channel[pick], a.kind[pick], a.team[pick])
    return Touches(n, row, age, *labels, a.value[pick], a.lead[pick])


def _alphabetic(labels: Texts) -> Ints:
    """Each label's place in alphabetic order."""
    place = {label: i for i, label in enumerate(sorted(set(labels)))}
    return np.fromiter((place[label] for label in labels), dtype=np.int64, count=len(labels))


def _code(code: dict[Any, int], key: object) -> int:
    return -1 if key is None else code.setdefault(key, len(code))


def no_activities() -> Activities:
    """A history without activities."""
    empty, at = texts([]), np.array([], dtype="datetime64[us]")
    return Activities(empty, empty, at, at, empty, empty, empty, np.array([], dtype=np.float64))


def join(parts: Sequence[Activities]) -> Activities:
    """Several histories as one, in the order given."""
    if not parts:
        return no_activities()
    names = Activities.__dataclass_fields__
    return Activities(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))
