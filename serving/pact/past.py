"""Stored leads as two cohorts: all as they are now, and the matured ones as they were looked at."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from features.arrays import Flags, Instants, Table, texts
from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.fields import Fields
from features.rulebook.document import Rulebook
from features.rulebook.known import Facts
from features.rulebook.points import Agreed, award, disqualified
from features.snapshot import Snapshot
from features.stages import FINAL, has_ended, is_excluded
from features.timeline import Activities, no_activities, see
from features.values import parse_instant
from models.replay import Past
from serving.canonical import read
from serving.storage.base import from_number, to_number
from serving.storage.privacy import HistoryStore
from serving.storage.tables import activities, outcomes

MOST = 20_000
"""Leads that are looked at, the newest; who is kept out of training is not among them."""
_AT_ONCE = 1000
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Known:
    """n leads, each at its own instant, ready for any edition."""

    fields: Fields
    ids: tuple[str, ...]
    snapshot: Snapshot

    @cached_property
    def _features(self) -> Table:
        # Features of activities are a model's; rulebooks ask for the activities themselves.
        return Catalogue.of(self.fields, Vocabulary()).compute(self.snapshot)

    @cached_property
    def _facts(self) -> Facts:
        return facts_of(self.snapshot, self._features)

    def points(self, book: Rulebook) -> Agreed:
        """The agreed points of all under an edition that fits the fields."""
        return award(book, self._facts)

    def barred(self, book: Rulebook) -> Flags:
        """(n,) whom a disqualifier keeps back."""
        return np.asarray(disqualified(book, self._facts) >= 0)


class StoredPast:
    """The newest stored leads with what happened to them, from one moment's state.

    Args:
        connection: reads one moment's state.
        fields: how leads are read.
        now: until when.
    """

    def __init__(self, connection: Connection, fields: Fields, now: np.datetime64) -> None:
        store = HistoryStore(connection)
        self._fields, self._now = fields, now
        newest: deque[tuple[Row[Any], list[Row[Any]], list[str]]] = deque(maxlen=MOST)
        for piece in store.leads(_AT_ONCE):
            newest.extend(p for p in piece if p[0].scoring_allowed and p[0].training_allowed)
        self._leads = list(newest)
        self._activities = _activities(list(store.events(activities)))
        self._ends: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in store.events(outcomes):
            self._ends[row.lead_id].append(row)
        for ends in self._ends.values():
            ends.sort(key=lambda e: (e.at, e.stage in FINAL))
        self._worked = set(self._ends) | set(
            self._activities.lead[self._activities.team == "sales"].tolist()
        )

    @property
    def open_leads(self) -> Flags:
        """(n,) which leads have not ended."""
        return np.array([row.stage not in FINAL for row, _, _ in self._leads], dtype=bool)

    def current(self) -> Known:
        """All leads, as known now."""
        at = np.full(len(self._leads), self._now, dtype="datetime64[us]")
        fields = [read(row.fields) for row, _, _ in self._leads]
        return self._known(list(range(len(self._leads))), fields, at)

    def matured(self, horizon_days: float) -> tuple[Known, Past]:
        """The leads whose horizon is over, as known when they were first looked at."""
        chosen, fields, at = [], [], []
        horizon = round(horizon_days * _DAY)
        for place, (row, versions, _) in enumerate(self._leads):
            seen_at = self._looked_at(row, versions)
            if seen_at + horizon > to_number(self._now):
                continue
            early = [v for v in versions if v.received_at <= seen_at]
            fields.append(read((early[-1] if early else versions[0]).fields))
            chosen.append(place)
            at.append(from_number(seen_at))
        when = np.array(at, dtype="datetime64[us]")
        known = self._known(chosen, fields, when)
        return known, self._past(known.ids, when, horizon)

    def _looked_at(self, row: Row[Any], versions: list[Row[Any]]) -> int:
        name = self._fields.timing.as_of
        told = read(versions[0].fields).get(name) if name else None
        try:
            came = to_number(parse_instant(told)) if isinstance(told, str) else row.created_at
        except (ValueError, OverflowError):
            came = row.created_at  # a marker that means "not given"
        ages = self._fields.timing.snapshot_ages_days
        if not ages:
            return int(came)
        # The age at which training looks at this lead too.
        drawn = int.from_bytes(hashlib.sha256(row.id.encode()).digest()[:8]) % len(ages)
        return int(came) + round(ages[drawn] * _DAY)

    def _known(self, places: list[int], fields: Sequence[Any], at: Instants) -> Known:
        rows = [self._leads[place][0] for place in places]
        columns = from_records(fields, self._fields).columns
        ids, accounts = texts([r.id for r in rows]), texts([r.account_id for r in rows])
        seen = see(ids, accounts, at, self._activities)
        return Known(self._fields, tuple(r.id for r in rows), Snapshot(columns, seen, at))

    def _past(self, ids: Sequence[str], at: Instants, horizon: int) -> Past:
        n = len(ids)
        known, y, amount = np.zeros(n, dtype=bool), np.zeros(n), np.full(n, np.nan)
        for i, lead_id in enumerate(ids):
            seen_at = to_number(at[i])
            ends = self._ends.get(lead_id, [])
            decided = has_ended(e.stage for e in ends if e.at <= seen_at)
            excluded = is_excluded(e.stage for e in ends)
            won = [e for e in ends if e.stage == "won" and seen_at < e.at <= seen_at + horizon]
            known[i] = lead_id in self._worked and not decided and not excluded
            y[i] = float(bool(won))
            if won and won[-1].amount is not None:
                amount[i] = won[-1].amount
        return Past(texts(ids), at, known, y, amount)


def _activities(rows: list[Row[Any]]) -> Activities:
    if not rows:
        return no_activities()
    nothing = np.datetime64("NaT", "us")
    return Activities(
        lead=texts(r.lead_id for r in rows),
        account=texts(r.account_id or r.lead_account_id for r in rows),
        occurred_at=np.array([from_number(r.occurred_at) for r in rows]),
        recorded_at=np.array(
            [nothing if r.recorded_at is None else from_number(r.recorded_at) for r in rows]
        ),
        channel=texts(r.channel for r in rows),
        kind=texts(r.kind for r in rows),
        team=texts(r.team for r in rows),
        value=np.array([np.nan if r.value is None else r.value for r in rows], dtype=np.float64),
    )
