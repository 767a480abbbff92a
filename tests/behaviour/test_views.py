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


def hand_over(table: Table, *names: str) -> None:
    """Leads that reach a hand-over from 35, given to sales at the table's instant."""
    proposal_id = table.draft(hand_over_from=35, tests=[])
    table.propose(proposal_id)
    table.agree(proposal_id)
    for name in names:
        table.put_lead(name, GOOD)
    worker = table.desk.now
    assert run_once(worker.database, worker.scorer, table.clock)[0].leads == len(names)


def look(table: Table, view: str) -> tuple[set[str], int, str]:
    """The leads of a view, how many it says it has, and its page."""
    page = table.client.get(f"/leads?view={view}", headers=table._headers["sales"]).text
    shown = set(re.findall(r'class="lead" href="/leads/([^"]+)"', page))
    number = re.search(r'aria-current="true">[^<]+<span class="muted">([0-9]+)<', page)
    assert number is not None
    return shown, int(number[1]), page


def later(table: Table, hours: int) -> None:
    table.clock.now = table.clock.now + np.timedelta64(hours, "h")
    table.sign_in_again()


def test_a_first_touch_and_a_decision_that_are_due_or_late_are_views_and_stand_in_the_row(
    table: Table,
):
    hand_over(table, "G1")
    assert [look(table, view)[1] for view in ("waiting", "due", "late")] == [1, 0, 0]
    later(table, 1)
    assert [look(table, view)[1] for view in ("waiting", "due", "late")] == [1, 1, 0]
    assert "Call by 2 Sep 2026, 12:00, in 23 h" in look(table, "due")[2]
    later(table, 24)
    assert look(table, "late")[:2] == ({"G1"}, 1)
    assert "Call 1 h late, was due 2 Sep 2026, 12:00" in look(table, "late")[2]
    did = {"lead_id": "G1", "occurred_at": "2026-09-02T12:30:00Z", "kind": "call"}
    did |= {"channel": "phone", "team": "sales"}
    assert table.client.post("/v1/activities", json=did, headers=table.crm).is_success
    assert look(table, "late")[:2] == (set(), 0)
    assert look(table, "waiting")[:2] == ({"G1"}, 1)
    assert "Decide by " in look(table, "waiting")[2]
    later(table, 24 * 20)
    assert look(table, "late")[:2] == ({"G1"}, 1)
    assert re.search("Decide [0-9]+ days late, was due ", look(table, "late")[2])


def test_a_lead_that_closed_meanwhile_is_neither_counted_nor_shown_as_waiting(table: Table):
    hand_over(table, "G1", "G2")
    assert look(table, "waiting")[:2] == ({"G1", "G2"}, 2)
    told = {"lead_id": "G1", "at": "2026-09-01T11:00:00Z", "stage": "lost"}
    assert table.client.post("/v1/outcomes", json=told, headers=table.crm).is_success
    later(table, 24 * 20)
    for view in ("waiting", "due", "late"):
        assert look(table, view)[:2] == ({"G2"}, 1), view


def test_leads_that_are_nobodys_are_a_view(table: Table):
    table.put_lead("G1", GOOD)
    body = {"lead": GOOD, "owner": "Tom Okafor"}
    assert table.client.put("/v1/leads/G2", json=body, headers=table.crm).is_success
    assert look(table, "nobody")[:2] == ({"G1"}, 1)
