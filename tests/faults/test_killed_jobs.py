"""The service is killed in the middle of a job, with letters under way: every row is taken once,
every letter arrives, and every score is what its history gives. One kill by default;
`make faults ROUNDS=50` for more."""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path

import msgspec
import pytest

from models.workspace import Workspace
from tests.support.cli import run
from tests.support.filled import sample_leads
from tests.support.receiver import receiving
from tests.support.server import call, key_header, started, upload

SEED, LEADS = 20261125, 3000
SETTINGS = {"webhook_networks": "127.0.0.0/8", "rescore_seconds": "5"}


def test_a_job_and_letters_outlive_every_kill(
    trained: Workspace, tmp_path: Path, request: pytest.FixtureRequest
):
    kills, chance = max(1, int(request.config.getoption("--rounds")) // 3), random.Random(SEED)
    folder = tmp_path / "halden"
    shutil.copytree(trained.folder, folder, ignore=shutil.ignore_patterns("store.db*", "mlart*"))
    keys = {role: key_header(folder, role) for role in ("admin", "crm")}
    with receiving() as receiver:
        job = ""
        for _ in range(kills):
            with started(folder, **SETTINGS) as (process, address):
                job = job or begin(address, keys["admin"], folder, receiver.address)
                move(address, keys["crm"])
                time.sleep(chance.uniform(1, 4))
                process.kill()
                process.wait()
        with started(folder, **SETTINGS) as (_, address):
            done = until_ended(address, keys["admin"], job)
            assert (done["state"], done["done"], done["refused"]) == ("done", LEADS, 0)
            pending = until_sent(address, keys["admin"])
        assert pending == []
        told = [body["data"] for body in receiver.bodies if body["data"]["lead_id"] == "MOVED"]
    # A letter may come twice, but never after a later one for the first time.
    first = dict.fromkeys(d["score_id"] for d in told)
    assert len(first) >= kills
    verified = run("store", "verify", "-w", folder, "--json").json
    assert (verified["leads"], verified["faults"]) == (LEADS + 1, [])


def begin(address: str, key: dict[str, str], folder: Path, target: str) -> str:
    """Add a webhook and queue an import; the job's id."""
    hook = {"url": target, "events": ["grade.changed", "score.changed"]}
    status, _, content = call(address, "POST", "/v1/webhooks", hook, **key)
    assert status == 201, content
    leads = sample_leads(Workspace(folder), LEADS)
    (folder / "upload.ndjson").write_text("\n".join(json.dumps(lead) for lead in leads))
    return upload(address, folder / "upload.ndjson", **key)


def move(address: str, key: dict[str, str]) -> None:
    """Write one lead back and forth, so that there is something to tell."""
    weak = {"employees": 1, "job_title": "Student", "phone_given": False}
    strong = {"employees": 640, "job_title": "Head of Operations", "phone_given": True}
    for fields in (weak, strong, weak, strong):
        status, _, content = call(address, "PUT", "/v1/leads/MOVED", {"lead": fields}, **key)
        assert status in (200, 201), content


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
