"""One record of a payload, and values read from it as a mapping says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from features.errors import Problem
from serving.mappings.conversions import NotConverted, as_text, convert
from serving.mappings.pointers import Place, find, steps_of
from serving.mappings.taking import Condition, Conditions, Constant, Ref, Take
from serving.problems import pointer, wrong


@dataclass(frozen=True)
class Taken:
    """What became of one value.

    Attributes:
        told: whether the record says anything of it.
        value: a JSON value; None where it is said that nothing is known.
        place: a pointer into the payload, for errors.
        problem: why it cannot be taken.
        unmapped: a value for which the mapping has no level.
    """

    told: bool
    value: Any = None
    place: str = ""
    problem: Problem | None = None
    unmapped: str | None = None


NOT_TOLD = Taken(told=False)


@dataclass(frozen=True)
class Seen:
    """A record as one shape of payload tells it.

    Attributes:
        root: the record, its pairs laid out.
        base: a pointer to it in the payload.
        moved: for what was laid out, a pointer within `root` -> where it stands in the payload.
        empty: values besides null that mean "nothing there".
        partial: whether what is not there has not changed.
        changed: names of what changed, where others stand there empty; None where nothing says so.
    """

    root: Any
    base: str
    moved: dict[str, str] = field(default_factory=dict)
    empty: tuple[Constant, ...] = ()
    partial: bool = False
    changed: frozenset[str] | None = None

    def place(self, inside: str) -> str:
        """Where in the payload a place within the record stands."""
        at = inside
        while at:
            if at in self.moved:
                return self.moved[at] + inside[len(at) :]
            at = at.rpartition("/")[0]
        return self.base + inside

    def is_empty(self, value: Any) -> bool:
        """Whether a value says that nothing is there. 0 is not false here, nor false 0."""
        return value is None or any(type(value) is type(e) and value == e for e in self.empty)

    def has_changed(self, pattern: str) -> bool:
        """Whether what a pattern names may have changed."""
        if self.changed is None:
            return True
        steps = steps_of(pattern)
        # A part of a compound field is named as Address.City.
        return any(".".join(steps[: i + 1]) in self.changed for i in range(len(steps)))


def holds(seen: Seen, conditions: Conditions) -> bool:
    """Whether a record meets all conditions."""
    return all(_meets(seen, condition) for condition in conditions)


def _meets(seen: Seen, condition: Condition) -> bool:
    there = [p.value for at in condition.at for p in find(seen.root, at)]
    full = [value for value in there if not seen.is_empty(value)]
    if condition.present is not None:
        return bool(full) == condition.present
    listed = condition.among if condition.among is not None else condition.not_in
    wanted = {as_text(value) for value in listed or () if value is not None}
    met = any(_plain(value) in wanted for value in there)
    return met == (condition.among is not None)


def _plain(value: Any) -> str | None:
    try:
        return None if value is None else as_text(value)
    except NotConverted:
        return None


def take(seen: Seen, how: Take) -> Taken:
    """A value of a record; what cannot be taken is told, not raised."""
    if how.value is not None:
        return Taken(True, how.value, seen.base)
    places = [p for at in how.at if seen.has_changed(at) for p in find(seen.root, at)]
    if not places:
        return _absent(seen, how)
    found = next((p for p in places if not _is_nothing(seen, how, p.value)), None)
    if found is None:
        value = False if how.how == "given" else how.default
        return Taken(True, value, seen.place(places[0].pointer))
    return _converted(how, found.value, seen.place(found.pointer))


def _is_nothing(seen: Seen, how: Take, value: Any) -> bool:
    if how.how == "boolean" and value is False:
        return False
    return seen.is_empty(value)


def _absent(seen: Seen, how: Take) -> Taken:
    cleared = seen.changed is not None and any(seen.has_changed(at) for at in how.at)
    if cleared or (not seen.partial and how.default is not None):
        return Taken(True, how.default, seen.base)
    return NOT_TOLD


def _converted(how: Take, raw: Any, place: str) -> Taken:
    try:
        value = convert(how.how, raw)
        if how.times is not None:
            value *= how.times
        if how.levels is None:
            return Taken(True, value, place)
        key = as_text(value)
    except NotConverted as refused:
        return Taken(True, None, place, wrong(place, raw, refused.why, refused.allowed))
    if key in how.levels:
        level = how.levels[key]
        return Taken(True, how.default if level is None else level, place)
    kept = value if how.other == "keep" else how.default
    return Taken(True, kept, place, unmapped=key)


def take_ids(seen: Seen, ref: Ref) -> Iterator[Taken]:
    """The ids that a reference names, as texts; none where its conditions do not hold."""
    if not holds(seen, ref.when):
        return
    for at in ref.at:
        places = [p for p in find(seen.root, at) if not seen.is_empty(p.value)]
        found = [_converted(ref, p.value, seen.place(p.pointer)) for p in places]
        wanted = [t for t in found if t.problem or as_text(t.value).startswith(ref.starts)]
        if wanted:
            yield from wanted
            return


def laid_out(root: Any, base: str, each: str, name: str, value: str) -> Iterator[Place]:
    """Pairs of a record as places: `type` is the pair's name, `pointer` where its value stands in
    the payload."""
    for pair in find(root, each):
        names = [p.value for p in find(pair.value, name)]
        values = list(find(pair.value, value))
        if names and values and isinstance(names[0], str):
            yield Place(base + pair.pointer + values[0].pointer, values[0].value, names[0])


def put_in(root: Any, into: str, name: str, value: Any) -> tuple[Any, str]:
    """A record with a member more, and the pointer to it; what was there is not touched."""
    copy = dict(root) if isinstance(root, dict) else {}
    at = copy
    for step in steps_of(into):
        inner = at.get(step)
        at[step] = dict(inner) if isinstance(inner, dict) else {}
        at = at[step]
    at[name] = value
    return copy, into + pointer(name)
