"""Sets of values that a fact can have, exactly: spans of numbers, texts in and texts out.

A test of a fact is the set of values that pass it, its denial is the complement, and tests that
hold together are the intersection. Whether anything is left decides what `logic` asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from features.rulebook.conditions import Fact
from features.rulebook.holds import as_text


@dataclass(frozen=True, order=True)
class End:
    """An end of a span of numbers: just below `at` (-1), at it (0), or just above it (1)."""

    at: float
    side: int = 0


LOWEST, HIGHEST = End(-math.inf), End(math.inf)


@dataclass(frozen=True)
class Numbers:
    """Disjoint spans of numbers in order, each from its first to its last end, both included."""

    spans: tuple[tuple[End, End], ...] = ((LOWEST, HIGHEST),)

    @property
    def empty(self) -> bool:
        """Whether no number is left."""
        return not self.spans

    def both(self, other: Numbers) -> Numbers:
        """The numbers that are in both."""
        met = ((max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans)
        return Numbers(tuple(sorted((a, b) for a, b in met if a <= b)))

    def others(self) -> Numbers:
        """All other numbers."""
        found, low = [], LOWEST
        for a, b in self.spans:
            found.append((low, _before(a)))
            low = _after(b)
        found.append((low, HIGHEST))
        return Numbers(tuple((a, b) for a, b in found if a <= b))


def _before(end: End) -> End:
    return End(end.at, end.side - 1)


def _after(end: End) -> End:
    return End(end.at, end.side + 1)


def numbers(values: Iterable[float]) -> Numbers:
    """These numbers alone."""
    return Numbers(tuple((End(v), End(v)) for v in sorted(set(values))))


@dataclass(frozen=True)
class Texts:
    """Casefolded texts: those in `names`, or where `but` all texts but those in `names`; of them
    those that contain every text of `having` and none of `lacking`."""

    names: frozenset[str] = frozenset()
    but: bool = True
    having: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether no text is left. Of endless texts one is, unless what it must contain holds what
        it must not."""
        if self.but:
            return any(out in part for part in self.having | {""} for out in self.lacking)
        return not any(self._passes(name) for name in self.names)

    def _passes(self, name: str) -> bool:
        return all(p in name for p in self.having) and not any(p in name for p in self.lacking)

    def both(self, other: Texts) -> Texts:
        """The texts that are in both."""
        if self.but and other.but:
            names, but = self.names | other.names, True
        elif self.but or other.but:
            kept, out = (other, self) if self.but else (self, other)
            names, but = kept.names - out.names, False
        else:
            names, but = self.names & other.names, False
        return Texts(names, but, self.having | other.having, self.lacking | other.lacking)


@dataclass(frozen=True)
class Domain:
    """What a fact can be: some values, and whether it may be missing."""

    values: Numbers | Texts
    missing: bool

    @property
    def empty(self) -> bool:
        """Whether nothing is left, not even to be missing."""
        return self.values.empty and not self.missing

    def both(self, other: Domain) -> Domain:
        """What is in both; they are of one fact, so of one kind."""
        if isinstance(self.values, Numbers):
            assert isinstance(other.values, Numbers)
            values: Numbers | Texts = self.values.both(other.values)
        else:
            assert isinstance(other.values, Texts)
            values = self.values.both(other.values)
        return Domain(values, self.missing and other.missing)


def passing(fact: Fact, number: bool, denied: bool = False) -> Domain:
    """What passes a test of a fact, or where `denied` what does not.

    Args:
        fact: the test.
        number: whether the fact is a number (or a boolean, as 1 and 0); else it is a text.
        denied: whether it must fail. A missing fact passes no test but `missing`.
    """
    if fact.missing is not None:
        every: Numbers | Texts = Numbers() if number else Texts()
        nothing: Numbers | Texts = Numbers(()) if number else Texts(but=False)
        absent = fact.missing != denied
        return Domain(nothing if absent else every, absent)
    if number:
        passed = _numbers_passing(fact)
        return Domain(passed.others() if denied else passed, denied)
    return Domain(_texts_passing(fact, denied), denied)


def _numbers_passing(fact: Fact) -> Numbers:
    if fact.wanted:
        return numbers(float(v) for v in fact.wanted if not isinstance(v, str))
    low, high = fact.between or (-math.inf, math.inf)
    ends = (
        End(low) if fact.at_least is None else End(fact.at_least),
        End(high) if fact.at_most is None else End(fact.at_most),
    )
    if fact.above is not None:
        ends = (End(fact.above, 1), HIGHEST)
    if fact.below is not None:
        ends = (LOWEST, End(fact.below, -1))
    return Numbers((ends,))


def _texts_passing(fact: Fact, denied: bool) -> Texts:
    if fact.contains is not None:
        part = frozenset({fact.contains.casefold()})
        return replace(Texts(), lacking=part) if denied else replace(Texts(), having=part)
    return Texts(frozenset(as_text(v) for v in fact.wanted), but=denied)
