"""Leads as lines of JSON, scored in a stream; and what is too much at once is turned away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.bulk import BATCH, batches_of
from serving.edges import Edge, Limits
from serving.telemetry import Telemetry
from tests.support.coroutines import finish
from tests.support.service import make_client, make_worker

NDJSON = {"content-type": "application/x-ndjson"}


def lead(i: int) -> dict[str, Any]:
    return {"lead": {"lead_id": f"L-{i}", "employees": 10 + i % 900, "industry": "logistics"}}


def ask(client: TestClient, lines: list[bytes], detail: str = "full") -> list[dict[str, Any]]:
    def sent() -> Any:
        for line in lines:
            yield line + b"\n"

    answer = client.post(f"/v1/score/bulk?detail={detail}", content=sent(), headers=NDJSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_every_line_is_answered_in_order_as_if_it_had_come_alone(client: TestClient):
    told = ask(client, [json.dumps(lead(i)).encode() for i in range(2 * BATCH + 7)])
    assert [t["lead_id"] for t in told] == [f"L-{i}" for i in range(2 * BATCH + 7)]
    for i in (0, BATCH, 2 * BATCH + 6):
        assert told[i] == client.post("/v1/score", json=lead(i)).json()


def test_a_brief_answer_tells_the_same_numbers(client: TestClient):
    lines = [json.dumps(lead(i)).encode() for i in range(20)]
    for full, brief in zip(ask(client, lines), ask(client, lines, "brief"), strict=True):
        assert "reasons" not in brief
        for name in ("lead_id", "score", "agreed_score", "grade", "handed_over", "as_of"):
            assert brief[name] == full[name]
        assert brief["likelihood"] == pytest.approx(full["likelihood"], abs=1e-9)
        assert brief["interval"]["low"] == pytest.approx(full["interval"]["low"], abs=1e-9)


def test_a_bad_line_is_answered_in_its_place_and_loses_no_other(client: TestClient):
    good = json.dumps(lead(1)).encode()
    bad_field = json.dumps({"lead": {"lead_id": "bad", "employees": "many"}}).encode()
    told = ask(client, [good, b"{", b"", bad_field, b"[1]", b"\xff\xfe", good])
    assert [t.get("line") for t in told] == [None, 2, 4, 5, 6, None]
    assert told[2]["lead_id"] == "bad"
    assert told[2]["errors"][0]["pointer"] == "/lead/employees"
    assert all(t["errors"] for t in told[1:5])


def test_a_line_too_long_is_told_and_the_next_is_read(trained: Workspace):
    long = json.dumps({"lead": {"lead_id": "x" * 5000}}).encode()
    good = json.dumps(lead(1)).encode()
    with make_client(make_worker(trained, max_body_bytes=2048)) as client:
        told = ask(client, [good, long, good, long])
    assert [t.get("line") for t in told] == [None, 2, None, 4]


def test_another_content_type_is_refused(client: TestClient):
    answer = client.post("/v1/score/bulk", json=lead(1))
    assert answer.status_code == 415
    assert "application/x-ndjson" in answer.json()["detail"]


@pytest.mark.parametrize("cut", [1, 7, 64, 100_000])
def test_lines_are_cut_alike_wherever_the_stream_is(cut: int):
    text = b"".join(b"line %d\n" % i for i in range(600)) + b"last"

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(text), cut):
            yield text[at : at + cut]

    async def read() -> list[tuple[int, list[bytes]]]:
        return [(b.first, list(b.lines)) async for b in batches_of(chunks(), 100)]

    batches = finish(read())
    assert [line for _, lines in batches for line in lines] == text.split(b"\n")
    assert [first for first, _ in batches] == [1, 257, 513]


def test_what_is_too_much_at_once_is_turned_away_at_once_and_watchers_are_not():
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask_edge(edge: Edge, path: str) -> dict[str, Any]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        await edge(scope, receive, send)
        return sent[0]

    async def run() -> None:
        edge = Edge(slow, Telemetry(), Limits(1000, in_flight=1))
        first = asyncio.create_task(ask_edge(edge, "/v1/leads"))
        await begun.wait()
        shed = await ask_edge(edge, "/v1/leads")
        assert shed["status"] == 503
        assert (b"retry-after", b"1") in shed["headers"]
        watcher = asyncio.create_task(ask_edge(edge, "/healthz"))
        await asyncio.sleep(0)
        go.set()
        assert (await first)["status"] == (await watcher)["status"] == 200
        assert (await ask_edge(edge, "/v1/leads"))["status"] == 200

    finish(run())
