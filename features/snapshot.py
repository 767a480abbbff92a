"""What is known of n leads, each at its own instant: the input of every feature."""

from __future__ import annotations

from dataclasses import dataclass

from features.arrays import Instants, Ints
from features.columns import Columns, account_ids, lead_ids
from features.fields import Fields
from features.timeline import Activities, Seen, see


@dataclass(frozen=True)
class Snapshot:
    """Field values and visible activities of n leads. `as_of` has shape (n,).

    Fields are taken as known from the lead's creation; activities are cut at `as_of`.
    """

    columns: Columns
    seen: Seen
    as_of: Instants

    @property
    def n(self) -> int:
        """How many leads."""
        return self.columns.n

    def take(self, rows: Ints) -> Snapshot:
        """The leads at `rows` (indices)."""
        return Snapshot(self.columns.take(rows), self.seen.take(rows), self.as_of[rows])


def take_snapshot(
    columns: Columns, activities: Activities, as_of: Instants, fields: Fields
) -> Snapshot:
    """Cut the history of n leads at their instants."""
    leads, accounts = lead_ids(columns, fields), account_ids(columns, fields)
    return Snapshot(columns, see(leads, accounts, as_of, activities), as_of)
