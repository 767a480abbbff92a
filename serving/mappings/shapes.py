"""From a payload to records: what lies where, of which type, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.errors import Problem, shorten
from features.values import parse_instant
from serving.mappings.conversions import NotConverted, as_text, convert
from serving.mappings.document import Mapping, Shape
from serving.mappings.pointers import Place, find
from serving.mappings.reading import (
    Seen,
    holds,
    laid_out,
    put_in,
    take,
)
from serving.problems import wrong

MOST_RECORDS = 1000
"""Of one payload."""


@dataclass(frozen=True)
class Found:
    """A record that a shape found.

    Attributes:
        seen: the record.
        shape: which shape it was.
        type: its name under `records`.
        action: `told`, `removed`, `erased`, `linked`, or why it is ignored.
        ids: the CRM's own, converted; several for one event about several records.
        told_at: when this was so; None where nothing says it.
        problems: what is wrong with its frame.
    """

    seen: Seen
    shape: Shape
    type: str
    action: str
    ids: tuple[str, ...]
    told_at: np.datetime64 | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class NotFound:
    """What lies in a payload and is of no shape: where, and why it is left."""

    place: str
    why: str


def records_of(mapping: Mapping, payload: Any) -> Iterator[Found | NotFound]:
    """Every record of a payload, in the order of shapes and of places."""
    taken: set[str] = set()
    above: set[str] = set()
    for shape in mapping.shapes:
        for pattern in shape.find:
            for place in find(payload, pattern):
                if taken.isdisjoint(_way_to(place.pointer)):
                    found = _record(mapping, shape, place)
                    if found is not None:
                        taken.add(place.pointer)
                        above.update(_way_to(place.pointer))
                        yield found
    yield from _left(mapping, payload, above)


def _way_to(pointer: str) -> Iterator[str]:
    """A pointer and all above it."""
    yield pointer
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


def _left(mapping: Mapping, payload: Any, above: set[str]) -> Iterator[NotFound]:
    """Elements of a list, or else the whole, in which nothing was found."""
    wanted = "It is in none of the mapping's shapes: " + ", ".join(s.name for s in mapping.shapes)
    whole = [Place("", payload)]
    parts = list(find(payload, "/*")) if isinstance(payload, list) and payload else whole
    for part in parts:
        if part.pointer not in above:
            yield NotFound(part.pointer, f"{wanted}.")


def _record(mapping: Mapping, shape: Shape, place: Place) -> Found | None:
    if not isinstance(place.value, dict):
        return None
    bare = Seen(place.value, place.pointer, empty=mapping.empty)
    if not holds(bare, shape.when):
        return None
    name = place.type if shape.type is None else take(bare, shape.type).value
    type_ = shape.types.get(str(name))
    if type_ is None:
        return None
    seen = _with_pairs(bare, shape)
    frame = replace(seen, changed=None)
    problems: list[Problem] = []
    action = _action(frame, shape)
    ids = tuple(_ids(frame, shape, problems))
    at = _told_at(frame, shape, action == "removed", problems)
    return Found(seen, shape, str(type_), action, ids, at, tuple(problems))


def _action(seen: Seen, shape: Shape) -> str:
    if shape.removed and holds(seen, shape.removed):
        return "removed"
    if shape.action is None:
        return "told"
    told = take(seen, shape.action)
    if told.unmapped is not None:
        return f"The mapping does not say what {shorten(told.unmapped)} means."
    return str(told.value or "told")


def _with_pairs(bare: Seen, shape: Shape) -> Seen:
    root, moved = bare.root, dict(bare.moved)
    for pairs in shape.pairs:
        for pair in laid_out(root, bare.base, pairs.each, pairs.name, pairs.value):
            root, inside = put_in(root, pairs.into, pair.type, pair.value)
            moved[inside] = _original(moved, bare.base, pair.pointer)
    changed = None
    if shape.changed is not None:
        named = [p.value for p in find(root, f"{shape.changed}/*")]
        # Of a new record nothing is listed: all that stands there counts.
        changed = frozenset(str(n) for n in named) or None
    return Seen(root, bare.base, moved, bare.empty, shape.partial, changed)


def _original(moved: dict[str, str], base: str, pointer: str) -> str:
    """Where a pair stands in the payload, when it was itself laid out from another pair."""
    return Seen(None, base, moved).place(pointer.removeprefix(base))


def _ids(seen: Seen, shape: Shape, problems: list[Problem]) -> Iterator[str]:
    for pattern in shape.ids:
        places = [p for p in find(seen.root, pattern) if not seen.is_empty(p.value)]
        for place in places:
            try:
                yield as_text(convert(shape.id_as, place.value))
            except NotConverted as refused:
                at = seen.place(place.pointer)
                problems.append(wrong(at, place.value, refused.why, refused.allowed))
        if places:
            return
    problems.append(_missing(seen, "id", "Which record is it?", f"an id at {shape.ids[0]}"))


def _told_at(
    seen: Seen, shape: Shape, removed: bool, problems: list[Problem]
) -> np.datetime64 | None:
    how = shape.removed_at if removed and shape.removed_at is not None else shape.told_at
    told = take(seen, how)
    if told.problem is None and told.value is None:
        told = take(seen, shape.told_at)
    if told.problem is not None:
        problems.append(told.problem)
        return None
    if told.value is None:
        allowed = f"an instant at {shape.told_at.at[0]}"
        problems.append(_missing(seen, "told_at", "When was it so?", allowed))
        return None
    return parse_instant(str(told.value))


def _missing(seen: Seen, name: str, why: str, allowed: str) -> Problem:
    return Problem(name, "nothing", why, allowed, None, seen.base)
