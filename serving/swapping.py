"""A promotion reaches this process: the workspace's champion is watched, checked, loaded, swapped.

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
    """Follow the workspace's champion until cancelled."""
    log: Any = structlog.get_logger("leadpact")
    refused = ""
    while True:
        await asyncio.sleep(every)
        try:
            wanted = workspace.champion().name
            if wanted in (desk.now.scorer.versions.model, refused):
                continue
            scorer = await run_in_threadpool(load_champion, workspace, desk.now.clock)
        except (LeadpactError, OSError) as error:
            if str(error) != refused:
                log.error("champion refused", error=str(error))
                desk.now.telemetry.refused_models.inc()
            refused = str(error)
            continue
        before = desk.now.scorer.versions.model
        desk.swap(scorer)
        desk.now.telemetry.serves(scorer.versions)
        refused = ""
        log.info("model swapped", before=before, now=scorer.versions.model)
