"""A promotion, or an edition that takes effect, reaches this process: both are watched.

Every process looks by itself, so no process has to be told. A bundle that is damaged never answers:
the model that is there goes on, the log says why, and a metric counts it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from features.errors import LeadpactError
from models.scorer import Scorer
from models.workspace import Workspace
from serving.following import follow
from serving.scoring import Asked, score
from serving.state import Clock, Desk
from serving.supervising import Supervision

EVERY_SECONDS = 1.0
LOOP = "model"


def load_champion(workspace: Workspace, clock: Clock) -> Scorer:
    """The champion's scorer, checked and warmed: it has scored a lead before it answers one.

    Raises:
        NoChampion: when there is none.
        BundleRefused: when its bundle is damaged, foreign or of another version.
    """
    scorer = Scorer.load(workspace.champion())
    score(scorer, [Asked({}, [], None)], clock())
    return scorer


async def watch(
    supervision: Supervision, desk: Desk, workspace: Workspace, every: float = EVERY_SECONDS
) -> None:
    """Follow the workspace's champion and the edition in force until cancelled."""
    told: dict[str, str] = {}

    async def look() -> None:
        try:
            await _tell_once(told, desk, "champion refused", lambda: _promoted(desk, workspace))
        finally:
            # Also where the champion is refused: the model that is there goes on, by what is
            # signed.
            await _tell_once(told, desk, "edition refused", lambda: follow(desk))

    await supervision.keep(LOOP, look, every)


async def _tell_once(told: dict[str, str], desk: Desk, what: str, step: Callable[[], None]) -> None:
    """A refusal stays for as long as nobody mends it: it is told once, and not every second."""
    why = ""
    try:
        await run_in_threadpool(step)
    except (LeadpactError, OSError) as error:
        why = str(error)
    if why and why != told.get(what):
        log: Any = structlog.get_logger("leadpact")
        log.error(what, error=why)
        desk.now.telemetry.refused_models.inc()
    told[what] = why


def _promoted(desk: Desk, workspace: Workspace) -> None:
    if workspace.champion().name != desk.now.scorer.versions.model:
        follow(desk, load_champion(workspace, desk.now.clock))
