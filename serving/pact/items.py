"""Two editions compared, and three merged: criterion by criterion, never line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from features.rulebook.document import Rulebook

Items = dict[str, Any]
"""Item, such as `criterion:webinar` -> its value as plain JSON."""
_LISTS = {"criteria": ("criterion", "id"), "disqualifiers": ("disqualifier", "id")}
_TESTS = ("test", "says")
_OWN = {"edition", "status", "effective_from", "schema"}
"""What an edition says of itself is no part of what it says of leads."""


@dataclass(frozen=True)
class Difference:
    """One item that two editions do not share.

    Attributes:
        item: which; `was` and `becomes`: its values, None where it is not there.
    """

    item: str
    was: Any
    becomes: Any


@dataclass(frozen=True)
class Conflict:
    """One item that both sides changed, each otherwise; None where one removed it."""

    item: str
    base: Any
    theirs: Any
    mine: Any


def items_of(book: Rulebook) -> Items:
    """An edition as its items, in the order of the document."""
    told = book.model_dump(mode="json", by_alias=True, exclude_none=True)
    found: Items = {}
    for key, value in told.items():
        if key in _OWN:
            continue
        if key == "groups":
            found |= {f"group:{name}": group for name, group in value.items()}
        elif key in _LISTS or key == "tests":
            kind, name = _LISTS.get(key, _TESTS)
            found |= {f"{kind}:{one[name]}": one for one in value}
        else:
            found[key] = value
    return found


def document_of(items: Mapping[str, Any], edition: str) -> dict[str, Any]:
    """Items put together as a document; the inverse of `items_of`."""
    told: dict[str, Any] = {"edition": edition, "groups": {}, "criteria": [], "disqualifiers": []}
    told["tests"] = []
    places = {"criterion": "criteria", "disqualifier": "disqualifiers", "test": "tests"}
    for item, value in items.items():
        kind, colon, name = item.partition(":")
        if not colon:
            told[item] = value
        elif kind == "group":
            told["groups"][name] = value
        else:
            told[places[kind]].append(value)
    return told


def differences(old: Rulebook, new: Rulebook) -> list[Difference]:
    """What `new` says otherwise than `old`, in the order of the documents."""
    was, becomes = items_of(old), items_of(new)
    names = [*was, *(name for name in becomes if name not in was)]
    pairs = ((name, was.get(name), becomes.get(name)) for name in names)
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def merge(
    base: Rulebook,
    theirs: Rulebook,
    mine: Rulebook,
    choices: Mapping[str, Literal["mine", "theirs"]],
) -> tuple[Items, list[Conflict]]:
    """My changes of `base` on top of theirs, item by item.

    Args:
        base: what both began with.
        theirs: what was agreed meanwhile.
        mine: what is proposed.
        choices: item in conflict -> whose value it takes.

    Returns:
        the items, with theirs wherever a conflict has no choice; and those conflicts.
    """
    a, b, c = items_of(base), items_of(theirs), items_of(mine)
    merged: Items = {}
    conflicts: list[Conflict] = []
    for name in [*b, *(n for n in c if n not in b), *(n for n in a if n not in b and n not in c)]:
        was, their, my = a.get(name), b.get(name), c.get(name)
        value = my if their == was else their
        if was != their and was != my and their != my:
            choice = choices.get(name)
            value = my if choice == "mine" else their
            if choice is None:
                conflicts.append(Conflict(name, was, their, my))
        if value is not None:
            merged[name] = value
    return merged, conflicts
