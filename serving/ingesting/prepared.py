"""Records of a payload before anything is stored: checked against the workspace and the caller."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.errors import Problem, shorten
from features.fields import Fields
from serving.addresses import keep_domains
from serving.incoming import ID_ALLOWED, activity_rows, is_id, outcome_rows
from serving.ingesting.results import Result
from serving.mappings.fitting import Fitted, fit
from serving.mappings.items import Gone, Happened, Item, Left, Same, Told, Wrong

NEEDED = {Gone: "leads.remove", Happened: "events.write"}
"""What a caller must have besides writing leads."""


@dataclass(frozen=True)
class Facts:
    """A record's facts: those that can be stored, and hashes of the addresses among them."""

    item: Told
    fitted: Fitted
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """An activity or an outcome as a row."""

    item: Happened
    row: dict[str, Any]


Prepared = Facts | Event | Gone | Same | Result


def prepare(
    items: Sequence[Item], fields: Fields, may: Collection[str], now: np.datetime64
) -> list[Prepared]:
    """Each record as it can be stored, or what became of it already.

    Args:
        may: the caller's permissions.
        now: when it was received.
    """
    return [_prepare(item, fields, may, now) for item in items]


def _prepare(item: Item, fields: Fields, may: Collection[str], now: np.datetime64) -> Prepared:
    needed = NEEDED.get(type(item))
    bad = _bad_ids(item)
    if needed is not None and needed not in may:
        why = f"This needs the permission {needed}, which the caller has not."
        return Result(item, "refused", problems=(_problem(item, "permission", needed, why, ""),))
    if bad:
        return Result(item, "refused", problems=bad)
    match item:
        case Wrong():
            return Result(item, "refused", problems=item.problems)
        case Left():
            return Result(item, "ignored", item.why)
        case Told():
            fitted = fit(item, fields)
            texts = {name: fact.value for name, fact in fitted.facts.items()}
            hashes = keep_domains(texts, fields) if item.kind == "lead" else []
            return Facts(item, fitted, tuple(hashes))
        case Happened():
            return _event(item, now)
        case Gone() | Same():
            return item
        case _:
            raise AssertionError(item)


def _event(item: Happened, now: np.datetime64) -> Event | Result:
    parse = activity_rows if item.kind == "activity" else outcome_rows
    [found] = parse([dict(item.event)], "", now)
    if found.row is None:
        problems = tuple(replace(p, place=item.place) for p in found.problems)
        return Result(item, "refused", problems=problems)
    return Event(item, found.row)


def _bad_ids(item: Item) -> tuple[Problem, ...]:
    return tuple(
        _problem(item, "id", told, "This cannot be an id here.", ID_ALLOWED)
        for told in ids_of(item)
        if not is_id(told)
    )


def ids_of(item: Item) -> Iterator[str]:
    """The ids of leads and of accounts that a record is about; of events, those checked apart."""
    match item:
        case Told() | Gone():
            yield item.id
        case Same():
            yield from (item.id, item.lead)


def _problem(item: Item, name: str, got: str, why: str, allowed: str) -> Problem:
    return Problem(name, shorten(got), why, allowed, None, item.place)
