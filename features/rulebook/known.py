"""What conditions look at: facts and activities of n leads, their texts coded once for all rules.

A rulebook asks the same few columns again and again. Each text column is told apart by its distinct
values once; every test of it is then decided once per distinct value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

import numpy as np

from features.arrays import Column, Flags, Floats, Instants, Ints
from features.rulebook.conditions import Which, Whose
from features.timeline import Touches


class Coded:
    """A text column as codes into its distinct values, casefolded; None is a value of its own.

    Attributes:
        codes: (n,) places in `values`.
        values: the distinct values.
    """

    def __init__(self, column: Column) -> None:
        place: defaultdict[object, int] = defaultdict(count().__next__)
        codes = np.fromiter(map(place.__getitem__, column.tolist()), np.int64, count=len(column))
        folded = [None if v is None else str(v).casefold() for v in place]
        merged = {v: i for i, v in enumerate(dict.fromkeys(folded))}
        self.values = tuple(merged)
        self.codes = codes
        if len(merged) < len(folded):
            self.codes = np.array([merged[v] for v in folded], dtype=np.int64)[codes]

    def passing(self, test: Callable[[str], bool]) -> Flags:
        """Which of the distinct values are given and pass `test`. Shape of `values`."""
        return np.array([v is not None and test(v) for v in self.values], dtype=bool)

    def where(self, test: Callable[[str], bool], at: Ints | None = None) -> Flags:
        """Which values are given and pass `test`: of all, shape (n,), or of those at `at`."""
        return self.passing(test)[self.codes if at is None else self.codes[at]]

    @cached_property
    def missing(self) -> Flags:
        """Which values are not given. Shape (n,)."""
        return np.array([v is None for v in self.values], dtype=bool)[self.codes]

    @cached_property
    def places(self) -> list[Ints]:
        """Per distinct value where it stands, ascending."""
        small = np.uint16 if len(self.values) <= 2**16 else np.int64  # few values sort faster
        order = np.argsort(self.codes.astype(small), kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.codes, minlength=len(self.values)))[:-1])


class Acts:
    """Touches of n leads that know which of them an activity test asks for."""

    def __init__(self, touches: Touches) -> None:
        self.touches = touches
        self._found: dict[Which, Ints] = {}

    @cached_property
    def channel(self) -> Coded:
        """The touches' channels."""
        return Coded(self.touches.channel)

    @cached_property
    def kind(self) -> Coded:
        """The touches' kinds."""
        return Coded(self.touches.kind)

    @cached_property
    def team(self) -> Coded:
        """The touches' teams."""
        return Coded(self.touches.team)

    @cached_property
    def by(self) -> Coded:
        """The leads whose touches these are."""
        return Coded(self.touches.by)

    def matches(self, which: Which, at: Ints) -> Flags:
        """Which of the touches at `at` are such activities. Shape as `at`."""
        mask = np.ones(len(at), dtype=bool)
        if which.kinds is not None:
            mask &= self.kind.where(which.kinds.__contains__, at)
        if which.channels is not None:
            mask &= self.channel.where(which.channels.__contains__, at)
        if which.team is not None:
            mask &= self.team.where(which.team.__eq__, at)
        return mask

    def find(self, which: Which, within_days: float | None = None) -> Ints:
        """Places of such touches, ordered by lead and then from old to new."""
        if which not in self._found:
            at = np.arange(len(self.touches.row)) if which.kinds is None else self._of(which.kinds)
            self._found[which] = at[self.matches(which, at)]
        at = self._found[which]
        return at if within_days is None else at[self.touches.age[at] <= within_days]

    def _of(self, kinds: frozenset[str]) -> Ints:
        codes = np.flatnonzero(self.kind.passing(kinds.__contains__))
        found = [self.kind.places[code] for code in codes.tolist()]
        if len(found) == 1:
            return found[0]
        return np.sort(np.concatenate([*found, np.zeros(0, dtype=np.int64)]))

    def count(self, at: Ints, weights: Floats | None = None) -> Column:
        """Per lead how many of the touches at `at`, or the sum of their `weights`. Shape (n,)."""
        t = self.touches
        return np.bincount(t.row[at], weights, minlength=t.n)


@dataclass(frozen=True)
class Facts:
    """What conditions may ask of n leads.

    Attributes:
        columns: named facts, each (n,).
        own: the leads' own touches.
        colleagues: touches of others at their accounts; None where nobody may ask for them.
        as_of: (n,) instants; None where nobody may ask which criteria have ended by then.
    """

    n: int
    columns: Mapping[str, Column]
    own: Touches
    colleagues: Touches | None = None
    as_of: Instants | None = None
    _coded: dict[str, Coded] = field(default_factory=dict, repr=False, compare=False)
    _acts: dict[Whose | None, Acts] = field(default_factory=dict, repr=False, compare=False)

    def coded(self, name: str) -> Coded:
        """The text column of that name."""
        if name not in self._coded:
            self._coded[name] = Coded(self.columns[name])
        return self._coded[name]

    def acts(self, by: Whose | None) -> Acts:
        """The activities of whom a test asks about."""
        if by not in self._acts:
            self._acts[by] = Acts(self._touches(by))
        return self._acts[by]

    def _touches(self, by: Whose | None) -> Touches:
        if by is None:
            return self.own
        if self.colleagues is None:
            raise KeyError("these facts hold no activities of colleagues")
        return self.colleagues if by == "colleagues" else _together(self.own, self.colleagues)


def _together(own: Touches, colleagues: Touches) -> Touches:
    """Both as one, ordered as `features.timeline` orders touches."""
    names = list(own.__dataclass_fields__)[1:]
    both = Touches(
        own.n, *(np.concatenate([getattr(own, k), getattr(colleagues, k)]) for k in names)
    )
    labels = (both.team, both.channel, both.kind)
    ties = [np.unique(c.astype(str), return_inverse=True)[1] for c in labels]
    return both.where(np.lexsort((*ties, -both.age, both.row)))
