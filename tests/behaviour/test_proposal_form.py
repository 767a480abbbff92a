"""A proposal's form as a browser without scripts sends it: nothing is lost or changes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from models.workspace import Workspace
from tests.support.forms import sent_by
from tests.support.pact import Table, sit_down
from tests.support.quarrel import STRONG

LIVE = "data-live"


@pytest.fixture(scope="module")
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        yield found


def press(table: Table, proposal_id: str, button: str, status: int = 200, **typed: str) -> str:
    """Press a button of the page as it stands, with other things typed; the page that comes."""
    path = f"/proposals/{proposal_id}"
    body = sent_by(table.page(path), LIVE) | typed
    return answer(table, path, body | {"act": button}, status)


def answer(table: Table, path: str, body: dict[str, str], status: int = 200) -> str:
    found = table.submit("marketing", path, body)
    assert found.status_code == status, found.text
    return str(found.text)


def test_a_form_in_which_everything_was_opened_saves_the_same_text(table: Table):
    proposal_id = table.draft(webinar=14.0)
    path = f"/proposals/{proposal_id}"
    before, page = table.proposal(proposal_id)["sha256"], table.page(path)
    told = yaml.safe_load(table.text())
    owners = [part["id"] for part in (*told["criteria"], *told["disqualifiers"])]
    buttons = [f"rows {owner}" for owner in owners]
    buttons += [f"case {i}" for i in range(len(told["tests"]))]
    for button in buttons:
        page = answer(table, path, sent_by(page, LIVE) | {"act": button})
    assert page.count('name="rows-') == len(owners) + 1 + len(told["tests"])
    assert page.count('class="error"') == 0
    assert answer(table, path, sent_by(page, LIVE) | {"act": "save"}, 303) == ""
    assert table.proposal(proposal_id)["sha256"] == before


def test_what_is_ticked_to_be_taken_out_is_still_ticked_after_a_check(table: Table):
    proposal_id = table.draft(webinar=14.0)
    ticked = {"drop-opened_mail": "1", "drop-no_email": "1", "drop-case-2": "1"}
    page = press(table, proposal_id, "check", **ticked)
    body = sent_by(page, LIVE)
    assert {name for name in body if name.startswith("drop-")} == set(ticked)
    answer(table, f"/proposals/{proposal_id}", body | {"act": "save"}, 303)
    gone = [
        says.partition(":")[0] for says in table.proposal(proposal_id)["says"] if "gone" in says
    ]
    assert gone == [
        "Criterion opened_mail is gone",
        "Disqualifier no_email is gone",
        "Test is gone",
    ]


def test_a_disqualifiers_condition_is_changed_in_rows(table: Table):
    proposal_id = table.draft(webinar=14.0)
    page = press(table, proposal_id, "rows students")
    body = sent_by(page, LIVE) | {"value-0-students": "staff"}
    answer(table, f"/proposals/{proposal_id}", body | {"act": "save"}, 303)
    assert "job title seniority is staff" in "".join(table.proposal(proposal_id)["says"])


def test_a_new_criterion_repeats_and_fades_where_it_asks_for_one_activity(table: Table):
    proposal_id = table.draft(webinar=14.0)
    page = press(table, proposal_id, "more new-criterion", **{"about-new-criterion": "an activity"})
    typed = {"kind-0-new-criterion": "order", "new-id": "orders", "new-says": "Ordered"}
    typed |= {"new-points": "3", "new-count": "repeat", "new-cap": "9", "new-half": "30"}
    body = sent_by(page, LIVE) | typed
    checked = answer(table, f"/proposals/{proposal_id}", body | {"act": "check"})
    assert 'id="points-orders"' not in checked
    answer(table, f"/proposals/{proposal_id}", sent_by(checked, LIVE) | {"act": "save"}, 303)
    assert 'id="points-orders"' in table.page(f"/proposals/{proposal_id}")
    told: dict[str, Any] = yaml.safe_load(table.proposal(proposal_id)["text"])
    assert told["criteria"][-1] == {
        "id": "orders",
        "says": "Ordered",
        "group": next(iter(told["groups"])),
        "when": {"activity": {"kind": "order"}},
        "points": 3.0,
        "count": "repeat",
        "cap": 9.0,
        "decay": {"half_life_days": 30.0},
    }


def test_a_case_that_controls_cannot_hold_is_refused_and_the_rest_of_the_form_stays(table: Table):
    told = yaml.safe_load(table.text(webinar=14.0))
    told["tests"][0]["lead"] = {"nobody": "x"}
    proposal_id = table.draft(yaml.safe_dump(told, sort_keys=False))
    page = press(table, proposal_id, "case 0", 422, **{"points-webinar": "7"})
    assert "Show as YAML”." in page
    assert sent_by(page, LIVE)["points-webinar"] == "7"


@pytest.mark.parametrize("button", ["rows nobody", "more webinar", "case 99", "rows", "dance"])
def test_a_button_that_no_page_has_is_refused(table: Table, button: str):
    proposal_id = table.draft(webinar=14.0)
    press(table, proposal_id, button, 422)


def test_who_may_propose_can_see_which_leads_cross_a_text_that_is_kept(table: Table):
    table.put_lead("CROSSES", STRONG)
    proposal_id = table.draft(hand_over_from=90, tests=[])
    table.propose(proposal_id)
    path = f"/proposals/{proposal_id}"
    kept = table.open("sales", path).text
    assert f'href="{path}?leads=1#live"' in kept
    assert "CROSSES" not in kept
    named = table.open("sales", f"{path}?leads=1").text
    row = named.partition('href="/leads/CROSSES"')[2].partition("</tr>")[0]
    assert '<line class="threshold" x1="90.0%"' in row
    assert '<line class="dotted" x1="61.0%"' in row
    assert "Dotted: handed over from 90, and from 61 in force, paler." in named
    page = table.open("admin", f"{path}?leads=1").text
    assert "The text" in page
    assert "CROSSES" not in page
    assert "leads=1" not in page.partition("<main")[2]


def test_weeks_without_hand_overs_say_so_and_hide_their_noughts_on_a_phone(table: Table):
    weeks = table.page("/handoffs").partition('class="list weeks"')[2].partition("</table>")[0]
    assert weeks.count("<tr>") == 9
    assert weeks.count('class="num zero" data-l="handed over">0<') == 8
    assert weeks.count('<td class="zero">nothing owed') == 8
