"""Webhooks, on both databases: what happened is told once it is certain, in order per lead, until
it is taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.announcing import EVENTS, SERVICE, Announcer
from serving.noticing import notice_silence, notice_versions
from serving.record import Record
from serving.state import Worker
from serving.storage.database import Database
from serving.storage.jobs import JobStore
from serving.storage.jobs_tables import outbox
from serving.storage.leases import Lease, LeaseLost
from serving.storage.tables import leads
from serving.webhooks.delivering import PAUSES, Post, deliver_some, waiting
from serving.webhooks.signing import key_of, signature
from serving.webhooks.targets import Rules
from tests.support.databases import url_of
from tests.support.receiver import Receiver, dripping, endless, receiving, status
from tests.support.service import NOW, key_header, make_client, make_worker

HERE = Rules((ip_network("127.0.0.0/8"),), connect_seconds=2, total_seconds=1)
HOUR = np.timedelta64(1, "h")


class Desk:
    """A service with a webhook, and whoever sends its letters."""

    def __init__(self, worker: Worker, client: TestClient, receiver: Receiver) -> None:
        self.worker, self.client, self.receiver, self.now = worker, client, receiver, NOW
        self.crm = key_header(worker.database, "crm")
        self.told: list[str] = []
        home = Workspace(worker.settings.workspace).home
        clock = lambda: self.now  # noqa: E731
        self.post = Post(worker.database, clock, key_of(home, "k" * 32), HERE, self.told.append)

    def hook(self, *events: str) -> dict[str, Any]:
        body = {"url": self.receiver.address, "events": list(events)}
        answer = self.client.post("/v1/webhooks", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def put(self, lead_id: str, **fields: Any) -> dict[str, Any]:
        answer = self.client.put(f"/v1/leads/{lead_id}", json={"lead": fields}, headers=self.crm)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def announce(self, *subjects: str) -> None:
        with self.worker.database.transaction() as connection:
            for i, subject in enumerate(subjects):
                Announcer(connection, self.now).announce("grade.changed", subject, {"number": i})

    def deliver(self, hook: dict[str, Any]) -> None:
        lease = Lease(f"webhook {hook['id']}")
        assert lease.take(self.worker.database, self.now)
        while deliver_some(self.post, lease, hook["id"]):
            pass
        lease.release(self.worker.database)

    def letters(self, hook: dict[str, Any], state: str) -> list[dict[str, Any]]:
        return self.client.get(f"/v1/webhooks/{hook['id']}/letters?state={state}").json()["letters"]


@pytest.fixture
def desk(trained: Workspace, database: Database) -> Iterator[Desk]:
    """On both databases."""
    worker = make_worker(trained, webhook_key="k" * 32, database_url=url_of(database))
    with make_client(worker, "admin") as client, receiving() as receiver:
        yield Desk(worker, client, receiver)


STRONG = {"employees": 640, "industry": "logistics", "job_title": "Head of Operations"}
WEAK = {"employees": 1, "job_title": "Student", "email": "a@gmail.com"}


def test_a_lead_that_moves_is_told_signed_with_ids_and_numbers_alone(desk: Desk):
    hook = desk.hook("score.changed", "grade.changed")
    before = desk.put("L1", **WEAK)["score"]
    after = desk.put("L1", **STRONG, budget_date_given=True, phone_given=True)["score"]
    assert after["score"] - before["score"] >= 5
    desk.deliver(hook)
    told = {body["type"]: body["data"] for body in desk.receiver.bodies}
    changed = told["score.changed"]
    assert (changed["score_before"], changed["score"]) == (before["score"], after["score"])
    assert ("grade.changed" in told) == (before["grade"] != after["grade"])
    assert all("job_title" not in body and "Head" not in body for _, body in desk.receiver.letters)
    headers, body = desk.receiver.letters[0]
    stamp = int(headers["webhook-timestamp"])
    import base64

    secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    signed = signature(secret, headers["webhook-id"], stamp, body)
    assert headers["webhook-signature"] == signed
    assert hook["secret"] not in desk.client.get("/v1/webhooks").text


def test_a_slow_drift_is_told_once_it_has_come_to_five_points(desk: Desk):
    desk.hook("score.changed")
    score = desk.put("L1", **STRONG)["score"]["score"]
    for told in (score - 3, score - 5):
        with desk.worker.database.transaction() as connection:
            connection.execute(update(leads).values(told_score=told))
        desk.put("L1", **STRONG)
        with desk.worker.database.reading() as connection:
            count = len(connection.execute(select(outbox)).all())
            kept = connection.execute(select(leads.c.told_score)).scalar_one()
        assert (count, kept) == ((0, told) if told == score - 3 else (1, score))


def test_a_write_that_is_undone_tells_nothing(desk: Desk):
    hook = desk.hook("grade.changed")

    def write_and_fail() -> None:
        with desk.worker.database.transaction() as connection:
            Announcer(connection, NOW).announce("grade.changed", "L1", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    desk.deliver(hook)
    assert desk.receiver.letters == []


def test_letters_of_a_lead_come_in_order_and_a_failure_holds_up_only_that_lead(desk: Desk):
    hook = desk.hook("grade.changed")
    desk.announce("L1", "L2", "L1", "L2", "L1")

    def fails_for_l1(handler: Any, told: dict[str, Any]) -> None:
        status(handler, 500 if told["data"]["number"] == 0 else 204)

    desk.receiver.answer = fails_for_l1
    desk.deliver(hook)
    assert [b["data"]["number"] for b in desk.receiver.bodies if b["data"]["number"] % 2] == [1, 3]
    assert sum(b["data"]["number"] == 0 for b in desk.receiver.bodies) == 1
    desk.receiver.answer = None
    desk.now = desk.now + np.timedelta64(PAUSES[0] - 1, "s")
    desk.deliver(hook)
    assert len(desk.receiver.letters) == 3
    desk.now = desk.now + np.timedelta64(1, "s")
    desk.deliver(hook)
    assert [b["data"]["number"] for b in desk.receiver.bodies][-3:] == [0, 2, 4]
    assert len(set(desk.receiver.ids)) == 5


def test_a_letter_that_nobody_takes_dies_is_seen_and_is_sent_anew(desk: Desk):
    hook = desk.hook("grade.changed")
    desk.announce("L1")
    desk.receiver.answer = lambda handler, _: status(handler, 503)
    for pause in (*PAUSES, 0):
        desk.deliver(hook)
        desk.now = desk.now + np.timedelta64(pause, "s")
    [dead] = desk.letters(hook, "dead")
    assert (dead["attempts"], dead["status"]) == (len(PAUSES) + 1, 503)
    assert "503" in dead["error"]
    assert desk.told == ["failed"] * len(PAUSES) + ["dead"]
    desk.deliver(hook)
    assert len(desk.receiver.letters) == len(PAUSES) + 1
    desk.receiver.answer = None
    replayed = desk.client.post(f"/v1/webhooks/{hook['id']}/replay", json={"ids": [dead["id"]]})
    assert replayed.json() == {"letters": 1}
    desk.deliver(hook)
    assert desk.letters(hook, "dead") == []
    assert len(set(desk.receiver.ids)) == 1


def test_letters_that_a_clock_that_ran_ahead_put_off_are_sent_once_it_is_set_right(desk: Desk):
    hook = desk.hook("grade.changed")
    desk.receiver.answer = lambda handler, _: status(handler, 503)
    desk.now = NOW + 400 * 24 * HOUR
    desk.announce("L1", "L2", "L1")
    desk.deliver(hook)
    assert len(desk.receiver.letters) == 2
    desk.now, desk.receiver.answer = NOW, None
    assert waiting(desk.post) == {hook["id"]}
    desk.deliver(hook)
    assert sorted(b["data"]["number"] for b in desk.receiver.bodies[2:]) == [0, 1, 2]
    assert waiting(desk.post) == set()


@pytest.mark.parametrize(
    "lie", [dripping, lambda h, _: status(h, 302, location="http://10.0.0.1/")]
)
def test_a_receiver_that_drips_or_sends_elsewhere_is_not_believed(desk: Desk, lie: Any):
    hook = desk.hook("grade.changed")
    desk.announce("L1")
    desk.receiver.answer = lie
    began = time.monotonic()
    desk.deliver(hook)
    assert time.monotonic() - began < 5
    assert desk.told == ["failed"]
    [waiting] = desk.letters(hook, "pending")
    assert waiting["attempts"] == 1


def test_a_receiver_that_goes_on_talking_is_cut_off_and_its_word_counts(desk: Desk):
    hook = desk.hook("grade.changed")
    desk.announce("L1")
    desk.receiver.answer = endless
    desk.deliver(hook)
    assert desk.told == ["delivered"]


def test_without_permission_of_an_operator_this_network_is_not_reached(desk: Desk):
    hook = desk.hook("grade.changed")
    desk.announce("L1")
    desk.post = replace(desk.post, rules=Rules())
    desk.deliver(hook)
    assert desk.receiver.letters == []
    [waiting] = desk.letters(hook, "pending")
    assert "not public" in waiting["error"]


def test_a_letter_sent_by_a_process_that_died_comes_again_under_its_id(desk: Desk):
    hook = desk.hook("grade.changed")
    desk.announce("L1")
    mine, theirs = Lease(f"webhook {hook['id']}"), Lease(f"webhook {hook['id']}")
    assert mine.take(desk.worker.database, desk.now)
    desk.now = desk.now + HOUR
    assert theirs.take(desk.worker.database, desk.now)
    with pytest.raises(LeaseLost):
        deliver_some(desk.post, mine, hook["id"])
    theirs.release(desk.worker.database)
    desk.deliver(hook)
    assert len(desk.receiver.ids) == 2
    assert len(set(desk.receiver.ids)) == 1


def test_a_new_secret_signs_at_once_and_the_old_one_for_a_day(desk: Desk):
    hook = desk.hook("grade.changed")
    made = desk.client.post(f"/v1/webhooks/{hook['id']}/rotate").json()
    assert made["secret"] != hook["secret"]
    desk.announce("L1")
    desk.deliver(hook)
    assert len(desk.receiver.letters[-1][0]["webhook-signature"].split()) == 2
    desk.now = desk.now + 25 * HOUR
    desk.announce("L1")
    desk.deliver(hook)
    assert len(desk.receiver.letters[-1][0]["webhook-signature"].split()) == 1


def test_a_removed_lead_is_told_of_no_more(desk: Desk):
    hook = desk.hook("grade.changed")
    desk.put("L1", **WEAK)
    desk.announce("L1", "L2")
    assert desk.client.delete("/v1/leads/L1", headers=desk.crm).status_code == 204
    desk.deliver(hook)
    assert [b["data"]["number"] for b in desk.receiver.bodies] == [1]


def test_another_model_or_rulebook_is_told_once_and_queues_a_job(desk: Desk):
    desk.hook("model.promoted", "rulebook.effective")
    versions = desk.worker.scorer.versions
    told = []
    for found in (versions, versions, replace(versions, model="m2"), replace(versions, model="m2")):
        with desk.worker.database.transaction() as connection:
            told.append(notice_versions(connection, found, NOW))
    assert told == [[], [], ["model.promoted"], []]
    with desk.worker.database.reading() as connection:
        letter = connection.execute(select(outbox)).one()
        [job] = JobStore(connection).newest(None, 10)
    assert (letter.event, letter.subject, job.kind) == ("model.promoted", SERVICE, "rescore")


def test_silence_is_told_once_each_time(desk: Desk):
    desk.hook("feed.silent")
    told = []
    for moment in (NOW, NOW + 25 * HOUR, NOW + 26 * HOUR):
        with desk.worker.database.transaction() as connection:
            told.append(notice_silence(connection, 24 * HOUR, moment))
    desk.put("L1", **WEAK)
    for moment in (NOW, NOW + 25 * HOUR, NOW + 26 * HOUR):
        with desk.worker.database.transaction() as connection:
            told.append(notice_silence(connection, 24 * HOUR, moment))
    assert told == [False, False, False, False, True, False]
    # What came in while a clock ran ahead hides no silence once it is set right.
    desk.put("L1", **WEAK)
    with desk.worker.database.transaction() as connection:
        assert not notice_silence(connection, 24 * HOUR, NOW)
        Record(connection, desk.worker.scorer, NOW + 9000 * HOUR).put_lead("L2", WEAK, None)
        assert notice_silence(connection, 24 * HOUR, NOW + 25 * HOUR)


@pytest.mark.parametrize("url", ["ftp://a.example/", "https://a:b@c.example/", "nonsense"])
def test_an_address_that_is_none_is_refused_when_it_is_told(desk: Desk, url: str):
    answer = desk.client.post("/v1/webhooks", json={"url": url, "events": ["feed.silent"]})
    assert answer.status_code == 422
    assert desk.client.get("/v1/webhooks").json() == {"webhooks": []}


def test_the_page_on_webhooks_names_every_event():
    text = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("| `")]
    assert [e for e in EVENTS if not any(f"`{e}`" in line.split("|")[1] for line in table)] == []
