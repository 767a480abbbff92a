"""One process answers by the edition in force: looked up, put under the model, swapped in."""

from __future__ import annotations

from typing import Any

import structlog

from models.scorer import Scorer
from serving.answering import answering
from serving.state import Desk


def follow(desk: Desk, scorer: Scorer | None = None) -> None:
    """Answer by the edition in force, with this model or with the one that answers.

    Raises:
        DocumentRefused: when the edition does not fit the model's fields; what answers goes on.
        EditionDamaged: when it is not the text that was signed; likewise.
        StoreUnreachable: when nobody can tell which edition is in force; likewise.
    """
    worker = desk.now
    found = answering(worker.database, scorer or worker.scorer, worker.clock())
    if found.versions == worker.scorer.versions:
        return
    desk.swap(found)
    worker.telemetry.serves(found.versions)
    log: Any = structlog.get_logger("leadpact")
    before, now = worker.scorer.versions, found.versions
    log.info(
        "model swapped",
        before=before.model,
        now=now.model,
        edition_before=before.rulebook,
        edition=now.rulebook,
    )
