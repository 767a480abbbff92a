"""Jobs and webhooks asked for again under one Idempotency-Key, one after the other and at once, on
both databases: done once, and told the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from httpx2 import ReadError, Response
from sqlalchemy import select
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.announcing import Announcer
from serving.client import LeadpactClient
from serving.storage.access_tables import audit
from serving.storage.database import Database
from serving.storage.jobs_tables import jobs, outbox, webhooks
from serving.storage.outbox import DEAD, OutboxStore
from serving.storage.tables import idempotency
from tests.support.office import CSV, NDJSON, Office, as_lines, opened
from tests.support.service import NOW, key_header

KEY = {"idempotency-key": "sent-again"}
HOOK: dict[str, Any] = {"url": "https://crm.example/hook", "events": ["grade.changed"]}


@pytest.fixture
def office(trained: Workspace, tmp_path: Path, database: Database) -> Iterator[Office]:
    """On both databases."""
    with opened(trained, tmp_path, database) as office:
        yield office


@pytest.fixture
def admin(office: Office) -> dict[str, str]:
    """The header of who may do both, and a key to do it once."""
    return key_header(office.worker.database, "admin") | KEY


def twice_and_at_once(ask: Callable[[], Response]) -> list[Any]:
    """What was told to each of two at once and to one later; all must be told the same."""
    together = Barrier(2)

    def begin(_: int) -> Response:
        together.wait()
        return ask()

    with ThreadPoolExecutor(2) as pool:
        told = [*pool.map(begin, range(2)), ask()]
    assert [one.is_success for one in told] == [True] * 3, [one.text for one in told]
    assert sorted("idempotent-replayed" in one.headers for one in told) == [False, True, True]
    assert len({one.status_code for one in told}) == 1
    first, *others = [one.json() if one.content else None for one in told]
    assert others == [first, first]
    return first


def folders(office: Office) -> set[str]:
    return {f.name for f in (office.house.workspace.home / "jobs").glob("*") if f.is_dir()}


def test_a_job_is_queued_once_and_its_file_kept_once(office: Office):
    body, before = as_lines([{"lead_id": "L1"}]), folders(office)

    def ask() -> Response:
        headers = {"content-type": NDJSON} | KEY
        return office.client.post("/v1/jobs?kind=import", content=body, headers=headers)

    told = twice_and_at_once(ask)
    assert office.count(jobs) == 1
    assert folders(office) - before == {told["id"]}
    assert ask().headers["location"] == f"/v1/jobs/{told['id']}"


OTHER_JOBS = [
    ("kind=import", b'{"lead_id": "L2"}\n', NDJSON),
    ("kind=import", b'{"lead_id": "L1"}\n', CSV),
    ("kind=import&of=outcomes", b'{"lead_id": "L1"}\n', NDJSON),
    ("kind=score", b'{"lead_id": "L1"}\n', NDJSON),
    ("kind=rescore", b"", ""),
]
"""Not the import of L1: by its content, the file's kind, what it tells, and the job's kind."""


def test_a_key_of_another_job_is_refused_and_leaves_no_file(office: Office):
    def ask(query: str, body: bytes, media: str) -> Response:
        headers = KEY | ({"content-type": media} if media else {})
        return office.client.post(f"/v1/jobs?{query}", content=body, headers=headers)

    assert ask("kind=import", b'{"lead_id": "L1"}\n', NDJSON).status_code == 202
    kept = folders(office)
    for told in OTHER_JOBS:
        other = ask(*told)
        assert other.status_code == 422, told
        assert "other parameters" in other.json()["detail"]
    assert (office.count(jobs), folders(office)) == (1, kept)


def test_a_job_is_stopped_once_and_goes_on_once(office: Office):
    job = office.queue("rescore")
    for step, state in (("cancel", "cancelled"), ("retry", "queued")):
        path = f"/v1/jobs/{job['id']}/{step}"
        told = twice_and_at_once(lambda path=path: office.client.post(path, headers=KEY))
        assert told["state"] == state
    actions = [action for action in audited(office) if action.startswith("job")]
    assert actions == ["job queued", "job cancelled", "job retried"]


def audited(office: Office) -> list[str]:
    with office.worker.database.reading() as connection:
        query = select(audit.c.action).order_by(audit.c.seq)
        return list(connection.execute(query).scalars())


def test_a_webhook_is_added_once_and_who_asks_again_is_told_its_secret(
    office: Office, admin: dict[str, str]
):
    told = twice_and_at_once(lambda: office.client.post("/v1/webhooks", json=HOOK, headers=admin))
    assert office.count(webhooks) == 1
    assert told["secret"].startswith("whsec_")
    other = office.client.post(
        "/v1/webhooks", json=HOOK | {"events": ["feed.silent"]}, headers=admin
    )
    assert (other.status_code, office.count(webhooks)) == (422, 1)
    somebody = key_header(office.worker.database, "admin") | KEY
    made = office.client.post("/v1/webhooks", json=HOOK, headers=somebody)
    assert made.json()["secret"] != told["secret"]


def test_a_secret_is_replaced_once_and_stands_in_no_store(office: Office, admin: dict[str, str]):
    made = office.client.post("/v1/webhooks", json=HOOK, headers=admin).json()
    path = f"/v1/webhooks/{made['id']}/rotate"
    told = twice_and_at_once(lambda: office.client.post(path, headers=admin))
    assert told["secret"] != made["secret"]
    with office.worker.database.reading() as connection:
        assert connection.execute(select(webhooks.c.generation)).scalar_one() == 2
        kept = list(connection.execute(select(idempotency.c.content)).scalars())
    assert len(kept) == 2
    assert not any(one["secret"] in text for one in (made, told) for text in kept)
    assert audited(office).count("webhook secret rotated") == 1


def test_dead_letters_are_sent_anew_once(office: Office, admin: dict[str, str]):
    made = office.client.post("/v1/webhooks", json=HOOK, headers=admin).json()
    with office.worker.database.transaction() as connection:
        Announcer(connection, NOW).announce("grade.changed", "L1", {})
        seq = connection.execute(select(outbox.c.seq)).scalar_one()
        OutboxStore(connection).write(seq, {"state": DEAD})
    path = f"/v1/webhooks/{made['id']}/replay"
    told = twice_and_at_once(lambda: office.client.post(path, json={"ids": None}, headers=admin))
    assert told == {"letters": 1}
    assert audited(office).count("webhook letters replayed") == 1


def test_a_webhook_is_removed_once(office: Office, admin: dict[str, str]):
    made = office.client.post("/v1/webhooks", json=HOOK, headers=admin).json()
    path = f"/v1/webhooks/{made['id']}"
    assert twice_and_at_once(lambda: office.client.delete(path, headers=admin)) is None
    assert office.client.delete(path, headers=admin | {"idempotency-key": "x"}).status_code == 404
    assert audited(office).count("webhook removed") == 1


class LosesFirstAnswers:
    """A connection on which the first answer to every write is lost on its way back."""

    def __init__(self, http: TestClient) -> None:
        self._http, self._heard = http, set[str]()

    def request(self, *asked: Any, headers: dict[str, str], **more: Any) -> Response:
        answer = self._http.request(*asked, headers=headers, **more)
        key = headers.get("idempotency-key", "")
        if key and key not in self._heard:
            self._heard.add(key)
            raise ReadError("cut")
        return answer


def test_a_client_whose_answers_are_lost_asks_again_and_does_nothing_twice(office: Office):
    text = key_header(office.worker.database, "admin")["authorization"].removeprefix("Bearer ")
    http: Any = LosesFirstAnswers(office.client)
    client = LeadpactClient("", text, http=http, sleep=lambda _: None)
    job = client.start_job("import", as_lines([{"lead_id": "L1"}]))
    assert client.cancel_job(job.id).state == "cancelled"
    assert client.retry_job(job.id).state == "queued"
    made = client.add_webhook(HOOK["url"], HOOK["events"])
    assert client.rotate_webhook(made.id).secret != made.secret
    assert client.replay_letters(made.id).letters == 0
    assert [hook.id for hook in client.webhooks()] == [made.id]
    client.remove_webhook(made.id)
    done = [action for action in audited(office) if action.startswith(("job", "webhook"))]
    assert done == [
        *("job queued", "job cancelled", "job retried", "webhook added"),
        *("webhook secret rotated", "webhook letters replayed", "webhook removed"),
    ]
