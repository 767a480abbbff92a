"""A record with our id of it, and the leads and accounts that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.errors import Problem
from serving.mappings.document import Mapping
from serving.mappings.reading import NOT_TOLD, Seen, Taken, holds, take, take_ids
from serving.mappings.taking import Ref, Take


@dataclass(frozen=True)
class Owned:
    """One record.

    Attributes:
        mapping: by which it is read.
        seen: the record as told.
        type: its name under `records`.
        id: ours.
        now: what lies after it has not happened yet.
    """

    mapping: Mapping
    seen: Seen
    type: str
    id: str
    now: np.datetime64

    @property
    def record(self) -> Any:
        """What the mapping says of its type."""
        return self.mapping.records[self.type]

    @property
    def where(self) -> tuple[str, str]:
        """A pointer to it, and its type."""
        return self.seen.base, self.type


def ids_of(owned: Owned, ref: Ref, problems: list[Problem]) -> list[str]:
    """Our ids of the records that a reference names; what is wrong joins `problems`."""
    if ref.own:
        return [owned.id]
    found = []
    for one in take_ids(owned.seen, ref):
        if one.problem is not None:
            problems.append(one.problem)
        else:
            found.append(f"{owned.mapping.prefix_of(ref.of)}{one.value}")
    return found


def whose(owned: Owned, refs: tuple[Ref, ...], problems: list[Problem]) -> tuple[list[str], bool]:
    """The leads that a record belongs to, by the first reference that names any; and whether that
    one may name several."""
    for ref in refs:
        if holds(owned.seen, ref.when):
            found = ids_of(owned, ref, problems)
            if found or problems:
                return sorted(set(found)), ref.many
    return [], False


def taken(owned: Owned, how: Take | None, problems: list[Problem]) -> Taken:
    """A value, or nothing where the mapping takes none; what is wrong joins `problems`."""
    told = NOT_TOLD if how is None else take(owned.seen, how)
    if told.problem is not None:
        problems.append(told.problem)
    return told
