"""Two promotions at once, and a damaged bundle: registry and workspace name the same champion."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.registry import CHAMPION, Registry, mlflow_module
from models.scorer import Scorer
from models.workspace import Workspace
from tests.support.cli import run
from training.pipeline import train
from training.plan import Plan
from training.sample import write_workspace


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A small company with two registered versions."""
    folder = tmp_path_factory.mktemp("promotions") / "halden"
    write_workspace(folder, 400, 5)
    workspace = Workspace(folder)
    for seed in (1, 2):
        train(Plan(workspace, seed=seed, curve=False))
    return workspace


def champion_of(workspace: Workspace) -> str:
    client = mlflow_module().MlflowClient(workspace.tracking_uri, workspace.tracking_uri)
    found = client.get_model_version_by_alias(Registry(workspace).name, CHAMPION)
    return str(found.tags["leadpact.model"])


def test_of_two_promotions_at_once_one_is_last_everywhere(
    two: Workspace, request: pytest.FixtureRequest
):
    call = [sys.executable, "-m", "leadpact", "promote"]
    for _ in range(max(1, int(request.config.getoption("--rounds")) // 5)):
        both = [
            subprocess.Popen([*call, version, "-w", str(two.folder)], stdout=subprocess.DEVNULL)
            for version in ("1", "2")
        ]
        assert [process.wait(120) for process in both] == [0, 0]
        assert champion_of(two) == two.champion().name
        Scorer.load(two.champion())


def test_a_damaged_bundle_is_not_promoted_and_the_champion_stays(two: Workspace):
    before = two.champion().name
    version = (
        "1"
        if json.loads((two.home / "champion.json").read_text())["registry_version"] == "2"
        else "2"
    )
    registry = Registry(two)
    other = str(registry._version(registry._client(), version).tags["leadpact.model"])
    trees = Path(two.bundle(other)) / "trees.txt"
    was = trees.read_bytes()
    trees.write_bytes(was + b" ")
    refused = run("promote", version, "-w", two.folder)
    assert refused.code == 5, refused.err
    assert two.champion().name == before == champion_of(two)
    trees.write_bytes(was)
    assert run("promote", version, "-w", two.folder).code == 0
    assert two.champion().name == other == champion_of(two)
