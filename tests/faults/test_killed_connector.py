"""The process of `leadpact connect tryton` is killed between a write and its acknowledgement, here
and there: the next run doubles nothing, neither leads and events here nor notes there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from models.workspace import Workspace
from serving.client import LeadpactClient
from tests.support.cli import run
from tests.support.server import ROOT, key_header, served
from tests.support.tryton_answers import USER, TrytonAnswers, answering

LEADS = 60
KILLS = ("/v1/ingest/tryton", "ir.note.create", "ir.note.delete")
"""Writes that are done and whose answer nobody hears any more, one a run."""
OLD = "Leadpact score: 1 of 100, as it was told long ago"
THEIRS = "They called; budget is there."


def fill(tryton: TrytonAnswers) -> None:
    """Leads of November; each third is lost, each fifth has a person's note, one an old score."""
    for one in range(1, LEADS + 1):
        began = f"2026-11-01T08:{one % 60:02d}:00.000000Z"
        row: dict[str, Any] = {"state": "lead", "amount": "900", "start_date": "2026-11-01"}
        tryton.versions[one] = [(began, row | {"description": f"Fair {one}"})]
        if one % 3 == 0:
            ended = f"2026-11-10T08:{one % 60:02d}:00.000000Z"
            tryton.versions[one].append((ended, row | {"state": "lost", "lost_reason": "Dear"}))
        if one % 5 == 0:
            tryton.add_note(one, THEIRS, "2026-11-05T09:00:00.000000Z", user=USER + 1)
    tryton.add_note(1, OLD, "2026-11-02T09:00:00.000000Z")


def connect(tryton: TrytonAnswers, folder: Path, key: str, kill_after: str = "") -> Any:
    """One run in a process of its own: what it told, or None when it was killed."""
    tryton.kill_after = kill_after
    call = [sys.executable, str(ROOT / "leadpact.py"), "connect", "tryton", "--json"]
    where = ["--url", tryton.address, "--database", "crm", "--user", "admin"]
    told = {"TRYTON_PASSWORD": "a-password", "LEADPACT_KEY": key}
    process = subprocess.Popen(
        [*call, *where, "--service", tryton.address, "-w", str(folder)],
        env=os.environ | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    tryton.victim = process.pid
    out, err = process.communicate(timeout=60)
    if kill_after:
        assert process.returncode == -signal.SIGKILL, err
        assert tryton.kill_after == ""
        return None
    assert process.returncode == 0, err
    return json.loads(out)


def test_a_connector_killed_before_it_hears_of_its_write_doubles_nothing(
    trained: Workspace, tmp_path: Path
):
    folder = tmp_path / "halden"
    shutil.copytree(trained.folder, folder, ignore=shutil.ignore_patterns("store.db*", "mlart*"))
    key = key_header(folder)["authorization"].removeprefix("Bearer ")
    with served(folder) as service, answering(service) as tryton:
        fill(tryton)
        for stop in KILLS:
            connect(tryton, folder, key, stop)
        last = connect(tryton, folder, key)
        assert "stored" not in last["taken"]
        assert (last["refused"], last["notes"]) == ({}, 0)
        with LeadpactClient(service, key) as client:
            check(tryton, client)
    verified = run("store", "verify", "-w", folder, "--json").json
    assert (verified["leads"], verified["faults"]) == (LEADS, [])


def check(tryton: TrytonAnswers, client: LeadpactClient) -> None:
    """Every lead and event once here; one score a lead there, and what people wrote."""
    there = [lead.id for lead in client.leads(limit=100)]
    assert sorted(there) == sorted(f"tryton-{one}" for one in tryton.versions)
    for one, versions in tryton.versions.items():
        messages = tryton.messages(one)
        assert messages.count(THEIRS) == (one % 5 == 0)
        [ours] = [text for text in messages if text != THEIRS]
        score = client.get_lead(f"tryton-{one}").score
        assert score is not None
        assert ours.startswith(f"Leadpact score: {score.score} of 100, grade {score.grade}")
        happened = Counter(str(e["what"]) for e in client.timeline(f"tryton-{one}").events)
        assert happened["outcome"] == len(versions) - 1
        assert happened["activity"] == (one % 5 == 0)
