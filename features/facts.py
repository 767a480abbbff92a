"""What criteria may ask of a lead: its fields by name, and the features derived from them."""

from __future__ import annotations

from features.arrays import Column, Table
from features.declare import Kind
from features.fields import Fields
from features.fit import features_of
from features.rulebook.known import Facts
from features.snapshot import Snapshot


def facts_of(snapshot: Snapshot, features: Table) -> Facts:
    """Fields win over features of the same name: a boolean is asked as `is: true`."""
    columns: dict[str, Column] = {**features.values, **snapshot.columns.values}
    seen = snapshot.seen
    return Facts(snapshot.n, columns, seen.own, seen.colleagues, snapshot.as_of)


def derived_kinds(fields: Fields) -> dict[str, Kind]:
    """The facts that are derived from fields, such as `email_kind`: name -> kind of value."""
    names = [f.name for f in fields.inputs]
    if fields.timing.as_of:
        names.append(fields.timing.as_of)
    return {f.name: f.kind for name in names for f in features_of(fields[name])}
