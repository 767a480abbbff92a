"""A promotion, or an edition that takes effect, reaches this process: both are watched.

Every process looks by itself, so no process has to be told. A bundle that is damaged never answers:
the model that is there goes on, the log says why, and a metric counts it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from features.errors import LeadpactError
from models.scorer import Scorer
from models.workspace import Workspace
from serving.following import follow
from serving.scoring import Asked, score
from serving.state import Clock, Desk

EVERY_SECONDS = 1.0


def load_champion(workspace: Workspace, clock: Clock) -> Scorer:
    """The champion's scorer, checked and warmed: it has scored a lead before it answers one.

    Raises:
        NoChampion: when there is none.
        BundleRefused: when its bundle is damaged, foreign or of another version.
    """
    scorer = Scorer.load(workspace.champion())
    score(scorer, [Asked({}, [], None)], clock())
    return scorer


async def watch(desk: Desk, workspace: Workspace, every: float = EVERY_SECONDS) -> None:
    """Follow the workspace's champion and the edition in force until cancelled."""
    log: Any = structlog.get_logger("leadpact")
    told = {"champion refused": "", "edition refused": ""}
    steps = (
        ("champion refused", lambda: _promoted(desk, workspace)),
        # Also where the champion is refused: the model that is there goes on, by what is signed.
        ("edition refused", lambda: follow(desk)),
    )
    while True:
        await asyncio.sleep(every)
        for what, step in steps:
            why = ""
            try:
                await run_in_threadpool(step)
            except (LeadpactError, OSError) as error:
                why = str(error)
            if why and why != told[what]:
                log.error(what, error=why)
                desk.now.telemetry.refused_models.inc()
            told[what] = why


def _promoted(desk: Desk, workspace: Workspace) -> None:
    if workspace.champion().name != desk.now.scorer.versions.model:
        follow(desk, load_champion(workspace, desk.now.clock))
