"""The worklist as a CSV file: whole, whatever its length, and every cell inert in a spreadsheet."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO

from features.cells import make_inert
from models.scorer import Scorer
from serving.storage.base import from_number

if TYPE_CHECKING:
    from sqlalchemy import Row

_HEAD = ("lead_id", "score", "agreed_score", "grade", "likelihood", "stage", "owner")
_PIECE = 65_536
"""Bytes that are sent at once."""


def write_leads(rows: Iterable[Row[Any]], scorer: Scorer) -> BinaryIO:
    """Write leads to a file without a name, which is gone once it is closed.

    It is written before any of it is sent: who downloads slowly holds no connection of the store,
    and a store that fails half way is told instead of half a file.

    Args:
        rows: of `Worklist.every`.
        scorer: whose versions are told.
    """
    with ExitStack() as failing:
        file = failing.enter_context(tempfile.TemporaryFile())
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        _write(csv.writer(text), rows, scorer)
        text.flush()
        text.detach()
        file.seek(0)
        failing.pop_all()
    return file


def _write(writer: Any, rows: Iterable[Row[Any]], scorer: Scorer) -> None:
    versions = (scorer.rulebook.edition, scorer.versions.model, scorer.simulated)
    writer.writerow([*_HEAD, "changed_at", "rulebook", "model", "simulated"])
    for r in rows:
        cells = (r.id, r.score, r.agreed_score, r.grade, r.likelihood, r.stage, r.owner or "")
        told = [*cells, f"{from_number(r.changed_at)}Z", *versions]
        writer.writerow([make_inert(cell) for cell in told])


def sent(file: BinaryIO) -> Iterator[bytes]:
    """A file piece by piece, closed at the end."""
    with file:
        while piece := file.read(_PIECE):
            yield piece
