"""One lead as it could be: other values of its fields, and activities that have not happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import Ints, texts
from features.columns import Columns, as_column
from features.fields import Fields
from features.snapshot import Snapshot
from features.timeline import Activities, Seen, join, see, stack
from features.values import Value


@dataclass(frozen=True)
class Subject:
    """One lead as it is known.

    Attributes:
        columns: its fields, one row.
        activities: its own and its account's.
        lead, account: the names by which activities are its own, or its account's (None: nobody's).
        as_of: the instant at which it is looked at.
    """

    columns: Columns
    activities: Activities
    lead: str
    account: str | None
    as_of: np.datetime64

    def seen(self, added: Sequence[Activities] = ()) -> Seen:
        """What can be seen of it once `added` has happened too."""
        known = join([self.activities, *added])
        at = np.array([self.as_of])
        return see(texts([self.lead]), texts([self.account]), at, known)

    def snapshot(self) -> Snapshot:
        """The lead as it is, one row."""
        return Snapshot(self.columns, self.seen(), np.array([self.as_of]))


Changes = Mapping[str, Value]
"""Field -> another value, as `features.values.parse_value` gives it."""


def snapshot_of(
    subject: Subject, changes: Sequence[Changes], seen: Sequence[Seen], which: Ints, fields: Fields
) -> Snapshot:
    """A lead in n variants.

    Args:
        subject: the lead.
        changes: per variant, the fields that are otherwise.
        seen: what could be seen of the lead (`Subject.seen`), each of one row.
        which: (n,) the one of `seen` that holds for each variant.
        fields: that declare the changes.
    """
    n = len(changes)
    rows = np.zeros(n, dtype=np.int64)
    values = {name: column[rows] for name, column in subject.columns.values.items()}
    for name in {name for told in changes for name in told}:
        at = [i for i, told in enumerate(changes) if name in told]
        values[name][at] = as_column(fields[name], [changes[i][name] for i in at])
    return Snapshot(Columns(n, values), stack(seen).take(which), np.full(n, subject.as_of))
