"""The use case: leads as a caller sent them, scored together, each as if it had come alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.activities import from_activity_records
from features.arrays import Instants, texts
from features.columns import account_ids, from_records, lead_ids
from features.errors import Problem, shorten
from features.snapshot import Snapshot
from features.timeline import Activities, join, see
from features.values import parse_instant
from models.answer import answer, brief_answer
from models.scorer import Scorer
from serving.problems import pointer, wrong

KEYS = ("lead", "activities", "as_of")


@dataclass(frozen=True)
class Asked:
    """One lead to be scored.

    Attributes:
        lead: fields by name.
        activities: what it did, and what colleagues did, as records.
        as_of: ISO 8601 instant, or None for now.
        place: pointer to it in the body.
        warnings: what was ignored.
    """

    lead: dict[str, Any]
    activities: list[Any]
    as_of: str | None
    place: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Why one lead was not scored."""

    lead_id: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Read:
    """What the leads of one request came to: as-of instants, activities, problems by lead."""

    as_of: Instants
    activities: Activities
    problems: list[list[Problem]]


def parse(told: Any, place: str, max_activities: int) -> Asked | tuple[Problem, ...]:
    """One lead of a body: `{"lead": {...}, "activities": [...], "as_of": "..."}`, or its faults."""
    if not isinstance(told, dict):
        return (wrong(place, told, "An object was expected.", f"the keys {', '.join(KEYS)}"),)
    lead, did, as_of = told.get("lead"), told.get("activities"), told.get("as_of")
    found: list[Problem] = []
    if not isinstance(lead, dict):
        why = "The lead's fields belong into an object under `lead`."
        found.append(wrong(pointer_to(place, "lead"), lead, why, 'such as {"lead": {...}}'))
    if did is not None and not isinstance(did, list):
        at = pointer_to(place, "activities")
        found.append(wrong(at, did, "A list was expected.", "a list of activities, or null"))
    elif did is not None and len(did) > max_activities:
        at = pointer_to(place, "activities")
        got = f"{len(did):,} activities"
        found.append(wrong(at, got, "Too many for one lead.", f"{max_activities:,} at most"))
    if as_of is not None and not isinstance(as_of, str):
        found.append(not_an_instant(pointer_to(place, "as_of"), as_of))
    if found:
        return tuple(found)
    unknown = [k for k in told if k not in KEYS]
    ignored = tuple(f"{shorten(k)}: no such key here; ignored." for k in unknown)
    assert isinstance(lead, dict)
    return Asked(lead, did or [], as_of, place, ignored)


def pointer_to(place: str, *parts: object) -> str:
    """A pointer further down from `place`."""
    return place + pointer(*parts)


def not_an_instant(place: str, got: object) -> Problem:
    """The refusal of a text that tells no instant."""
    allowed = "an ISO 8601 date and time such as 2026-11-24T11:58:00Z"
    return wrong(place, got, "This is no date and time.", allowed)


def score(
    scorer: Scorer, asked: Sequence[Asked], now: np.datetime64, *, in_full: bool = True
) -> list[dict[str, Any] | Refused]:
    """Score leads together; each comes out as if it had been sent alone.

    Args:
        scorer: the model that answers.
        asked: n leads.
        now: the instant that counts where a lead names none.
        in_full: with reasons; else `models.answer.brief_answer`, in less than half the time.

    Returns:
        n results in order: the answer (`models.answer`) with `warnings`, or why there is none.
    """
    taken = from_records([a.lead for a in asked], scorer.fields)
    read = _read(scorer, asked, now, taken.columns)
    for p in taken.problems:
        at = pointer_to(asked[p.row or 0].place, "lead", p.field)
        read.problems[p.row or 0].append(replace(p, place=at))
    good = np.flatnonzero([not wrong_ones for wrong_ones in read.problems])
    columns = taken.columns.take(good)
    leads, accounts = _keys(scorer, taken.columns)
    seen = see(leads[good], accounts[good], read.as_of[good], read.activities)
    tell = _teller(scorer, Snapshot(columns, seen, read.as_of[good]), in_full=in_full)
    ids = _given_ids(scorer, taken.columns)
    results: list[dict[str, Any] | Refused] = [
        Refused(ids[i], tuple(found)) for i, found in enumerate(read.problems)
    ]
    for row, i in enumerate(good.tolist()):
        unknown = [f"{shorten(k)}: no such field; ignored." for k in taken.unknown[i]]
        told = tell(ids[i], row)
        results[i] = told | {"warnings": [*asked[i].warnings, *unknown]}
    return results


def _teller(
    scorer: Scorer, snapshot: Snapshot, *, in_full: bool
) -> Callable[[str | None, int], dict[str, Any]]:
    """From a lead's id and its row to its answer."""
    if not in_full:
        brief = scorer.brief(snapshot)
        return lambda lead, row: brief_answer(lead, brief, row, scorer)
    scores = scorer.score_snapshot(snapshot)
    return lambda lead, row: answer(lead, scores, row, scorer)


def _given_ids(scorer: Scorer, columns: Any) -> list[str | None]:
    return [None if v is None else str(v) for v in columns[scorer.fields.lead]]


def _keys(scorer: Scorer, columns: Any) -> tuple[Any, Any]:
    """Keys of leads and accounts that no two leads of a request share.

    What was sent with one lead is then never seen of another, whatever ids they carry.
    """
    leads = lead_ids(columns, scorer.fields)
    accounts = account_ids(columns, scorer.fields)
    return _own(leads), _own(accounts)


def _own(names: Any) -> Any:
    return texts(None if v is None else f"{i} {v}" for i, v in enumerate(names))


def _read(scorer: Scorer, asked: Sequence[Asked], now: np.datetime64, columns: Any) -> _Read:
    leads, accounts = lead_ids(columns, scorer.fields), account_ids(columns, scorer.fields)
    as_of = np.full(len(asked), now, dtype="datetime64[us]")
    problems: list[list[Problem]] = [[] for _ in asked]
    parts = []
    for i, one in enumerate(asked):
        if one.as_of is not None:
            try:
                as_of[i] = parse_instant(one.as_of)
            except (ValueError, OverflowError):
                problems[i].append(not_an_instant(pointer_to(one.place, "as_of"), one.as_of))
        found, faults = activities_sent(one, str(leads[i]), accounts[i])
        problems[i].extend(faults)
        if len(found):
            parts.append(replace(found, lead=_at(i, found.lead), account=_at(i, found.account)))
    return _Read(as_of, join(parts), problems)


def _at(i: int, names: Any) -> Any:
    return texts(None if v is None else f"{i} {v}" for v in names)


def activities_sent(one: Asked, lead: str, account: str | None) -> tuple[Activities, list[Problem]]:
    """The activities that came with a lead, and what is wrong with the others.

    Args:
        one: what was sent.
        lead, account: whose they are where they do not say.
    """
    records, faults = [], []
    for k, record in enumerate(one.activities):
        if isinstance(record, dict):
            records.append((k, record))
        else:
            at = pointer_to(one.place, "activities", k)
            faults.append(wrong(at, record, "An object was expected.", "an activity"))
    found, problems = from_activity_records([r for _, r in records], lead, account)
    for p in problems:
        at = pointer_to(one.place, "activities", records[p.row or 0][0], p.field)
        faults.append(replace(p, place=at))
    return found, faults
