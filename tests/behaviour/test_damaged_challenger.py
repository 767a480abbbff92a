"""A challenger whose files are damaged is told as such by HTTP, and the champion answers on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from models.workspace import Workspace
from serving.state import Worker
from tests.support.service import key_header, make_app, make_worker

DAMAGED = "urn:leadpact:problem:model-damaged"


def decision(bundle: Path) -> dict[str, str]:
    """About the model that was read."""
    return {"model": bundle.name, "note": "It is closer to what sales sees."}


@pytest.fixture
def workspace(trained: Workspace, tmp_path: Path) -> Workspace:
    """A workspace in which the only model of the registry waits, and a copy of it answers."""
    shutil.copytree(trained.folder, tmp_path / "halden", ignore=shutil.ignore_patterns("store.db*"))
    found = Workspace(tmp_path / "halden")
    waiting = found.champion()
    shutil.copytree(waiting, found.bundle("answers"))
    found.set_champion("answers", "0")
    found.set_challenger(waiting.name, "1")
    return found


@pytest.fixture
def bundle(workspace: Workspace) -> Path:
    """Of the model that waits."""
    found = workspace.challenger()
    assert found is not None
    return found


@pytest.fixture
def worker(workspace: Workspace) -> Worker:
    return make_worker(workspace)


@pytest.fixture
def scientist(worker: Worker) -> Iterator[TestClient]:
    """Who may promote."""
    with TestClient(make_app(worker), headers=key_header(worker.database, "data_science")) as found:
        yield found


def told(answer: Any) -> tuple[int, str]:
    """Status and type of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"]


def test_a_damaged_word_of_who_waits_is_a_problem_of_its_own_on_every_address(
    workspace: Workspace, bundle: Path, scientist: TestClient
):
    file = workspace.home / "challenger.json"
    for text in ("{", "[]", '{"model": 7'):
        file.write_text(text, encoding="utf-8")
        with capture_logs() as lines:
            asked = scientist.get("/v1/challenger")
            promoted = scientist.post("/v1/model/promotion", json=decision(bundle))
            rejected = scientist.post("/v1/model/rejection", json=decision(bundle))
        for answer in (asked, promoted, rejected):
            assert told(answer) == (409, DAMAGED)
            assert "leadpact promote VERSION" in answer.json()["detail"]
            assert str(workspace.folder) not in answer.text
        logged = [line["error"] for line in lines if line["event"] == "model damaged"]
        assert len(logged) == 3
        assert all(str(file) in line for line in logged)
    assert file.exists()
    assert scientist.get("/v1/model").is_success


@pytest.mark.parametrize("part", ["trees.txt", "manifest.json"])
def test_a_damaged_bundle_is_told_and_never_promoted(
    workspace: Workspace, bundle: Path, scientist: TestClient, part: str
):
    champion = workspace.champion()
    (bundle / part).write_bytes(b"no longer what it was")
    answer = scientist.get("/v1/challenger")
    assert told(answer) == (409, DAMAGED)
    assert str(workspace.folder) not in answer.text
    refused = scientist.post("/v1/model/promotion", json=decision(bundle))
    assert told(refused) == (409, "urn:leadpact:problem:conflict")
    assert bundle.name in refused.json()["detail"]
    assert str(workspace.folder) not in refused.text
    assert workspace.champion() == champion
    assert scientist.get("/v1/model").is_success
    shutil.rmtree(bundle)
    assert told(scientist.get("/v1/challenger")) == (409, DAMAGED)
    # Once it no longer waits, nothing is wrong any more.
    assert scientist.post("/v1/model/rejection", json=decision(bundle)).status_code == 204
    assert told(scientist.get("/v1/challenger"))[0] == 404


def test_the_documentation_of_these_addresses_names_the_refusal(scientist: TestClient):
    paths = json.loads(scientist.get("/openapi.json").content)["paths"]
    for path, method in (
        ("/v1/challenger", "get"),
        ("/v1/model/promotion", "post"),
        ("/v1/model/rejection", "post"),
    ):
        refusal = paths[path][method]["responses"]["409"]
        assert "files of a model cannot be used" in refusal["description"]
        assert "application/problem+json" in refusal["content"]
