"""The one gate for leads: JSON records or frames in, typed numpy columns out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.arrays import NO_INSTANT, Column, Instants, Table, Texts, texts
from features.errors import Problem
from features.fields import Field, Fields
from features.values import Value, parse_value

Columns = Table
"""Raw field values: numbers and booleans float64, instants datetime64[us], the rest objects."""


def as_column(field: Field, values: Sequence[Value]) -> Column:
    """Parsed values of one field as one array."""
    if field.type in ("number", "boolean"):
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    if field.type == "instant":
        found = [NO_INSTANT if v is None else v for v in values]
        return np.array(found, dtype="datetime64[us]")
    return texts(values)


def readable(fields: Fields) -> tuple[Field, ...]:
    """The fields that a lead to be scored may carry: inputs, identifiers and its instant."""
    wanted = {fields.lead, fields.account, fields.timing.as_of}
    return tuple(f for f in fields.fields if f.is_input or f.name in wanted)


@dataclass(frozen=True)
class Taken:
    """What `from_records` made of a batch.

    Attributes:
        columns: one row per record; a refused value stands as missing.
        problems: everything wrong, with row and field.
        unknown: per row, the keys that no field declares (ignored, to be told as warnings).
    """

    columns: Columns
    problems: tuple[Problem, ...]
    unknown: tuple[tuple[str, ...], ...]


def from_records(records: Sequence[Mapping[str, Any]], fields: Fields) -> Taken:
    """Strictly typed JSON records as columns. Keys are field names; columns of n rows.

    A field that is not given is missing. Fields that a model may not look at (the outcome,
    ignored ones) are known but not read, so they are not warned about.
    """
    wanted = readable(fields)
    declared = {f.name for f in fields.fields}
    problems: list[Problem] = []
    values: dict[str, Column] = {}
    for field in wanted:
        parsed: list[Value] = []
        for row, record in enumerate(records):
            found = parse_value(field, record.get(field.name))
            if isinstance(found, Problem):
                problems.append(replace(found, row=row))
                found = None
            parsed.append(found)
        values[field.name] = as_column(field, parsed)
    unknown = tuple(tuple(k for k in record if k not in declared) for record in records)
    problems.sort(key=lambda p: p.row or 0)
    return Taken(Table(len(records), values), tuple(problems), unknown)


def lead_ids(columns: Columns, fields: Fields) -> Texts:
    """The leads' ids; a lead without one is named by its row, `#0`."""
    found = columns.values.get(fields.lead)
    if found is None:
        return texts(f"#{row}" for row in range(columns.n))
    return texts(f"#{row}" if v is None else str(v) for row, v in enumerate(found))


def account_ids(columns: Columns, fields: Fields) -> Texts:
    """The leads' accounts; None where not known."""
    if fields.account is None or fields.account not in columns:
        return texts([None] * columns.n)
    return texts(columns[fields.account])


def created(columns: Columns, fields: Fields) -> Instants:
    """The instant from which each lead's snapshot counts; NaT without one."""
    name = fields.timing.as_of
    if name is None or name not in columns:
        return np.full(columns.n, NO_INSTANT, dtype="datetime64[us]")
    return columns[name]
