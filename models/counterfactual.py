"""What would lift a lead: the smallest sets of changes that a team can bring about.

Sets of one change, of two and of three are tried in this order, so nothing smaller is missed where
every set was tried. Where there are too many, those come first whose changes promise most by
themselves. A field takes one value in a set; an activity is proposed once more only beside its
first time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import comb

import numpy as np

from features.arrays import texts
from features.fields import ActionableActivity
from features.timeline import Activities, Seen
from features.values import Value
from models.handover import as_shown
from models.scorer import Scorer
from models.variants import Subject, snapshot_of

MOST_CHANGES = 3
MOST_VARIANTS = 4000
"""Variants of one lead that are scored at most."""
MOST_TOUCHES = 1_000_000
"""Activities that are looked at in all of them at most: a lead with many is tried less often."""
_CHUNK = 1000
"""Variants that are scored together."""
_PASSED = 25
"""Sets that are looked at, for some contradict themselves, for each that is scored."""
_OF_EACH = 8
"""Values of one field that are tried together with others at least, where all are too many."""


@dataclass(frozen=True)
class Change:
    """One change: a field's value, or an activity.

    Attributes:
        key: what is changed; two values of one field share it.
        name, value: of the field; "" for an activity.
        activity: that happens once more; None for a field.
        nth: 1 for its first time, 2 for once more, ...
    """

    key: str
    name: str = ""
    value: Value = None
    activity: ActionableActivity | None = None
    nth: int = 1


@dataclass(frozen=True)
class Lift:
    """A set of changes, and what it leads to.

    Attributes:
        changes: of the set.
        exact: score.
        moved: points between this score and the one that the lead has.
        barred: whether a disqualifier keeps the lead back.
    """

    changes: tuple[Change, ...]
    exact: float
    moved: float
    barred: bool

    @property
    def changed(self) -> frozenset[tuple[str, int]]:
        """What is changed, whatever to."""
        return frozenset((c.key, c.nth) for c in self.changes)


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        lifts: that reach the goal, cheapest first: fewest changes, then fewest points moved. None
            changes what another changes and more.
        best: that leads highest, whether or not it reaches the goal; None when nothing was tried.
        tried: how many sets were scored.
        every: every set of up to so many changes was tried.
    """

    lifts: tuple[Lift, ...]
    best: Lift | None
    tried: int
    every: int


def happening(changes: Sequence[Change], subject: Subject) -> Activities:
    """The activities of a set, as if they happened at the lead's instant."""
    acts = [c.activity for c in changes if c.activity is not None]
    n = len(acts)
    return Activities(
        lead=texts([subject.lead] * n),
        account=texts([subject.account] * n),
        occurred_at=np.full(n, subject.as_of),
        recorded_at=np.full(n, subject.as_of),
        channel=texts(a.channel for a in acts),
        kind=texts(a.kind for a in acts),
        team=texts(a.team for a in acts),
        value=np.full(n, np.nan),
    )


def search(
    scorer: Scorer,
    subject: Subject,
    changes: Sequence[Change],
    least: float,
    wanted: int,
    most_changes: int = MOST_CHANGES,
    *,
    hand_over: bool = False,
) -> Found:
    """The cheapest sets of `changes` by which a lead's shown score reaches `least`.

    Args:
        changes: that may be made, in an order that decides ties.
        least: the score to be reached, 0 to 100.
        wanted: how many sets are looked for.
        most_changes: in one set.
        hand_over: no disqualifier may keep the lead back besides.
    """
    trial = _Trial(scorer, subject)
    promise: dict[str, float] = {}
    lifts: list[Lift] = []
    best: list[Lift] = []
    every = 0
    for size in range(1, most_changes + 1):
        sets, whole = _sets(changes, promise, size, trial.left)
        tried = trial.lifts(sets)
        if size == 1:
            promise = {_name(*lift.changes): lift.exact for lift in tried}
        if whole and every == size - 1:
            every = size
        # A change that adds nothing but floating point's dust makes no set better.
        best = sorted([*best, *tried], key=lambda f: (hand_over and f.barred, -round(f.exact, 9)))[
            :1
        ]
        shown = as_shown(np.array([f.exact for f in tried]))
        reached = [
            f
            for f, x in zip(tried, shown, strict=True)
            if x >= least and not (hand_over and f.barred)
        ]
        lifts += _cheapest(reached, lifts)
        if len(lifts) >= wanted or not trial.left:
            break
    return Found(tuple(lifts[:wanted]), best[0] if best else None, trial.tried, every)


def _name(change: Change) -> str:
    """Of a change, once or once more."""
    return change.key if change.activity else f"{change.key} {change.value}"


Set = tuple[Change, ...]


def _sets(
    changes: Sequence[Change], promise: dict[str, float], size: int, most: int
) -> tuple[list[Set], bool]:
    """At most `most` sets of this size, the most promising first, and whether these are all."""
    whole = comb(len(changes), size) <= _PASSED * most
    each = _OF_EACH
    while not whole and comb(len(_best(changes, promise, 2 * each)), size) <= _PASSED * most:
        each *= 2
    changes = changes if whole else _best(changes, promise, each)
    gains = [promise.get(_name(c), 0.0) for c in changes]
    order = sorted(range(len(changes)), key=lambda k: -gains[k])
    found: list[Set] = []
    for places in islice(_best_first([gains[k] for k in order], size), _PASSED * most):
        told = tuple(changes[k] for k in sorted(order[p] for p in places))
        if _possible(told):
            found.append(told)
        if len(found) > most:
            return found[:most], False
    return found, whole


def _best(changes: Sequence[Change], promise: dict[str, float], each: int) -> Sequence[Change]:
    """Of each field only the values that promise most, or one field's would crowd out all sets."""
    place: dict[str, int] = {}
    kept = set()
    for change in sorted(changes, key=lambda c: -promise.get(_name(c), 0.0)):
        place[change.key] = place.get(change.key, 0) + 1
        if place[change.key] <= each:
            kept.add(id(change))
    return [c for c in changes if id(c) in kept]


def _best_first(gains: Sequence[float], size: int) -> Iterator[tuple[int, ...]]:
    """Places of every `size` of the descending `gains`, the largest sum first."""
    n = len(gains)
    if n < size:
        return
    first = tuple(range(size))
    heap, seen = [(-sum(gains[:size]), first)], {first}
    while heap:
        _, places = heapq.heappop(heap)
        yield places
        for i, place in enumerate(places):
            end = places[i + 1] if i + 1 < size else n
            after = (*places[:i], place + 1, *places[i + 1 :])
            if place + 1 < end and after not in seen:
                seen.add(after)
                heapq.heappush(heap, (-sum(gains[p] for p in after), after))


def _possible(told: Set) -> bool:
    """Whether each field takes one value, and no activity happens again before its first time."""
    times: dict[str, list[int]] = {}
    for change in told:
        times.setdefault(change.key, []).append(change.nth)
    return all(sorted(nth) == list(range(1, len(nth) + 1)) for nth in times.values())


def _cheapest(reached: Sequence[Lift], before: Sequence[Lift]) -> list[Lift]:
    """Of sets that change the same things the one that moves least; least first.

    Sets that change all that a set in `before` changes, and more, are left out.
    """
    found: dict[frozenset[tuple[str, int]], Lift] = {}
    for lift in sorted(reached, key=lambda f: f.moved):
        if not any(lift.changed >= other.changed for other in before):
            found.setdefault(lift.changed, lift)
    return list(found.values())


class _Trial:
    """Scores sets of changes of one lead, as many as may be."""

    def __init__(self, scorer: Scorer, subject: Subject) -> None:
        self._scorer, self._subject = scorer, subject
        self._most = min(MOST_VARIANTS, MOST_TOUCHES // (1 + len(subject.activities)))
        self._seen: dict[tuple[str, ...], Seen] = {}
        self._start = float(scorer.glance(subject.snapshot())[0][0])
        self.tried = 0

    @property
    def left(self) -> int:
        """How many more may be scored."""
        return self._most - self.tried

    def lifts(self, sets: Sequence[Set]) -> list[Lift]:
        """What each set leads to."""
        self.tried += len(sets)
        chunks = [sets[at : at + _CHUNK] for at in range(0, len(sets), _CHUNK)]
        return [lift for chunk in chunks for lift in self._lifts(chunk)]

    def _lifts(self, sets: Sequence[Set]) -> list[Lift]:
        changes = [{c.name: c.value for c in told if c.activity is None} for told in sets]
        names = [tuple(c.key for c in told if c.activity is not None) for told in sets]
        for name, told in zip(names, sets, strict=True):
            if name not in self._seen:
                self._seen[name] = self._subject.seen([happening(told, self._subject)])
        distinct = list(dict.fromkeys(names))
        which = np.array([distinct.index(name) for name in names])
        seen = [self._seen[name] for name in distinct]
        snapshot = snapshot_of(self._subject, changes, seen, which, self._scorer.fields)
        exact, barred = (told.tolist() for told in self._scorer.glance(snapshot))
        return [
            Lift(told, x, abs(x - self._start), out)
            for told, x, out in zip(sets, exact, barred, strict=True)
        ]
