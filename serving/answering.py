"""Which edition a model answers under: the one in force, or the one that a past answer names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection

from models.in_force import under
from models.scorer import Scorer
from serving.editions import find_edition, read_edition
from serving.storage.base import to_number
from serving.storage.database import Database
from serving.storage.pact import EditionStore


def in_force_of(connection: Connection, scorer: Scorer, now: np.datetime64) -> Scorer:
    """The model under the edition in force; as it is while the store holds none.

    Raises:
        DocumentRefused: when the edition does not fit the model's fields.
        EditionDamaged: when it is not the text that was signed.
    """
    row = EditionStore(connection).in_force(to_number(now))
    if row is None or row.sha256 == scorer.versions.rulebook_sha256:
        return scorer
    return under(scorer, read_edition(row).rulebook)


def answering(database: Database, scorer: Scorer, now: np.datetime64) -> Scorer:
    """The same, in a transaction of its own."""
    with database.reading() as connection:
        return in_force_of(connection, scorer, now)


def as_told(connection: Connection, scorer: Scorer, answer: Mapping[str, Any]) -> Scorer:
    """The model under the edition that a past answer names.

    Raises:
        NoSuchEdition: when the store does not hold it.
    """
    sha256 = answer.get("versions", {}).get("rulebook_sha256")
    # An answer that names none was tampered with; whoever compares it will find that.
    if sha256 in (None, scorer.versions.rulebook_sha256):
        return scorer
    return under(scorer, find_edition(connection, str(sha256)).rulebook)
