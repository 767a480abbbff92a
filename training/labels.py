"""What became of each lead after its snapshot: converted, not, or not to be judged.

A conversion counts within the horizon after the snapshot. A lead younger than the horizon is
*open*, one that sales never worked *unworked*, one that turned out to be none *excluded*; none of
them is ever a negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import (
    DAY,
    NO_INSTANT,
    Column,
    Flags,
    Floats,
    Instants,
    Texts,
    days_between,
    texts,
)
from features.errors import InputRefused, Problem
from features.fields import Fields
from features.stages import EXCLUDED, FINAL, STAGES, has_ended, is_excluded
from features.timeline import Activities
from models.retention import DAYS

if TYPE_CHECKING:
    import pandas as pd

KNOWN, OPEN, UNWORKED, DECIDED = "known", "open", "unworked", "decided before"
EXPLORED = "explored"
"""Known, but sales had left the lead behind and worked it by lot; see `training.selection`."""


@dataclass(frozen=True)
class Outcomes:
    """k outcome events of any leads, in any order. Arrays of shape (k,)."""

    lead: Texts
    at: Instants
    stage: Texts
    amount: Floats
    reason: Texts


@dataclass(frozen=True)
class Labels:
    """What is known of n leads' ends.

    Attributes:
        y: (n,) 1 converted within the horizon, 0 not; meaningful where state is `known`.
        state: (n,) `known`, `open`, `unworked`, `excluded` or `decided before` the snapshot.
        delay: (n,) days from the snapshot to a conversion within the horizon that the export has
            seen, also of open leads; NaN where there is none, or where outcomes carry no time.
    """

    y: Floats
    state: Texts
    delay: Floats

    @property
    def teaches(self) -> Flags:
        """(n,) whether the lead may teach."""
        return np.array([s == KNOWN for s in self.state], dtype=bool)

    def with_explored(self, explored: Flags) -> Labels:
        """The same with leads that were worked by lot (n,) told apart from those sales chose."""
        state = np.where(explored & (self.state == KNOWN), EXPLORED, self.state)
        return Labels(self.y, texts(state), np.where(explored, np.nan, self.delay))


def labels_from_field(
    values: Column, as_of: Instants, exported_at: np.datetime64, fields: Fields
) -> Labels:
    """Labels where a column of the leads file tells the outcome.

    Args:
        values: (n,) the outcome column, texts or numbers.
        as_of: (n,) snapshots; NaT without dates.
        exported_at: when the export was made; NaT without dates.
        fields: its `outcome` says which values mean what.
    """
    told = [_plain(v) for v in values]
    outcome = fields.outcome
    converted = {v.casefold() for v in outcome.converted}
    still_open = {v.casefold() for v in outcome.open} | {""}
    y = np.array([t in converted for t in told], dtype=np.float64)
    is_open = np.array([t in still_open for t in told], dtype=bool)
    if outcome.matures_after_days is not None:
        is_open |= (exported_at - as_of) / DAY < outcome.matures_after_days
    return Labels(y, texts(OPEN if o else KNOWN for o in is_open), np.full(len(y), np.nan))


def _plain(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).strip().casefold()


def labels_from_outcomes(
    leads: Texts,
    as_of: Instants,
    outcomes: Outcomes,
    activities: Activities,
    horizon_days: float,
    exported_at: np.datetime64,
) -> Labels:
    """Labels where an outcomes file tells what happened when.

    A file without a single event tells of no losses either: every lead is then open.
    """
    n = len(leads)
    won = _first_at(leads, outcomes, ("won",))
    at_the_end = _stages(leads, outcomes, np.full(n, exported_at))
    excluded = np.array([is_excluded(stages) for stages in at_the_end], dtype=bool)
    decided = np.array([has_ended(s) for s in _stages(leads, outcomes, as_of)], dtype=bool)
    worked_on = set(outcomes.lead) | set(activities.lead[activities.team == "sales"])
    worked = np.fromiter((lead in worked_on for lead in leads), dtype=bool, count=n)
    horizon = np.timedelta64(round(horizon_days * 86_400), "s")
    with np.errstate(invalid="ignore"):
        converted = ~np.isnat(won) & (won > as_of) & (won <= as_of + horizon)
        is_open = (as_of + horizon > exported_at) | (len(outcomes.lead) == 0)
        seen = converted & (won <= exported_at)
    kinds = {EXCLUDED: excluded, DECIDED: decided, OPEN: is_open, UNWORKED: ~worked}
    state = np.select(list(kinds.values()), list(kinds), KNOWN)
    delay = np.where(seen, days_between(won, as_of), np.nan)
    return Labels(converted.astype(np.float64), texts(state.tolist()), delay)


def _stages(leads: Texts, outcomes: Outcomes, until: Instants) -> list[list[str]]:
    """What each of n leads had come to by an instant of its own (n,), oldest first. Of what is told
    of one instant an end comes last: a lead that was taken up and lost that day is lost."""
    told: dict[str, list[tuple[np.datetime64, str]]] = {}
    ends = np.isin(outcomes.stage, FINAL)
    for row in np.lexsort((ends, outcomes.at)):
        told.setdefault(outcomes.lead[row], []).append((outcomes.at[row], outcomes.stage[row]))
    return [
        [stage for at, stage in told.get(lead, ()) if at <= end]
        for lead, end in zip(leads, until, strict=True)
    ]


def _first_at(leads: Texts, outcomes: Outcomes, stages: tuple[str, ...]) -> Instants:
    first: dict[str, np.datetime64] = {}
    for lead, at, stage in zip(outcomes.lead, outcomes.at, outcomes.stage, strict=True):
        if stage in stages and (lead not in first or at < first[lead]):
            first[lead] = at
    found = [first.get(lead, NO_INSTANT) for lead in leads]
    return np.array(found, dtype="datetime64[us]")


def amounts_of(leads: Texts, outcomes: Outcomes | None) -> Floats:
    """What each of n leads was won for: of its last win with an amount; NaN without one. (n,)"""
    found: dict[str, float] = {}
    if outcomes is not None:
        rows = np.flatnonzero((outcomes.stage == "won") & ~np.isnan(outcomes.amount))
        for row in rows[np.argsort(outcomes.at[rows], kind="stable")]:
            found[outcomes.lead[row]] = float(outcomes.amount[row])
    return np.array([found.get(str(lead), np.nan) for lead in leads], dtype=np.float64)


def stays_of(leads: Texts, outcomes: Outcomes | None, until: np.datetime64) -> Floats:
    """Of n leads: 1 a customer still a year after the win, 0 gone by then, else NaN. Shape (n,).

    Only wins whose year is over at `until` are told, also of those who left at once: early leavers
    of younger wins would make all customers look restless. Where no outcome speaks of any customer
    who left, silence is no loyalty: all are NaN.
    """
    if outcomes is None or "left" not in outcomes.stage:
        return np.full(len(leads), np.nan)
    won = _first_at(leads, outcomes, ("won",))
    since = dict(zip(leads, won, strict=True))
    year = np.timedelta64(DAYS, "D")
    gone = {
        lead
        for lead, at, stage in zip(outcomes.lead, outcomes.at, outcomes.stage, strict=True)
        if stage == "left" and lead in since and since[lead] <= at <= since[lead] + year
    }
    stayed = np.array([lead not in gone for lead in leads], dtype=np.float64)
    return np.asarray(np.where(~np.isnat(won) & (won + year <= until), stayed, np.nan))


def no_outcomes() -> Outcomes:
    """A history without an outcomes file."""
    empty, at = texts([]), np.array([], dtype="datetime64[us]")
    return Outcomes(empty, at, empty, np.array([], dtype=np.float64), empty)


def from_outcome_frame(frame: pd.DataFrame) -> tuple[Outcomes, list[Problem]]:
    """An outcomes file as `Outcomes`, bad rows left out and named.

    Needs the columns lead_id, at and stage; amount and reason where known.

    Raises:
        InputRefused: when a needed column is missing.
    """
    from features.activity_frames import instants_of, labels_of, numbers_of

    if not frame.size and not len(frame.columns):
        return no_outcomes(), []
    absent = [c for c in ("lead_id", "at", "stage") if c not in frame.columns]
    if absent:
        raise InputRefused(
            f"The outcomes file has no column {' and no '.join(absent)}; it has "
            f"{', '.join(map(str, frame.columns))}. Name its columns lead_id, at, stage, amount, "
            "reason."
        )
    problems: list[Problem] = []
    lead, stage = labels_of(frame, "lead_id", None), labels_of(frame, "stage", None)
    at = instants_of(frame, "at", problems)
    amount = numbers_of(frame, "amount", problems)
    told = {p.row for p in problems}
    for row in range(len(frame)):
        if row in told:
            continue
        if lead[row] is None or np.isnat(at[row]):
            name = "lead_id" if lead[row] is None else "at"
            problems.append(Problem(name, "nothing", "Needed in every row.", "a value", row))
        elif stage[row] not in STAGES:
            why, allowed = "No stage of that name.", ", ".join(STAGES)
            problems.append(Problem("stage", str(stage[row]), why, allowed, row))
    good = np.ones(len(frame), dtype=bool)
    good[[p.row for p in problems if p.row is not None]] = False
    reason = labels_of(frame, "reason", None)
    return Outcomes(lead[good], at[good], stage[good], amount[good], reason[good]), problems
