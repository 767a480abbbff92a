"""What routes and pages ask of the pact beside its record: evidence, and a replay of a draft."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.fields import Fields
from models.scorer import Scorer
from serving.access.caller import Caller
from serving.pact.proposals import Pact
from serving.pact.replaying import Replayed, replay_stored
from serving.pact.scope import scope_of
from serving.storage.database import Database


def evidence_of(scorer: Scorer) -> dict[str, dict[str, Any]]:
    """Criterion -> what history says of it, by the model's card."""
    return {str(told["id"]): told for told in scorer.card.get("evidence", [])}


def replay_proposal(
    database: Database, fields: Fields, now: np.datetime64, caller: Caller, proposal_id: str
) -> tuple[Replayed, str]:
    """What a draft does to stored leads, read beside those who write, and the hash of its text.

    Raises:
        InputRefused: with all that keeps the draft from being proposed.
        Conflict: when another edition was agreed meanwhile.
        NoSuch: when there is no such proposal.
    """
    with database.reading() as connection:
        base, book, sha256 = Pact(connection, fields, now, caller).check(proposal_id)
        capacity = scope_of(connection).capacity_a_week
        return replay_stored(connection, fields, base, book, now, capacity), sha256
