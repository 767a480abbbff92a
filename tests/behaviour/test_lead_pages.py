"""The worklist and a lead's page, as a signed-in rep asks for them."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

import serving.pages
from models.workspace import Workspace
from serving.pages.lead import MOST_MOMENTS
from serving.storage.base import to_number
from serving.storage.handoffs import HandoffStore
from serving.storage.leads import LeadStore
from tests.support.access import add_person, type_password
from tests.support.busy import write_busy_lead
from tests.support.service import NOW, make_app, make_worker

PASSWORD = "a barge full of green lanterns"
GOOD = {"employees": 640, "industry": "logistics", "job_title": "Head of Operations"}
POOR = {"email": "kim@gmail.com", "employees": 3, "job_title": "Student"}
MOST_BYTES = 60_000
HANDED = {"id": "0" * 16, "lead_id": "busy", "score_id": "s", "edition": "1", "explored": False}
HANDED |= {"owner": "Tom Okafor", "handed_at": 0}
HOSTILE = '"><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def rep(trained: Workspace) -> Iterator[TestClient]:
    """A rep who has signed in, on a record with five leads."""
    worker = make_worker(trained)
    add_person(worker.database, "tom@halden.example", "sales", "Tom Okafor", NOW)
    with TestClient(make_app(worker), follow_redirects=False) as browser:
        enter(browser)
        write(browser, "good", GOOD | {"account_id": "a"}, "Tom Okafor")
        write(browser, "poor", POOR, None)
        write(browser, "peer", GOOD | {"account_id": "a", "employees": 300}, "Rita Mensah")
        write(browser, "odd", {"job_title": HOSTILE}, "=1+1")
        write(browser, "gone", GOOD, None)
        for at, stage in (("2026-08-01", "accepted"), ("2026-08-05", "won")):
            told = {"lead_id": "gone", "at": f"{at}T09:00:00Z", "stage": stage}
            assert browser.post("/v1/outcomes", json=told).status_code == 200
        did = {"lead_id": "good", "occurred_at": "2026-08-30T09:00:00Z", "channel": "web"}
        did |= {"kind": "pricing_page"}
        assert browser.post("/v1/activities", json=did).status_code == 200
        yield browser


def enter(browser: TestClient) -> None:
    """Sign in, and send what forms carry with every request."""
    assert type_password(browser, "tom@halden.example", PASSWORD).status_code == 303
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', browser.get("/account").text)
    assert token is not None
    browser.headers["x-form-token"] = token[1]


def write(browser: TestClient, name: str, lead: dict, owner: str | None) -> None:
    answer = browser.put(f"/v1/leads/{name}", json={"lead": lead, "owner": owner})
    assert answer.status_code == 201, answer.text


def shown(rep: TestClient, address: str = "/leads") -> list[str]:
    answer = rep.get(address)
    assert answer.status_code == 200, answer.text
    return re.findall(r'class="lead" href="/leads/([^"]+)"', answer.text)


def test_open_leads_come_by_score_and_closed_ones_only_when_asked_for(rep: TestClient):
    found = shown(rep)
    assert set(found) == {"good", "peer", "poor", "odd"}
    scores = [int(s) for s in re.findall(r'row-score">(\d+)<', rep.get("/leads").text)]
    assert scores == sorted(scores, reverse=True)
    assert shown(rep, "/leads?stage=won") == ["gone"]


def test_filters_and_search_narrow_the_list(rep: TestClient):
    assert shown(rep, "/leads?owner=Tom+Okafor") == ["good"]
    assert shown(rep, "/leads?q=student") == ["poor"]
    assert shown(rep, "/leads?q=%25") == []
    assert "No lead matches" in rep.get("/leads?q=nobody-like-this").text


def test_leads_are_found_by_first_touch_by_cell_and_by_least_score_as_in_the_api(rep: TestClient):
    leads = {lead["id"]: lead for lead in rep.get("/v1/leads").json()["leads"]}
    good = leads["good"]
    assert (good["channel"], leads["poor"]["channel"]) == ("web", None)
    assert shown(rep, "/leads?channel=web") == ["good"]
    assert shown(rep, "/leads?channel=telephone") == []
    cell = rep.get("/v1/leads/good").json()["score"]["grid"]
    assert good["grid"] == cell
    alike = {name for name, lead in leads.items() if lead["grid"] == cell and name != "gone"}
    assert set(shown(rep, f"/leads?grid={cell}")) == alike
    assert f'href="/leads?grid={cell}"' in rep.get("/leads/good").text
    assert "good" in shown(rep, f"/leads?least={good['score']}")
    assert "good" not in shown(rep, f"/leads?least={good['score'] + 1}")
    for path in (f"/v1/leads?grid={cell}", "/v1/leads?channel=web"):
        assert "good" in {lead["id"] for lead in rep.get(path).json()["leads"]}
    assert rep.get("/leads?grid=Z9").status_code == 422


def test_the_api_tells_the_worklist_as_the_page_does(rep: TestClient):
    for asked in ("", "?q=head", "?view=ready", "?sort=changed", "?view=nobody", "?stage=won"):
        told = rep.get(f"/v1/worklist{asked}").json()
        assert [lead["id"] for lead in told["leads"]] == shown(rep, f"/leads{asked}"), asked
    whole = rep.get("/v1/worklist").json()
    assert whole["counts"]["open"] == len(whole["leads"]) == 4
    found, after = [], ""
    for _ in whole["leads"]:
        page = rep.get(f"/v1/worklist?limit=1&after={after}").json()
        found += [lead["id"] for lead in page["leads"]]
        after = page["next"]
    assert (found, after) == ([lead["id"] for lead in whole["leads"]], "")
    good = next(lead for lead in whole["leads"] if lead["id"] == "good")
    score = rep.get("/v1/leads/good").json()["score"]
    assert good["value"]["expected"] == score["value"]["expected"]
    assert good["disagreement"] == score["disagreement"]
    assert all(why in rep.get("/leads").text for why in [good["why"][0].split(" (")[0]])
    for wrong in ("view=x", "sort=x", "after=1", "limit=0", "grid=Z9"):
        assert rep.get(f"/v1/worklist?{wrong}").status_code == 422, wrong


def test_the_api_tells_what_moves_scores_as_the_models_page_does(rep: TestClient):
    told = rep.get("/v1/model/drivers").json()
    assert told["scores"] > 0
    sizes = [line["agreed"] + line["learned"] for line in told["drivers"]]
    assert sizes == sorted(sizes, reverse=True)
    page = html.unescape(rep.get("/model").text)
    assert all(line["label"] in page for line in told["drivers"])
    assert all(shape["label"] in page for shape in told["shapes"])


def test_a_search_looks_at_values_alone_in_any_case_and_not_across_them(rep: TestClient):
    assert shown(rep, "/leads?q=HEAD+of") == shown(rep, "/leads?q=head+of+operations")
    assert set(shown(rep, "/leads?q=head+of")) == {"good", "peer"}
    assert shown(rep, "/leads?q=job_title") == []
    assert shown(rep, "/leads?q=operationsgood") == []


def test_an_unknown_view_is_refused_and_the_known_ones_are_named(rep: TestClient):
    answer = rep.get("/leads?view=hot")
    assert answer.status_code == 422
    assert "disagree" in answer.json()["errors"][0]["allowed"]


def test_pages_follow_each_other_without_gap_or_repetition(
    rep: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("serving.pages.leads.PAGE", 1)
    found, address = [], "/leads"
    while address:
        page = rep.get(address).text
        found += re.findall(r'class="lead" href="/leads/([^"]+)"', page)
        following = re.search(r'href="(/leads\?[^"]*after=[^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert sorted(found) == ["good", "odd", "peer", "poor"]


def test_what_a_form_sent_is_shown_as_text_and_never_as_markup(rep: TestClient):
    for address in ("/leads", "/leads/odd"):
        page = rep.get(address).text
        assert HOSTILE not in page
        assert "&lt;img src=x" in page


def test_the_file_is_the_view_and_no_cell_of_it_runs(rep: TestClient):
    answer = rep.get("/leads.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = {row["lead_id"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert set(rows) == {"good", "peer", "poor", "odd"}
    assert rows["odd"]["owner"] == "'=1+1"
    assert rows["good"]["score"] == str(rep.get("/v1/leads/good").json()["score"]["score"])


def test_the_file_is_whole_however_many_leads_a_view_has(busy: TestClient, crowd: int):
    answer = busy.get("/leads.csv")
    assert "leads-simulated.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len({row["lead_id"] for row in rows}) == len(rows) == crowd + 1
    scores = [int(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    some = list(csv.DictReader(io.StringIO(busy.get("/leads.csv?least=97").text)))
    assert {row["lead_id"] for row in some} == {r["lead_id"] for r in rows if int(r["score"]) > 96}


def test_a_leads_page_adds_up_and_tells_what_moved_it(rep: TestClient):
    told = rep.get("/v1/leads/good").json()["score"]
    page = rep.get("/leads/good").text
    assert f'<p class="score">{told["score"]}</p>' in page
    assert told["says"] in page
    assert "pricing page" in page
    assert "/leads/peer" in page
    assert "Nearest step" in page


def test_what_if_shows_the_score_that_the_api_tells_and_stores_nothing(rep: TestClient):
    page = rep.get("/leads/good").text
    options = re.findall(r'<option value="([^"]+)"[^>]*>Budget date given: yes', page)
    assert options
    supposed = rep.get("/leads/good", params={"suppose": options[0]}).text
    asked = {"lead_id": "good", "changes": {"budget_date_given": True}}
    told = rep.post("/v1/what-if", json=asked).json()
    assert f"{told['before']['score']} → {told['after']['score']}" in supposed
    assert rep.get("/v1/leads/good").json()["version"] == 1


def test_a_lead_that_is_not_there_is_told_in_words(rep: TestClient):
    answer = rep.get("/leads/nobody")
    assert answer.status_code == 404
    assert "No such lead" in answer.text


def test_a_lead_whose_person_opted_out_is_said_to_be_unscored(rep: TestClient):
    write(rep, "shy", {"email": "ada@quiet.example"}, None)
    told = rep.put("/v1/leads/shy/consent", json={"scoring": False, "training": True})
    assert told.status_code == 200, told.text
    page = rep.get("/leads/shy")
    assert page.status_code == 200
    assert "Not scored" in page.text
    assert "shy" not in shown(rep)
    assert "1 not scored" in rep.get("/leads").text


def test_nobody_reads_a_lead_without_signing_in(rep: TestClient):
    browser = TestClient(rep.app, follow_redirects=False)
    for address in ("/leads", "/leads/good", "/leads.csv"):
        answer = browser.get(address)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


def test_who_may_not_contest_a_score_sees_no_empty_card(trained: Workspace):
    worker = make_worker(trained)
    add_person(worker.database, "ada@halden.example", "admin", "Ada Brandt", NOW)
    add_person(worker.database, "tom@halden.example", "sales", "Tom Okafor", NOW)
    with TestClient(make_app(worker), follow_redirects=False) as browser:
        assert type_password(browser, "tom@halden.example", PASSWORD).status_code == 303
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', browser.get("/account").text)
        assert token is not None
        told = {"lead": GOOD, "owner": None}
        headers = {"x-form-token": token[1]}
        assert browser.put("/v1/leads/good", json=told, headers=headers).status_code == 201
        assert "Contest the score" in browser.get("/leads/good").text
        browser.cookies.clear()
        assert type_password(browser, "ada@halden.example", PASSWORD).status_code == 303
        page = browser.get("/leads/good")
        assert page.status_code == 200
        assert "Contest the score" not in page.text
        # An edition that nobody signed is not called signed.
        assert "signed by both teams" not in page.text


@pytest.fixture(scope="module")
def busy(trained: Workspace) -> Iterator[TestClient]:
    """A rep's browser, where much has happened to one lead until a month ago."""
    worker = make_worker(trained)
    add_person(worker.database, "tom@halden.example", "sales", "Tom Okafor", NOW)
    with worker.database.transaction() as connection:
        until = NOW - np.timedelta64(30, "D")
        write_busy_lead(connection, worker.scorer, "busy", until, scores=200, activities=300)
        HandoffStore(connection).add(HANDED | {"touch_due": 0, "decision_due": to_number(NOW)})
    with TestClient(make_app(worker), follow_redirects=False) as browser:
        enter(browser)
        said = {"kind": "reported", "reason": "no_need", "line": "", "note": "Not now. " * 12}
        for _ in range(8):
            assert browser.post("/leads/busy", data=said).status_code == 303
        yield browser


@pytest.fixture(scope="module")
def crowd(busy: TestClient) -> int:
    """So many more leads than a file held once; they repeat the busy one."""
    database = busy.app.state.desk.now.database  # type: ignore[attr-defined]
    with database.transaction() as connection:
        store = LeadStore(connection)
        known = store.find("busy")
        assert known is not None
        like = {k: v for k, v in known._mapping.items() if k != "seq"}
        store.add([like | {"id": f"c{n}", "score": n % 101} for n in range(10_050)])
    return 10_050


def weight(browser: TestClient, page: str) -> int:
    """Bytes of a page with the style sheets, scripts and icons that it names."""
    folder = Path(serving.pages.__file__).parent / "static"
    parts = set(re.findall(r'"/static/([a-z]+[.](?:css|js|svg))"', page))
    assert len(parts) >= 3
    return len(page.encode()) + sum((folder / part).stat().st_size for part in parts)


def test_the_page_of_a_lead_with_a_long_past_keeps_its_weight(busy: TestClient):
    assert len(busy.get("/v1/leads/busy/scores?limit=200").json()["scores"]) == 200
    for path in ("/leads/busy", "/leads/busy?back=24", "/leads/busy?exact=1"):
        page = busy.get(path)
        assert page.status_code == 200
        assert weight(busy, page.text) < MOST_BYTES, path


def test_all_that_happened_to_a_lead_is_told_page_by_page(busy: TestClient):
    told, address = [], "/leads/busy"
    while address:
        page = busy.get(address).text
        shown = re.findall(r"<li><time>([^<]+)</time>", page)
        assert 0 < len(shown) <= MOST_MOMENTS
        told += shown
        older = re.search(r'href="([^"]+)#moved">[0-9]+ older', page)
        address = f"/leads/busy{older[1]}" if older else ""
    assert len(told) >= 300


def test_a_page_says_where_the_score_that_was_told_is_not_the_one_it_would_have_now(
    busy: TestClient,
):
    told = busy.get("/v1/leads/busy").json()["score"]
    asked = {"lead_id": "busy", "changes": {"budget_date_given": True}}
    now = busy.post("/v1/what-if", json=asked).json()["before"]
    assert now["score"] != told["score"]
    page = busy.get("/leads/busy").text
    assert (
        f"asked anew now it would be <strong>{now['score']}</strong>, grade {now['grade']}" in page
    )
    assert f"Counted from {now['score']}, what it would be now" in page


def test_a_page_says_nothing_of_it_where_both_are_the_same(rep: TestClient):
    assert "asked anew now" not in rep.get("/leads/good").text


def test_every_digit_is_told_to_who_asks_for_it(rep: TestClient):
    [line, *_] = rep.get("/v1/leads/good").json()["score"]["reasons"]
    exact = f"{line['learned']:.6f}"
    assert exact not in rep.get("/leads/good").text
    assert exact in rep.get("/leads/good?exact=1").text


def test_cells_of_fit_and_engagement_tell_their_leads_and_a_rate_only_of_enough(
    rep: TestClient, busy: TestClient, crowd: int
):
    page = rep.get("/leads/good").text
    cell = rep.get("/v1/leads/good").json()["score"]["grid"]
    alike = [x for x in rep.get("/v1/leads").json()["leads"] if x["grid"] == cell]
    number = sum(x["stage"] not in ("won", "lost", "left") for x in alike)
    assert f'<td class="own"><span>too few</span> <span>{number}</span></td>' in page
    page = busy.get("/leads/busy").text
    likelihood = busy.get("/v1/leads/busy").json()["score"]["likelihood"]
    told = f"<strong>{round(100 * likelihood)}</strong> <span>{crowd + 1:,}</span>"
    assert f'<td class="own">{told}' in page
