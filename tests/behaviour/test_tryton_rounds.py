"""Rounds of the connector between a Tryton from memory and a service: what changes while a round is
under way is told by the next, and old notes are looked for some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.client import LeadpactClient
from serving.connectors.tryton import connecting, notes
from serving.connectors.tryton.connecting import connect
from serving.connectors.tryton.marks import Marks
from serving.connectors.tryton.rpc import Tryton, plain
from serving.lead_answers import LeadPage
from tests.support.access import Clock
from tests.support.service import NOW, make_client, make_worker
from tests.support.tryton_answers import USER, TrytonAnswers

STRONG = {"employees": 640, "industry": "logistics", "job_title": "Head of Operations"}
AT = "2026-08-02T09:00:00.000000Z"
HALF_AN_HOUR = np.timedelta64(30, "m")


class Direct(Tryton):
    """Calls that are answered from memory."""

    def __init__(self, company: TrytonAnswers) -> None:
        self.company, self.user = company, USER

    def call(self, method: str, *values: Any, **context: Any) -> Any:
        return plain(self.company.call(f"model.{method}", [*values, context]))


class House:
    """A Tryton with some leads, and a service whose clock a test moves."""

    def __init__(self, http: TestClient, clock: Clock, marks: Path) -> None:
        self.clock, self._marks = clock, marks
        self.company = TrytonAnswers("")
        key = http.headers["authorization"].removeprefix("Bearer ")
        self.service = LeadpactClient("http://testserver", key, http=http)

    def opportunities(self, count: int) -> None:
        row = {"state": "lead", "amount": "900", "start_date": "2026-08-01"}
        for one in range(1, count + 1):
            self.company.versions[one] = [(f"2026-08-01T08:{one:02d}:00.000000Z", row)]

    def change(self, one: int, fields: dict[str, Any]) -> None:
        self.service.patch_lead(f"tryton-{one}", fields)

    def round(self) -> int:
        """How many opportunities got another note."""
        return connect(Direct(self.company), self.service, Marks.read(self._marks, "x")).notes

    def told(self, one: int) -> bool:
        """Whether the one note of an opportunity is of the score that its lead has now."""
        [note] = self.company.messages(one)
        score = self.service.get_lead(f"tryton-{one}").score
        assert score is not None
        return note.startswith(f"Leadpact score: {score.score} of 100, grade {score.grade}")


@pytest.fixture
def house(trained: Workspace, tmp_path: Path) -> Iterator[House]:
    clock = Clock(NOW)
    worker = replace(make_worker(trained), clock=clock)
    with make_client(worker) as http:
        yield House(http, clock, tmp_path / "tryton.json")


def test_a_lead_that_changes_after_its_page_was_read_is_told_by_the_next_round(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connecting, "_AT_ONCE", 2)
    house.opportunities(3)
    true = house.service.leads_page

    def while_pages_are_read(**asked: Any) -> LeadPage:
        if asked.get("cursor") and house.clock.now == NOW:
            house.change(1, STRONG)
            house.clock.now = house.clock.now + HALF_AN_HOUR
            house.change(3, STRONG)
        return true(**asked)

    monkeypatch.setattr(house.service, "leads_page", while_pages_are_read)
    assert house.round() == 3
    assert (house.told(1), house.told(2), house.told(3)) == (False, True, True)
    monkeypatch.setattr(house.service, "leads_page", true)
    assert house.round() == 1
    assert house.told(1)
    house.clock.now = house.clock.now + HALF_AN_HOUR
    assert house.round() == 0


def test_notes_of_leads_that_are_gone_are_removed_however_many_notes_there_are(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notes, "_AT_ONCE", 2)
    house.opportunities(5)
    house.company.add_note(2, "Leadpact score: a rep quotes it.", AT, USER + 1)
    assert house.round() == 5
    for one in (1, 2, 5):
        del house.company.versions[one]
        house.service.remove_lead(f"tryton-{one}")
    assert house.round() == 3
    assert [len(house.company.messages(one)) for one in range(1, 6)] == [0, 1, 1, 1, 0]
    assert None not in house.company.most_notes[-1:]
