"""Places in a payload: JSON pointers (RFC 6901), and patterns of them.

In a pattern `*` stands for every element of a list, and `{type}` for every member of an object,
whose name is then the type of what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator

from serving.problems import pointer

EACH, TYPE = "*", "{type}"
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")
MOST_STEPS = 20
"""Steps of a pattern; no CRM nests deeper."""


@dataclass(frozen=True)
class Place:
    """A value in a payload.

    Attributes:
        pointer: to it.
        value: what stands there.
        type: the member's name that `{type}` stood for, or "".
    """

    pointer: str
    value: Any
    type: str = ""


def _checked(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is no pointer: write one such as /properties/email")
    if text.count("/") > MOST_STEPS:
        raise ValueError(f"{text!r} has more than {MOST_STEPS} steps")
    if steps_of(text).count(TYPE) > 1:
        raise ValueError(f"{text!r} names {TYPE} twice")
    return text


Pattern = Annotated[str, AfterValidator(_checked)]
"""A pointer, or a pattern of them; "" is the whole."""


def steps_of(pattern: str) -> list[str]:
    """The steps of a pattern, each as written in the payload."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pattern.split("/")[1:]]


def find(value: Any, pattern: str) -> Iterator[Place]:
    """Every place in `value` that a pattern names, in order; none where a step is not there."""
    places = [Place("", value)]
    for step in steps_of(pattern):
        places = [below for place in places for below in _step(place, step)]
    yield from places


def _step(place: Place, step: str) -> Iterator[Place]:
    for name, value in _members(place.value, step):
        type_ = str(name) if step == TYPE else place.type
        yield Place(place.pointer + pointer(name), value, type_)


def _members(value: Any, step: str) -> Iterable[tuple[object, Any]]:
    if isinstance(value, dict):
        if step == TYPE:
            return value.items()
        return [(step, value[step])] if step in value else []
    if not isinstance(value, list):
        return []
    if step == EACH:
        return enumerate(value)
    at = int(step) if _INDEX.fullmatch(step) else len(value)
    return [(at, value[at])] if at < len(value) else []
