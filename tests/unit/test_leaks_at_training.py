"""A workspace whose fields were edited by people: training looks at leaks again."""

from __future__ import annotations

import json
import shutil
from copy import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import leadpact
from features.errors import LeakSuspected
from models.scorer import Scorer
from models.workspace import Workspace
from tests.support.cli import run
from training.align import run_alignment
from training.leaks import suspects
from training.pipeline import Result, train
from training.plan import Plan

RULEBOOK = """
edition: "t1"
hand_over_from: 60
grades: {A: 60, B: 0}
groups: {fit: {label: Fit}}
criteria:
 - {id: big, says: Big, group: fit, when: {field: size, at_least: 50}, points: 12}
"""
FIELDS = """
lead: lead_id
outcome: {field: won, converted: ["yes"]}
segments: [region, size]
fields:
 - {name: lead_id, column: lead_id, type: id, role: id}
 - {name: size, column: size, type: number, role: attribute}
 - {name: call, column: call seconds, type: number, role: attribute}
 - {name: region, column: region, type: category, role: ignored, reason: not for scoring}
 - {name: won, column: won, type: category, role: outcome, known: after outcome}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return _written(tmp_path)


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A training whose leak a person answered for."""
    workspace = _written(tmp_path_factory.mktemp("accepted"))
    return train(Plan(workspace, register=False, accept_leaks=("call",), curve=False))


def _written(folder: Path) -> Workspace:
    rng = np.random.default_rng(0)
    n = 600
    size = rng.uniform(1, 100, n).round()
    won = rng.random(n) < np.where(size >= 50, 0.35, 0.15)
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "size": size,
            "call seconds": np.where(won, rng.gamma(9, 60, n), rng.gamma(2, 50, n)).round(),
            "region": rng.choice(["north", "south"], n),
            "won": np.where(won, "yes", "no"),
        }
    )
    frame.to_csv(folder / "leads.csv", index=False)
    (folder / "fields.yaml").write_text(FIELDS)
    (folder / "rulebook.yaml").write_text(RULEBOOK)
    return Workspace(folder)


def test_training_refuses_a_leak_and_keeps_nothing(workspace) -> None:
    with pytest.raises(LeakSuspected, match="call: By its name it tells how long"):
        train(Plan(workspace, register=False))
    assert not (workspace.home / "bundles").exists()


def test_the_command_line_says_the_field_the_reason_and_leaves_with_3(
    workspace, capsys, monkeypatch
) -> None:
    argv = ["leadpact", "train", "-w", str(workspace.folder), "--json"]
    monkeypatch.setattr("sys.argv", argv)
    with pytest.raises(SystemExit) as left:
        leadpact.main()
    assert left.value.code == 3
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == "LeakSuspected"
    assert "--accept-leak call" in told["detail"]


@pytest.mark.parametrize("command", ["evidence", "reconcile"])
def test_commands_that_judge_refuse_a_leak_and_take_an_accepted_one(
    workspace, command: str
) -> None:
    refused = run(command, "-w", workspace.folder, "--json")
    assert refused.code == 3
    assert refused.json["error"] == "LeakSuspected"
    assert "--accept-leak call" in refused.json["detail"]
    taken = run(command, "-w", workspace.folder, "--accept-leak", "call", "--json")
    assert taken.code == 0, taken.err


def test_an_alignment_refuses_a_leak_that_the_champions_training_did_not_accept(
    workspace, accepted: Result
) -> None:
    trained = Scorer.load(accepted.folder)
    told = RULEBOOK.replace("t1", "t2").replace("points: 12", "points: 20")
    (workspace.folder / "rulebook.yaml").write_text(told)
    aligned = Scorer.load(run_alignment(Plan(workspace, register=False), trained).folder)
    assert aligned.card["accepted_leaks"] == trained.card["accepted_leaks"]
    assert [f["name"] for f in aligned.card["findings"]].count("LeaksAccepted") == 1
    asked = copy(trained)
    asked.card = trained.card | {"accepted_leaks": {}, "findings": []}
    with pytest.raises(LeakSuspected, match="--accept-leak call"):
        run_alignment(Plan(workspace, register=False), asked)
    answered = Plan(workspace, register=False, accept_leaks=("call",))
    found = Scorer.load(run_alignment(answered, asked).folder).card
    assert found["accepted_leaks"]["call"].endswith("Accepted by --accept-leak.")
    assert [f["name"] for f in found["findings"]] == ["Aligned", "LeaksAccepted"]


def test_an_accepted_leak_trains_and_stands_on_the_card(accepted: Result) -> None:
    assert accepted.card["accepted_leaks"]["call"].endswith("Accepted by --accept-leak.")
    assert "LeaksAccepted" in [f["name"] for f in accepted.card["findings"]]
    text = (accepted.cards / "card.md").read_text()
    assert "call, used all the same" in text
    assert "LeaksAccepted" in text
    # A field that no model looks at may still be one that groups are compared by.
    by = {s["by"] for s in accepted.card["evaluation"]["segments"]}
    assert by == {"Grade", "region", "size"}
    assert "region" not in accepted.card["inputs"]


def test_the_same_history_gives_the_same_card_and_bundle(workspace) -> None:
    def made() -> tuple[str, dict[str, bytes]]:
        plan = Plan(workspace, register=False, accept_leaks=("call",), curve=False)
        result = train(plan)
        files = [*result.folder.iterdir(), *result.cards.iterdir()]
        content = {f.name: f.read_bytes() for f in files}
        shutil.rmtree(workspace.home)
        return result.versions.model, content

    assert made() == made()


def test_names_alone_do_not_convict_where_figures_speak_against_it(workspace) -> None:
    fields = workspace.fields()
    rng = np.random.default_rng(1)
    from features.arrays import Table

    columns = Table(2000, {"size": rng.random(2000), "call": rng.random(2000)})
    y = (rng.random(2000) < 0.3).astype(np.float64)
    assert suspects(columns, fields, y) == []
