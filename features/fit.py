"""Features of fields: what a lead is, and what its row says it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from features.arrays import Column, Floats, Instants, Texts, days_between, texts
from features.contact import email_kind, job_function, seniority
from features.declare import Feature, Kind
from features.fields import Field
from features.snapshot import Snapshot

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def features_of(field: Field) -> Iterator[Feature]:
    """The features one field gives."""
    match field.type:
        case "number":
            yield _feature(field, "", "number", _number_reason(field), _column(field))
        case "category":
            yield _feature(field, "", "category", "{value}", _column(field))
        case "boolean":
            yield _feature(field, "", "category", "{value}", _map(field, yes_no))
        case "text":
            yield from _text_features(field)
        case "instant":
            yield from _instant_features(field)
        case "id":
            return


def _text_features(field: Field) -> Iterator[Feature]:
    if field.format == "email":
        yield _feature(
            field, "_kind", "category", "{value} mailbox", _map(field, _each(email_kind))
        )
    elif field.format == "job title":
        level, function = _map(field, _each(seniority)), _map(field, _each(job_function))
        yield _feature(field, "_seniority", "category", "{value}", level)
        yield _feature(field, "_function", "category", "works in {value}", function)
    else:
        yield _feature(field, "_given", "category", "given: {value}", _map(field, given))


def _instant_features(field: Field) -> Iterator[Feature]:
    hour, day = _map(field, hour_of_day), _map(field, weekday)
    yield _feature(field, "_hour", "number", "at {value:.0f} o'clock UTC", hour)
    yield _feature(field, "_weekday", "category", "on a {value}", day)
    # The age of a lead is how long it has been known: its creation against the snapshot.
    yield _feature(field, "_days_ago", "number", "{value:.0f} days before", _days_ago(field))


def _feature(
    field: Field, suffix: str, kind: Kind, reason: str, compute: Callable[[Snapshot], Column]
) -> Feature:
    return Feature(
        name=field.name + suffix,
        kind=kind,
        unit=field.unit,
        owner=field.owner,
        line=f"field:{field.name}",
        label=field.title,
        reason=reason,
        compute=compute,
    )


def _number_reason(field: Field) -> str:
    # Braces in a unit are the unit's own, not a place to fill.
    unit = field.unit.replace("{", "{{").replace("}", "}}")
    return "{value:,.6g}" + (f" {unit}" if unit else "")


def _column(field: Field) -> Callable[[Snapshot], Column]:
    return lambda snapshot: snapshot.columns[field.name]


def _map(field: Field, function: Callable[..., Column]) -> Callable[[Snapshot], Column]:
    return lambda snapshot: function(snapshot.columns[field.name])


def _days_ago(field: Field) -> Callable[[Snapshot], Column]:
    return lambda snapshot: days_between(snapshot.as_of, snapshot.columns[field.name])


def _each(function: Callable[[str], str]) -> Callable[[Texts], Texts]:
    """`function` over a text column, once per distinct value; None stays None."""

    def apply(column: Texts) -> Texts:
        known: dict[str, str] = {}
        return texts(
            None if v is None else known.get(v) or known.setdefault(v, function(v)) for v in column
        )

    return apply


def yes_no(column: Floats) -> Texts:
    """1.0 as "yes", 0.0 as "no", NaN as None. Shape (n,)."""
    levels = texts(["no", "yes", None])
    found: Texts = levels[np.where(np.isnan(column), 2, column).astype(np.int64)]
    return found


def given(column: Texts) -> Texts:
    """Whether a text was given at all, "yes" or "no". Shape (n,)."""
    return texts("no" if v is None else "yes" for v in column)


def hour_of_day(column: Instants) -> Floats:
    """Hour of the day in UTC, 0 to 23; NaN where missing. Shape (n,)."""
    hours = column.astype("datetime64[h]").astype(np.int64) % 24
    return np.where(np.isnat(column), np.nan, hours.astype(np.float64))


def weekday(column: Instants) -> Texts:
    """Day of the week in UTC, mon to sun; None where missing. Shape (n,)."""
    # 1 January 1970 was a Thursday.
    days = (column.astype("datetime64[D]").astype(np.int64) + 3) % 7
    levels = texts([*WEEKDAYS, None])
    found: Texts = levels[np.where(np.isnat(column), 7, days)]
    return found
