"""The service is killed in the middle of a job, with letters under way, on both databases: every
row is taken once, every letter arrives, none before an older one, and every score is what its
history gives. One kill by default; `make faults ROUNDS=50` for more."""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from models.workspace import Workspace
from serving.scorebook import CHANGED_POINTS
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.storage.tables import scores
from tests.support.cli import run
from tests.support.databases import url_of
from tests.support.filled import sample_leads
from tests.support.receiver import Receiver, receiving
from tests.support.server import call, key_header, started, upload

SEED, LEADS, MOVED = 20261125, 1500, "MOVED"
SETTINGS = {"webhook_networks": "127.0.0.0/8", "rescore_seconds": "5"}


@pytest.fixture
def folder(trained: Workspace, tmp_path: Path) -> Path:
    """A workspace with a champion and no store."""
    folder = tmp_path / "halden"
    shutil.copytree(trained.folder, folder, ignore=shutil.ignore_patterns("store.db*", "mlart*"))
    return folder


def test_a_job_and_letters_outlive_every_kill(
    folder: Path, database: Database, request: pytest.FixtureRequest
):
    kills, chance = max(1, int(request.config.getoption("--rounds")) // 3), random.Random(SEED)
    migrate(database)
    url = url_of(database)
    keys = {role: key_header(folder, role, store=url) for role in ("admin", "crm")}
    with receiving() as receiver:
        job, acknowledged = "", []
        for _ in range(kills):
            with started(folder, database_url=url, **SETTINGS) as (process, address):
                job = job or begin(address, keys["admin"], folder, receiver.address)
                acknowledged += move(address, keys["crm"])
                time.sleep(chance.uniform(0.3, 1.5))
                process.kill()
                process.wait()
        with started(folder, database_url=url, **SETTINGS) as (_, address):
            done = until_ended(address, keys["admin"], job)
            assert (done["state"], done["done"], done["refused"]) == ("done", LEADS, 0)
            assert until_sent(address, keys["admin"]) == []
        came = first_of(receiver)
    stored, expected = letters_of(database)
    assert [name for name in stored if name in set(acknowledged)] == acknowledged
    assert {event for event, _ in expected} == {"grade.changed", "score.changed"}
    assert came == expected
    verified = run("store", "verify", "-w", folder, "--database-url", url, "--json").json
    assert (verified["leads"], verified["faults"]) == (LEADS + 1, [])


def first_of(receiver: Receiver) -> list[tuple[str, str]]:
    """What came of the lead that moved, event and score, in the order in which each letter came
    first; it may come again, under its id."""
    letters = dict[str, tuple[str, str]]()
    for name, body in zip(receiver.ids, receiver.bodies, strict=True):
        if body["data"]["lead_id"] == MOVED:
            letters.setdefault(name, (body["type"], body["data"]["score_id"]))
    return list(letters.values())


def letters_of(database: Database) -> tuple[list[str], list[tuple[str, str]]]:
    """The scores of the lead that moved, the oldest first, and what was to be told of them: of
    each with another grade, and of each that is so many points from the one that was told last."""
    with database.reading() as connection:
        query = select(scores).where(scores.c.lead_id == MOVED).order_by(scores.c.seq)
        first, *later = connection.execute(query).all()
    told, grade, expected = first.score, first.grade, []
    for row in later:
        if row.grade != grade:
            expected.append(("grade.changed", row.id))
        if abs(row.score - told) >= CHANGED_POINTS:
            expected.append(("score.changed", row.id))
            told = row.score
        grade = row.grade
    return [row.id for row in (first, *later)], expected


def begin(address: str, key: dict[str, str], folder: Path, target: str) -> str:
    """Add a webhook and queue an import; the job's id."""
    hook = {"url": target, "events": ["grade.changed", "score.changed"]}
    status, _, content = call(address, "POST", "/v1/webhooks", hook, **key)
    assert status == 201, content
    leads = sample_leads(Workspace(folder), LEADS)
    (folder / "upload.ndjson").write_text("\n".join(json.dumps(lead) for lead in leads))
    return upload(address, folder / "upload.ndjson", **key)


def move(address: str, key: dict[str, str]) -> list[str]:
    """Write one lead back and forth, so that there is something to tell; the scores' ids."""
    made = []
    weak = {"employees": 1, "job_title": "Student", "phone_given": False}
    strong = {"employees": 640, "job_title": "Head of Operations", "phone_given": True}
    for fields in (weak, strong, weak, strong):
        status, _, content = call(address, "PUT", f"/v1/leads/{MOVED}", {"lead": fields}, **key)
        assert status in (200, 201), content
        made.append(json.loads(content)["score"]["score_id"])
    return made


def until_ended(address: str, key: dict[str, str], job: str) -> dict:
    """A job when it has ended."""
    end = time.monotonic() + 180
    while True:
        told = msgspec.json.decode(call(address, "GET", f"/v1/jobs/{job}", **key)[2])
        if told["state"] not in ("queued", "running"):
            return told
        assert time.monotonic() < end, told
        time.sleep(0.5)


def until_sent(address: str, key: dict[str, str]) -> list:
    """The letters that still wait when nothing moves any more."""
    [hook] = msgspec.json.decode(call(address, "GET", "/v1/webhooks", **key)[2])["webhooks"]
    end = time.monotonic() + 60
    while True:
        path = f"/v1/webhooks/{hook['id']}/letters?state=pending"
        letters = msgspec.json.decode(call(address, "GET", path, **key)[2])["letters"]
        if not letters or time.monotonic() > end:
            return letters
        time.sleep(0.5)
