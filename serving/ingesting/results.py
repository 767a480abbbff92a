"""What became of one record of a payload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.errors import Problem
from serving.mappings.items import Item

Status = Literal["stored", "duplicate", "conflict", "ignored", "refused"]


@dataclass(frozen=True)
class Result:
    """What became of it.

    Attributes:
        item: what it came to.
        status: `stored`; `duplicate` (nothing new in it); `conflict` (it contradicts what is there,
            which stays); `ignored`; `refused`.
        reason: why it is ignored or a conflict.
        problems: what is wrong with it; values that are set aside, where it is stored all the same.
        not_read: names of what no field here reads.
    """

    item: Item
    status: Status
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    not_read: tuple[str, ...] = ()
