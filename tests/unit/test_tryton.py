"""Tryton's JSON-RPC and the connector's marks, without a server; see integration for a real one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from features.errors import InputRefused
from serving.connectors.tryton.marks import LOOKED_AT, Marks
from serving.connectors.tryton.rpc import (
    Tryton,
    TrytonRefused,
    TrytonUnreachable,
    instant_of,
    plain,
)
from serving.mappings.leaks import leak_of
from tests.support.cli import run

AT = {"year": 2026, "month": 11, "day": 25}
CLOCK = {"hour": 20, "minute": 59, "second": 35, "microsecond": 78}


def server(answers: dict[str, Any]) -> tuple[httpx2.Client, list[httpx2.Request]]:
    """A Tryton that knows these methods; and what it was asked."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        method = json.loads(request.content)["method"]
        found = answers.get(method, {"id": 1, "result": {}})
        return found if isinstance(found, httpx2.Response) else httpx2.Response(200, json=found)

    http = httpx2.Client(base_url="http://tryton.example", transport=httpx2.MockTransport(answer))
    return http, asked


LOGIN = {"common.db.login": {"id": 1, "result": [7, "token", None]}}


def test_values_come_as_json_values_and_instants_go_back_as_they_came():
    told = {"__class__": "datetime"} | AT | CLOCK
    assert plain([told]) == ["2026-11-25T20:59:35.000078Z"]
    assert instant_of("2026-11-25T20:59:35.000078Z") == told
    assert instant_of("2026-11-25T21:59:35.000078+01:00") == told
    assert plain({"day": {"__class__": "date"} | AT}) == {"day": "2026-11-25"}
    assert plain({"__class__": "Decimal", "decimal": "1.10"}) == "1.10"
    assert plain({"__class__": "bytes", "base64": "eA=="}) is None


def test_a_call_holds_three_members_the_session_and_the_users_context():
    context = {"id": 1, "result": {"company": 3}}
    http, asked = server(LOGIN | {"model.res.user.get_preferences": context})
    Tryton(http, "a b", "me", "secret").call("sale.opportunity.read", [1], ["state"], _x=2)
    assert [r.url.raw_path for r in asked] == [b"/a%20b/rpc/"] * 3
    body = json.loads(asked[-1].content)
    assert body == {
        "id": 1,
        "method": "model.sale.opportunity.read",
        "params": [[1], ["state"], {"company": 3, "_x": 2}],
    }
    assert asked[-1].headers["authorization"] == "Session bWU6Nzp0b2tlbg=="
    assert "authorization" not in asked[0].headers


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"id": 1, "result": None}, TrytonRefused, "asks for something more"),
        (httpx2.Response(429), TrytonRefused, "wait and try again"),
        (httpx2.Response(401), TrytonRefused, "password are wrong"),
        (httpx2.Response(502, text="Bad gateway"), TrytonUnreachable, "502"),
        (httpx2.Response(200, text="<html>"), TrytonUnreachable, "not an answer of Tryton"),
        ({"id": 1, "error": ["UserError", ["No, thanks.", "", None]]}, TrytonRefused, "No, thanks"),
    ],
)
def test_a_refusal_says_what_tryton_said_and_is_asked_once(
    answer: Any, kind: type[Exception], words: str
):
    http, asked = server({"common.db.login": answer})
    with pytest.raises(kind, match=words) as told:
        Tryton(http, "crm", "me", "secret")
    assert "secret" not in str(told.value)
    assert len(asked) == 1


def test_a_server_that_is_not_there_is_told():
    def refuse(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    made: Callable[..., httpx2.Client] = httpx2.Client
    http = made(base_url="http://tryton.example", transport=httpx2.MockTransport(refuse))
    with pytest.raises(TrytonUnreachable, match="does not answer"):
        Tryton(http, "crm", "me", "secret")


def test_marks_move_forward_overlap_and_belong_to_one_source(tmp_path: Path):
    path = tmp_path / "home" / "tryton.json"
    marks = Marks.read(path, "a")
    assert marks.since("ir.note") is None
    marks.reached("ir.note", "2026-11-25T12:00:00.5Z")
    marks.reached("ir.note", "2026-11-25T11:00:00Z")
    assert Marks.read(path, "a").since("ir.note") == "2026-11-25T11:50:00.500000+00:00"
    assert Marks.read(path, "b").since("ir.note") is None
    Marks.read(path, "b").reached("ir.note", "2026-01-01T00:00:00Z")
    assert Marks.read(path, "a").told == {"ir.note": "2026-11-25T12:00:00.5Z"}


def test_marks_can_be_set_back_and_a_damaged_file_is_told(tmp_path: Path):
    path = tmp_path / "tryton.json"
    marks = Marks.read(path, "a")
    marks.look_again("2026-01-01")
    assert {marks.since(name) for name in LOOKED_AT} == {"2025-12-31T23:50:00+00:00"}
    with pytest.raises(InputRefused, match="--since"):
        marks.look_again("soon")
    for damaged in ("{", "[]", '{"a": {"ir.note": "soon"}}'):
        path.write_text(damaged)
        with pytest.raises(InputRefused, match="Remove it"):
            Marks.read(path, "a")


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TRYTON_PASSWORD", raising=False)
    where = ("--url", "http://tryton.example", "--database", "crm", "--user", "me")
    ran = run("connect", "tryton", *where, "-w", tmp_path)
    assert ran.code == 3
    assert "TRYTON_PASSWORD is not set" in ran.err


def test_what_a_win_fills_in_is_no_field():
    assert leak_of("tryton", "/entry/end_date") is not None
    assert leak_of("tryton", "/entry/conversion_probability") is not None
    assert leak_of("tryton", "/entry/amount") is None
