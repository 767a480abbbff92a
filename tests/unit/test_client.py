"""The client by itself: when it calls again, what it sends, and what it raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from serving.client import (
    ApiProblem,
    Busy,
    Conflict,
    Forbidden,
    InputRefused,
    LeadpactClient,
    NotFound,
    PreconditionFailed,
    Unauthenticated,
    Unreachable,
)
from serving.client.calling import Patience

ME = {"kind": "key", "id": "k", "name": "n", "role": "crm", "permissions": []}
EVENTS: dict[str, Any] = {"results": [], "scores": {}}


class Service:
    """Gives the answers it was told to give, one after the other, and notes what it is asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers: Iterator[Any] = iter(answers)
        self.asked: list[httpx2.Request] = []
        self.waits: list[float] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        told = next(self._answers)
        if isinstance(told, Exception):
            raise told
        status, headers, content = told
        return httpx2.Response(status, headers=headers, json=content)

    def client(self, **more: Any) -> LeadpactClient:
        http = httpx2.Client(
            base_url="http://leads.test", transport=httpx2.MockTransport(self.answer)
        )
        return LeadpactClient("", "lpk_secret", http=http, sleep=self.waits.append, **more)


def problem(status: int, kind: str = "busy") -> tuple[int, dict[str, str], Any]:
    told = {"title": "T", "detail": "D", "instance": "i", "errors": []}
    return status, {}, told | {"type": f"urn:leadpact:problem:{kind}", "status": status}


def asking(status: int, **headers: str) -> tuple[int, dict[str, str], Any]:
    told = {k.replace("_", "-"): v for k, v in headers.items()}
    return status, told, problem(status)[2]


OK = (200, {}, ME)


def test_a_call_waits_as_long_as_it_is_asked_to_and_is_sent_again():
    service = Service(asking(429, retry_after="7"), asking(503, retry_after="2"), OK)
    assert service.client().me().role == "crm"
    assert service.waits == [7.0, 2.0]
    assert len(service.asked) == 3
    assert {r.headers["authorization"] for r in service.asked} == {"Bearer lpk_secret"}


def test_an_instant_to_wait_for_is_told_by_the_services_own_clock():
    until = "Wed, 25 Nov 2026 12:00:09 GMT"
    service = Service(asking(503, retry_after=until, date="Wed, 25 Nov 2026 12:00:00 GMT"), OK)
    service.client().me()
    assert service.waits == [9.0]


def test_where_nobody_says_how_long_each_wait_is_twice_the_one_before():
    service = Service(asking(503), asking(503, retry_after="soon"), httpx2.ConnectError("x"), OK)
    service.client().me()
    assert service.waits == [0.5, 1.0, 2.0]


def test_patience_ends():
    service = Service(*[asking(429, retry_after="1")] * 3)
    with pytest.raises(Busy) as told:
        service.client(patience=Patience(attempts=3)).me()
    assert (told.value.status, len(service.waits)) == (429, 2)
    long = Service(asking(429, retry_after="3600"))
    with pytest.raises(Busy):
        long.client().me()
    assert long.waits == []
    gone = Service(*[httpx2.ConnectTimeout("slow")] * 4)
    with pytest.raises(Unreachable, match="GET /v1/me"):
        gone.client().me()


def test_a_write_keeps_its_key_when_it_is_sent_again():
    service = Service(httpx2.ReadError("cut"), asking(503), (200, {}, EVENTS), (200, {}, EVENTS))
    client = service.client()
    client.tell_activities({"lead_id": "a"})
    client.tell_activities({"lead_id": "a"})
    keys = [r.headers["idempotency-key"] for r in service.asked]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert all(len(key) >= 32 for key in keys)
    own = Service((200, {}, EVENTS))
    own.client().tell_outcomes({"lead_id": "a"}, idempotency_key="mine")
    assert own.asked[0].headers["idempotency-key"] == "mine"


def test_what_might_be_done_twice_is_not_sent_twice():
    cut = Service(httpx2.ReadError("cut"))
    with pytest.raises(Unreachable, match="POST /v1/keys"):
        cut.client().make_key("CRM", "crm")
    not_ready = Service(asking(503))
    with pytest.raises(Busy):
        not_ready.client().make_key("CRM", "crm")
    # Whoever was let through too often has begun nothing.
    limited = Service(asking(429, retry_after="1"), (201, {}, {"id": "k", "key": "lpk_x"}))
    assert limited.client().make_key("CRM", "crm").key == "lpk_x"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InputRefused),
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (412, PreconditionFailed),
        (422, InputRefused),
        (418, ApiProblem),
        (500, ApiProblem),
    ],
)
def test_a_refusal_is_an_exception_that_carries_the_problem(status: int, kind: type[ApiProblem]):
    wrong = {"pointer": "/lead", "field": "f", "got": "g", "detail": "d", "allowed": "a", "new": 1}
    told = problem(status, "some-kind")
    told[2]["errors"] = [wrong]
    with pytest.raises(ApiProblem) as raised:
        Service(told).client().get_lead("4711")
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.kind) == (status, "some-kind")
    assert raised.value.problem.errors[0].pointer == "/lead"
    assert str(raised.value) == f"{status} T: D"


def test_an_answer_of_somebody_between_is_told_as_what_it_is():
    with pytest.raises(ApiProblem, match=r"502 Bad Gateway: .*upstream") as raised:
        Service((502, {}, "upstream is down")).client().me()
    assert raised.value.kind == "about:blank"
    with pytest.raises(Unreachable, match="not with an answer of this service"):
        Service((200, {}, {"welcome": "to the hotel's network"})).client().me()


def test_answers_may_gain_keys():
    told = ME | {"since": "2027"}
    assert Service((200, {}, told)).client().me().id == "k"


@pytest.mark.parametrize("name", ["a%20b", "a?b=c", "a#b", "A-1&x", "L+1", "ü"])
def test_an_id_is_one_step_of_the_address_whatever_signs_it_holds(name: str):
    service = Service(problem(404))
    with pytest.raises(NotFound):
        service.client().timeline(name)
    path = service.asked[0].url.raw_path.decode()
    assert path.count("/") == 4
    assert "?" not in path
    assert httpx2.URL(f"http://x{path}").path == f"/v1/leads/{name}/timeline"


def test_the_key_is_not_shown():
    client = Service().client()
    assert "lpk_secret" not in repr(vars(client))


def test_a_list_is_gone_through_page_by_page():
    lead = {
        **dict.fromkeys(("id", "stage", "created_at", "changed_at", "grade"), "x"),
        **dict.fromkeys(("account_id", "owner", "not_scored", "channel", "grid")),
        "consent": {"scoring": True, "training": True},
        **dict.fromkeys(("version", "score", "agreed_score"), 1),
        "stale": False,
        "likelihood": 0.5,
    }
    pages = [
        {"leads": [lead | {"id": "a"}], "next_cursor": "c1", "as_of": "x"},
        {"leads": [], "next_cursor": None, "as_of": "x"},
    ]
    service = Service(*((200, {}, page) for page in pages))
    found = service.client().leads(grades=["A", "B"], min_score=60, limit=1)
    assert service.asked == []
    assert [one.id for one in found] == ["a"]
    first, second = (dict(r.url.params.multi_items()) for r in service.asked)
    assert service.asked[0].url.params.get_list("grade") == ["A", "B"]
    assert (first["min_score"], "cursor" in first) == ("60", False)
    assert second == first | {"cursor": "c1"}


def test_an_owner_stays_unless_one_is_given():
    sent: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append((json.loads(request.content), request.headers.get("if-match")))
        return httpx2.Response(404, json=problem(404)[2])

    http = httpx2.Client(base_url="http://x", transport=httpx2.MockTransport(answer))
    client = LeadpactClient("", None, http=http)
    calls: list[Callable[[], Any]] = [
        lambda: client.patch_lead("a", {"employees": 5}),
        lambda: client.patch_lead("a", {}, owner=None, version=3),
        lambda: client.put_lead("a", {}, owner="tom"),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
    agreed = {"consent_given_at": None}
    assert sent == [
        ({"lead": {"employees": 5}} | agreed, None),
        ({"lead": {}, "owner": None} | agreed, '"3"'),
        ({"lead": {}, "owner": "tom"} | agreed, None),
    ]
