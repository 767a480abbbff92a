"""Speed of the replay, as ratios within one run: a loaded machine slows both sides alike.

The bar of 10 s for 100,000 leads is measured by `REPLAY_LEADS=100000 make bench`, whose figures
include reading the files.
"""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from features.rulebook.document import Rulebook
from models.workspace import Workspace
from training.past import Matured, load_matured
from training.replay import Asked, Replay, replay
from training.sample import write_workspace

LEADS = int(os.environ.get("REPLAY_LEADS", "20000"))
REPLAY_OVER_POINTS = 2.5
"""A replay may cost so many times the points of two editions, which it cannot do without."""
WHOLE_OVER_READING = 1.6
"""With a replay, reading the files and cutting them at their instants may take so much longer."""
ASKED = Asked(capacity=120.0, cost=900.0, segments=("industry", "country"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("speed")
    write_workspace(folder, LEADS, 7)
    return Workspace(folder)


@pytest.fixture(scope="module")
def matured(workspace: Workspace) -> Matured:
    return load_matured(workspace)


def _proposal(base: Rulebook) -> Rulebook:
    criteria = tuple(c.model_copy(update={"points": c.points + 1}) for c in base.criteria)
    return base.model_copy(update={"edition": "proposal", "criteria": criteria})


def test_a_replay_costs_little_more_than_the_points_of_two_editions(
    benchmark: Any, workspace: Workspace, matured: Matured
) -> None:
    base = workspace.rulebook()
    proposal = _proposal(base)
    needed = min(_seconds(lambda: (matured.points(base), matured.points(proposal))) for _ in "123")
    found: Replay = benchmark(replay, matured, base, proposal, ASKED)
    assert found.flips_in.leads > 0
    assert benchmark.stats["min"] < REPLAY_OVER_POINTS * needed


def test_reading_is_most_of_a_replay(benchmark: Any, workspace: Workspace) -> None:
    base = workspace.rulebook()

    def whole() -> Replay:
        return replay(load_matured(workspace), base, _proposal(base), ASKED)

    reading = min(_seconds(lambda: load_matured(workspace)) for _ in "12")
    found: Replay = benchmark.pedantic(whole, rounds=2)
    assert len(found.past) > LEADS / 2
    assert benchmark.stats["min"] < WHOLE_OVER_READING * reading
    if LEADS >= 100_000:
        assert benchmark.stats["min"] < 10.0


def _seconds(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
