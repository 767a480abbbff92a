"""How an empty store begins: with the workspace's rulebook, or with the champion's."""

from __future__ import annotations

import numpy as np

from features.errors import DocumentRefused
from features.rulebook.check import complaints
from models.scorer import Scorer
from models.workspace import Workspace
from serving.editions import IN_BUNDLE, SIGNED_IN_FILE, UNSIGNED_FILE, seed
from serving.storage.database import Database
from serving.storage.pact import EditionStore


def begin(database: Database, workspace: Workspace, now: np.datetime64) -> bool:
    """Begin the store unless it holds an edition; whether that was done.

    Raises:
        DocumentRefused: when rulebook.yaml is there and cannot be used: nothing else is taken in
            its place.
        NoChampion: when there is neither a rulebook nor a model.
    """
    with database.reading() as connection:
        if EditionStore(connection).latest() is not None:
            return False
    if (workspace.folder / "rulebook.yaml").is_file():
        book = workspace.rulebook()
        wrong = complaints(book, workspace.fields())
        if wrong:
            raise DocumentRefused("The rulebook does not fit the fields:\n  " + "\n  ".join(wrong))
        note = SIGNED_IN_FILE if book.status == "signed" else UNSIGNED_FILE
    else:
        # A workspace into which a model was pulled has no files of its own.
        book, note = Scorer.load(workspace.champion()).rulebook, IN_BUNDLE
    with database.transaction() as connection:
        return seed(connection, book, note, now)
