"""A promotion under load, and one of a damaged model: nobody notices."""

from __future__ import annotations

import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.bundle import load, save
from models.workspace import Workspace
from tests.support.server import key_header, served

LEAD = {"lead": {"employees": 640, "industry": "logistics"}}


@pytest.fixture
def copied(trained: Workspace, tmp_path: Path) -> Workspace:
    """A workspace whose champion may be changed."""
    shutil.copytree(trained.folder, tmp_path / "halden")
    return Workspace(tmp_path / "halden")


def another_model(workspace: Workspace) -> str:
    """The champion with another card: another model by name, the same by its scores."""
    bundle, _ = load(workspace.champion())
    folder = workspace.home / "bundles" / "half"
    versions = save(replace(bundle, card=bundle.card | {"note": "another"}), folder)
    folder.rename(workspace.bundle(versions.model))
    return versions.model


Key = dict[str, str]


@pytest.fixture
def key(copied: Workspace) -> Key:
    """The header of a key that may do what these tests do."""
    return key_header(copied.folder)


def call(key: Key, address: str, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **key}
    request = urllib.request.Request(address + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def until(what: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return False


def test_a_promotion_under_load_reaches_every_process_and_fails_no_request(
    copied: Workspace, key: Key
):
    first = copied.champion().name
    second = another_model(copied)
    answers: list[Any] = []
    faults: list[BaseException] = []
    stop = threading.Event()

    def ask(address: str, k: int) -> None:
        while not stop.is_set():
            try:
                answers.append(call(key, address, "POST", "/v1/score", {"leads": [LEAD] * 3}))
                answers.append(call(key, address, "PUT", f"/v1/leads/L{k}", LEAD))
            except BaseException as error:
                faults.append(error)

    with served(copied.folder, "--workers", "2") as address:
        askers = [threading.Thread(target=ask, args=(address, k)) for k in range(3)]
        for asker in askers:
            asker.start()
        assert until(lambda: len(answers) > 20)
        copied.set_champion(second, "2")
        seen: list[str] = []

        def settled() -> bool:
            seen.append(call(key, address, "GET", "/healthz")["model"])
            return len(seen) > 20 and set(seen[-20:]) == {second}

        assert until(settled)
        stop.set()
        for asker in askers:
            asker.join()
    assert faults == []
    told = [x["versions"] for a in answers for x in a.get("results", [a.get("score")])]
    assert {v["model"] for v in told} == {first, second}
    for answer in answers:
        if "results" in answer:
            assert len({x["versions"]["model"] for x in answer["results"]}) == 1
    assert all(v["bundle_sha256"].startswith(v["model"]) for v in told)


def test_a_damaged_champion_never_answers(copied: Workspace, key: Key):
    first = copied.champion().name
    second = another_model(copied)
    trees = copied.bundle(second) / "ladder.json"
    trees.write_bytes(trees.read_bytes() + b" ")
    keeper = key_header(copied.folder, "management")
    with served(copied.folder) as address:
        copied.set_champion(second, "2")

        def refused() -> bool:
            ask = urllib.request.Request(f"{address}/metrics", headers=keeper)
            with urllib.request.urlopen(ask, timeout=5) as answer:
                return "leadpact_models_refused_total 1.0" in answer.read().decode()

        assert until(refused)
        assert call(key, address, "GET", "/healthz")["model"] == first
        assert call(key, address, "POST", "/v1/score", LEAD)["versions"]["model"] == first
