"""`docs/what-if.md` says what is so: its questions are asked, its fields read, its code run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

import serving.client
from features.fields import ActionableActivity
from models.workspace import Workspace
from serving.client import LeadpactClient
from tests.support.service import make_client, make_worker

TEXT = (Path(__file__).parents[2] / "docs" / "what-if.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.S | re.M)


@pytest.fixture(scope="module")
def crm(trained: Workspace) -> Iterator[TestClient]:
    with make_client(make_worker(trained)) as found:
        yield found


def test_its_questions_are_answered(crm: TestClient):
    question, goal = (json.loads(block) for block in blocks("json"))
    moved = crm.post("/v1/what-if", json=question).json()["moved"]
    assert {"criterion:webinar", "criterion:mid_size"} <= {m["key"] for m in moved}
    answer = crm.post("/v1/counterfactual", json=goal).json()
    assert answer["goal"]["says"].startswith("grade C")
    assert len(answer["alternatives"]) == 2


def test_what_it_marks_as_actionable_is_what_the_sample_marks(trained: Workspace):
    [block] = blocks("yaml")
    told = yaml.safe_load(block)
    fields = trained.fields()
    assert fields[told["fields"][0]["name"]].actionable
    for activity in told["actionable_activities"]:
        assert ActionableActivity(**activity) in fields.actionable_activities


def test_its_code_runs(crm: TestClient, monkeypatch: Any, capsys: Any):
    [block] = blocks("python")

    def on_the_test_service(_url: str, _key: str) -> LeadpactClient:
        return LeadpactClient("", None, http=crm)

    monkeypatch.setattr(serving.client, "LeadpactClient", on_the_test_service)
    exec(compile(block, "docs/what-if.md", "exec"), {})
    shown = capsys.readouterr().out
    told = re.search(r"^What reaches a score of 50: (.+)\.$", shown, flags=re.M)
    assert told is not None, shown
    proposed = re.findall(r"^(.+) (\d+)$", shown[told.end() :], flags=re.M)
    assert proposed[0][0] == told[1].replace("; ", ", ")
    assert all(int(score) >= 50 for _, score in proposed)
    assert "a number from 1 to 3,000,000, or null" in shown
