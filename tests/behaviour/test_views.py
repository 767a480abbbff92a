"""Views of the worklist are a person's own; what was searched for is not in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from models.workspace import Workspace
from serving.handing_over import run_once
from serving.viewing import ASKS
from tests.support.pact import Table, sit_down

GOOD = {"employees": 640, "job_title": "Head of Operations", "source": "referral"}


@pytest.fixture
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        yield found


def save(table: Table, who: str, name: str, **asks: str) -> int:
    body = {"name": name, "asks": asks}
    return int(table.try_post(who, "/v1/views", body).status_code)


def mine(table: Table, who: str) -> list[dict[str, object]]:
    answer = table.client.get("/v1/views", headers=table._headers[who])
    return list(answer.json()["views"])


def test_a_view_is_kept_under_a_name_shown_and_forgotten(table: Table):
    assert save(table, "sales", "My As", grade="A", sort="changed") == 201
    [view] = mine(table, "sales")
    assert (view["name"], view["asks"]) == ("My As", {"grade": "A", "sort": "changed"})
    assert mine(table, "marketing") == []
    page = table.client.get("/leads", headers=table._headers["sales"]).text
    assert 'href="/leads?grade=A&amp;sort=changed"' in page
    path = f"/v1/views/{view['id']}"
    assert table.client.delete(path, headers=table._headers["marketing"]).status_code == 404
    assert table.client.delete(path, headers=table._headers["sales"]).status_code == 204
    assert mine(table, "sales") == []


def test_the_api_takes_whatever_the_worklist_can_ask(table: Table):
    page = table.client.get("/leads", headers=table._headers["sales"]).text
    controls = set(re.findall(r'<(?:select|input)[^>]* name="(\w+)"', page.split("<details")[0]))
    assert controls - {"q", "form_token"} <= set(ASKS)
    asks = {"grade": "A", "least": "40", "stage": "new", "owner": "Tom", "channel": "web"}
    asks |= {"view": "ready", "grid": "B2", "sort": "changed"}
    assert set(asks) == set(ASKS)
    assert save(table, "sales", "all of it", **asks) == 201


def test_what_no_view_can_ask_and_what_is_too_much_is_refused(table: Table):
    assert save(table, "sales", "x", q="Ines Duarte") == 422
    assert save(table, "sales", "") == 422
    for n in range(20):
        assert save(table, "sales", f"view {n}") == 201
    assert save(table, "sales", "one more") == 409
    assert save(table, "marketing", "twice") == 201
    assert save(table, "marketing", "twice") == 409
    body = {"name": "of a key", "asks": {}}
    answer = table.client.post("/v1/views", json=body, headers=table.crm)
    assert answer.status_code == 403


def test_leads_that_wait_for_sales_and_those_that_are_late_are_views(table: Table):
    proposal_id = table.draft(hand_over_from=35, tests=[])
    table.propose(proposal_id)
    table.agree(proposal_id)
    table.put_lead("G1", GOOD)
    worker = table.desk.now
    assert run_once(worker.database, worker.scorer, table.clock)[0].leads == 1

    def shown(view: str) -> bool:
        answer = table.client.get(f"/leads?view={view}", headers=table._headers["sales"])
        assert answer.status_code == 200
        return "/leads/G1" in answer.text

    assert (shown("waiting"), shown("late")) == (True, False)
    table.clock.now = table.clock.now + np.timedelta64(20, "D")
    table.sign_in_again()
    assert (shown("waiting"), shown("late")) == (True, True)
