"""The scope: what management lets each team decide, within which bounds, by what clocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field as Setting
from pydantic import ValidationError, model_validator
from sqlalchemy import Connection

from features.errors import InputRefused, Problem
from features.fields import Document
from features.rulebook.document import Rulebook
from serving.canonical import canonical
from serving.pact.calendar import Calendar
from serving.pact.items import Difference
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.pact import ScopeStore

Team = Literal["marketing", "sales"]
Owner = Literal["marketing", "sales", "joint"]
BOTH = "both"
MOST_WEEKS = 200
TEAMS: tuple[Team, ...] = ("marketing", "sales")


class Promises(Document):
    """What each team owes the other.

    `touch_hours` and `decision_hours` are hours of the calendar, counted from the hand-over.
    """

    touch_hours: float = Setting(default=8.0, gt=0, le=1000)
    decision_hours: float = Setting(default=40.0, gt=0, le=2000)
    hit_rate: float = Setting(default=0.1, ge=0, le=1)
    """Share of the decided hand-offs that marketing owes sales may accept."""
    hand_offs_a_week: float = Setting(default=0.0, ge=0)
    calendar: Calendar = Calendar()

    @model_validator(mode="after")
    def _ends(self) -> Self:
        most = MOST_WEEKS * self.calendar.hours_a_week
        if max(self.touch_hours, self.decision_hours) > most:
            raise ValueError(f"so many hours of this calendar take more than {MOST_WEEKS} weeks")
        return self


class Route(Document):
    """Who gets leads that nobody owns: those whose `field` has one of `values`, or all."""

    owners: tuple[str, ...] = Setting(min_length=1)
    field: str | None = None
    values: tuple[str, ...] = ()
    most: int | None = Setting(default=None, ge=1)
    """Hand-offs that may wait for one owner; who has as many gets no more."""


class Scope(Document):
    """What management declares; without a declaration no team decides anything alone."""

    groups: dict[str, Owner] = Setting(default_factory=dict)
    """Group of criteria -> whose it is; a group that is not named is whose the rulebook says."""
    alone: tuple[Team, ...] = ()
    """The teams that may decide changes of their own groups' criteria with their own key."""
    most_points: dict[str, float] = Setting(default_factory=dict)
    """Group -> the most points that one of its criteria may give or take."""
    capacity_a_week: float | None = Setting(default=None, gt=0)
    """Hand-offs that sales can work; a change that hands over more needs both keys."""
    both_from_share: float = Setting(default=0.02, ge=0, le=1)
    """A change that moves more than this share of leads over the threshold needs both keys."""
    explored_share: float = Setting(default=0.02, ge=0, le=0.5)
    """Of the leads that are left behind, the share that is handed over by lot."""
    promises: Promises = Promises()
    routes: tuple[Route, ...] = ()
    """In the order they are asked; a lead that none takes waits in the common queue."""

    @model_validator(mode="after")
    def _positive(self) -> Self:
        low = [name for name, most in self.most_points.items() if not most > 0]
        if low:
            raise ValueError(f"most_points: {low[0]} must be above 0")
        return self

    def owner_of(self, group: str, base: Rulebook) -> Owner:
        """Whose group it is: as declared here, else as the edition in force says."""
        agreed = base.groups[group].owner if group in base.groups else "joint"
        return self.groups.get(group, agreed)

    def breaches(self, book: Rulebook) -> list[str]:
        """Where an edition is outside the bounds, a sentence each."""
        found = []
        for c in book.criteria:
            most = self.most_points.get(c.group)
            if most is not None and abs(c.points) > most:
                found.append(
                    f"Criterion {c.id} gives {c.points:g} points; the scope allows {most:g} at "
                    f"most in group {c.group}."
                )
        return found

    def keys_for(
        self,
        changes: Sequence[Difference],
        share_moved: float,
        a_week: float | None,
        base: Rulebook,
    ) -> str:
        """Who must sign a change: `both`, or the one team that may decide it alone.

        Args:
            changes: of the base edition.
            share_moved: of stored leads that cross the threshold either way.
            a_week: hand-offs a week under the proposal; None when not known.
            base: the edition that is changed.
        """
        over = self.capacity_a_week is not None and (a_week or 0.0) > self.capacity_a_week
        if over or share_moved > self.both_from_share:
            return BOTH
        # A test case says what the rules give; whoever changes rules must mend it.
        rules = [change for change in changes if not change.item.startswith("test:")]
        owners = {self._owner(change, base) for change in rules}
        if len(owners) != 1:
            return BOTH
        owner = owners.pop()
        return owner if owner in self.alone else BOTH

    def _owner(self, change: Difference, base: Rulebook) -> str:
        kind, _, _ = change.item.partition(":")
        if kind != "criterion":
            return "joint"  # the threshold, caps, scale, grades and owners concern both
        # A criterion that changes its group concerns both groups' owners.
        sides = [s for s in (change.was, change.becomes) if s is not None]
        owners = {self.owner_of(str(s["group"]), base) for s in sides}
        return owners.pop() if len(owners) == 1 else "joint"


def scope_of(connection: Connection) -> Scope:
    """The scope that counts."""
    row = ScopeStore(connection).latest()
    return Scope() if row is None else Scope.model_validate_json(row.text)


def parse_scope(told: object) -> Scope:
    """A scope from JSON values.

    Raises:
        InputRefused: with everything that does not fit.
    """
    try:
        # JSON values are taken as they are: no text for a number.
        return Scope.model_validate_json(canonical(_whole(told)), strict=True)
    except ValidationError as error:
        problems = [
            Problem(
                ".".join(map(str, e["loc"])),
                "",
                e["msg"].removeprefix("Value error, "),
                "see /docs",
                None,
                "/" + "/".join(map(str, e["loc"])),
            )
            for e in error.errors(include_input=False, include_url=False)
        ]
        says = " ".join(p.sentence() for p in problems)
        raise InputRefused(f"The scope was not declared. {says}", problems) from None


def _whole(told: Any) -> Any:
    """JSON does not tell 22.0 from 22, so neither does this."""
    if isinstance(told, dict):
        return {key: _whole(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_whole(value) for value in told]
    return int(told) if isinstance(told, float) and told.is_integer() else told


def declare(connection: Connection, scope: Scope, actor: str, now: np.datetime64) -> int:
    """Keep a scope; proposals are held against it from now on. Returns its number."""
    store = ScopeStore(connection)
    row = {"text": canonical(scope.model_dump(mode="json")), "declared_by": actor}
    store.append(row | {"declared_at": to_number(now)})
    number = len(store.every())
    AuditLog(connection).append(now, actor, "scope declared", f"scope {number}")
    return number
