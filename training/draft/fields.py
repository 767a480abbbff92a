"""The fields file, drafted from an export: every column declared, with what was noticed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np

from features.errors import InputRefused
from features.fields import Field, Fields, Sources, Timing
from features.frames import read_frame
from training.draft.declare import declared, ignored
from training.draft.history import known_outcomes, outcome_of, timing_of, young_after
from training.draft.types import Profile, profile
from training.intake import ROW, with_rows
from training.leaks import Suspicion, suspects
from training.words import field_names, names_an_account, names_an_id, words_of

if TYPE_CHECKING:
    import pandas as pd


def draft_fields(
    frame: pd.DataFrame,
    *,
    converted: str,
    as_of: str | None = None,
    lead: str | None = None,
    leads_path: str,
    company: str,
) -> tuple[Fields, list[str]]:
    """A first `fields.yaml` for people to edit, and notes on what they should look at.

    Args:
        frame: the leads as exported, cells as text or typed.
        converted: the column that tells the outcome.
        as_of: the column with each lead's instant; a column named like a creation date otherwise.
        lead: the column with the lead's id; the first unique one named like an id otherwise, and
            the row's position (`#row`) where there is none.
        leads_path: where the leads file lies, relative to the workspace.
        company: the company's name, for people.

    Raises:
        InputRefused: when a named column is not there, the outcome cannot be read from its
            column, or no column is left to score by.
    """
    for what, column in (("--converted", converted), ("--as-of", as_of), ("--lead", lead)):
        _present(frame, what, column)
    if not len(frame):
        raise InputRefused(f"{leads_path} has columns but no rows. Export it again.")
    profiles = [profile(frame[column]) for column in frame.columns]
    names = dict(zip((p.column for p in profiles), field_names(frame.columns), strict=True))
    notes: list[str] = []
    lead_column = lead or _lead_column(profiles, converted)
    timing, timed = timing_of(profiles, frame, names, as_of, lead_column, converted, notes)
    outcome = outcome_of(_named(profiles, converted), names[converted], notes)
    made = [_field(p, names[p.column], converted, lead_column, timing) for p in profiles]
    made, lead_name = _with_lead(made, profiles, lead_column, notes)
    account = next((f.name for f in made if f.role == "id" and _is_account(f)), None)
    if not any(f.is_input for f in made):
        raise InputRefused(
            f"{leads_path} has no column to score by besides {converted!r}: the others are ids, "
            "constant or empty."
        )
    draft = Fields(
        company=company,
        lead=lead_name,
        account=account,
        timing=timing,
        outcome=outcome,
        sources=Sources(leads=leads_path),
        fields=tuple(made),
    )
    if timed:
        draft = young_after(draft, frame, notes)
    return _without_suspects(draft, frame, notes), notes


def _present(frame: pd.DataFrame, what: str, column: str | None) -> None:
    if column is None or column in frame.columns:
        return
    close = difflib.get_close_matches(column, [str(c) for c in frame.columns], 3, 0.5)
    hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else ""
    told = ", ".join(map(str, frame.columns[:12]))
    raise InputRefused(
        f"{what} names the column {column!r}, which the file does not have. {hint} It has {told}"
        f"{' ...' if len(frame.columns) > 12 else ''}.".replace("  ", " ")
    )


def _named(profiles: list[Profile], column: str) -> Profile:
    return next(p for p in profiles if p.column == column)


def _lead_column(profiles: list[Profile], converted: str) -> str | None:
    unique = [p for p in profiles if p.is_unique and p.column != converted]
    return next((p.column for p in unique if names_an_id(p.words)), None)


def _field(p: Profile, name: str, converted: str, lead: str | None, timing: Timing) -> Field:
    """One column's declaration."""
    if p.column == converted:
        return Field(
            name=name,
            column=p.column,
            type="category",
            role="outcome",
            known="after outcome",
            missing=p.markers,
        )
    if p.column == lead:
        return Field(name=name, column=p.column, type="id", role="id", example="4711")
    if names_an_account(p.words):
        return Field(name=name, column=p.column, type="id", role="id", missing=p.markers)
    if name == timing.as_of:
        return declared(p, name).model_copy(update={"role": "attribute", "known": "at creation"})
    if name == timing.order:
        why = "Counts leads up, so it orders them in time; it says nothing of the lead itself."
        return Field(name=name, column=p.column, type="number", role="id", reason=why)
    why_not = ignored(p)
    return declared(p, name) if why_not is None else declared(p, name, why_not)


def _with_lead(
    made: list[Field], profiles: list[Profile], lead: str | None, notes: list[str]
) -> tuple[list[Field], str]:
    if lead is None:
        notes.append(
            f"No column identifies a lead: `{ROW}`, the row's position counted from 1, stands in. "
            "Scores can then be matched only by position; name the id with --lead if there is one."
        )
        taken = {f.name for f in made}
        name = next(n for n in ("row", "row_number", "row_position") if n not in taken)
        label = "Row in the file"
        return [Field(name=name, column=ROW, type="id", role="id", label=label), *made], name
    p = _named(profiles, lead)
    if not p.is_unique:
        notes.append(
            f"{lead} was taken as the lead's id, but {p.n - len(p.levels):,} of {p.n:,} rows share "
            "theirs with another row or have none; only the first row of each is used."
        )
    return made, next(f.name for f in made if f.column == lead)


def _is_account(field: Field) -> bool:
    return names_an_account(words_of(field.column))


def _without_suspects(fields: Fields, frame: pd.DataFrame, notes: list[str]) -> Fields:
    """The same fields, those that look known only after the outcome drafted as ignored."""
    wanted = [f for f in fields.fields if f.is_input or f.name == fields.timing.order]
    columns = read_frame(with_rows(frame, 1), tuple(wanted)).columns
    y = known_outcomes(fields, frame)
    told = {s.field: s for s in suspects(columns, fields, y)}
    known = y[~np.isnan(y)]
    if not len(known) or known.min() == known.max():
        notes.append(
            "The known outcomes are all the same, so leaks could be looked for by name only, and "
            "points cannot be proposed from history."
        )
    kept = [f for f in fields.inputs if f.name not in told and f.name != fields.timing.as_of]
    if told and not kept:
        notes.append(
            "Every column looks known only after the outcome; none was left out. Look at "
            + ", ".join(fields[name].column for name in told)
        )
        return fields
    notes.extend(
        f"{fields[s.field].column} was left out as suspicious. {s.reason}" for s in told.values()
    )
    made = tuple(_suspected(f, told.get(f.name)) for f in fields.fields)
    return fields.model_copy(update={"fields": made})


def _suspected(field: Field, suspicion: Suspicion | None) -> Field:
    if suspicion is None:
        return field
    why = f"Looks known only after the outcome. {suspicion.reason}"
    change = {"role": "ignored", "known": "after outcome", "reason": why}
    return field.model_copy(update=change)
