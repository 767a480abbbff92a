"""A file of leads in, a file of scores out, in chunks: memory stays flat for any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Ints
from features.columns import Columns, readable
from features.fields import Field
from features.frames import Read, read_frame
from features.timeline import Activities
from models.reconciliation import label
from models.scorer import Scorer, Scores
from training.intake import ROW, Rejected, rejected_of, with_rows, write_quarantine
from training.tables import CHUNK, iter_tables
from training.writers import open_writer


@dataclass(frozen=True)
class Done:
    """How a file went: leads scored, rows set aside, and where the latter are told."""

    scored: int
    set_aside: int
    quarantine: Path | None


def score_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    activities: Activities,
    as_of: np.datetime64,
    told: Callable[[int], None] = lambda _rows: None,
) -> Done:
    """Score every lead of `source` as of one instant and write `target`.

    A row with a cell that cannot be taken is set aside, named in `TARGET.quarantine.csv`.

    Raises:
        InputRefused: when the file cannot be read, or holds none of the fields.
    """
    scored = row = 0
    rejected: list[Rejected] = []
    with open_writer(target) as writer:
        for chunk in iter_tables(source, CHUNK):
            frame = with_rows(chunk, row + 1)
            read = read_frame(frame, readable(scorer.fields))
            rejected += rejected_of(source, read.problems, row)
            writer.write(_scores(scorer, frame, read, activities, as_of))
            scored += int(read.good.sum())
            row += len(chunk)
            told(row)
    quarantine = None
    if rejected:
        quarantine = target.with_name(f"{target.name}.quarantine.csv")
        write_quarantine(tuple(rejected), quarantine)
    return Done(scored, row - scored, quarantine)


def _scores(
    scorer: Scorer, frame: pd.DataFrame, read: Read, activities: Activities, as_of: np.datetime64
) -> pd.DataFrame:
    good = np.flatnonzero(read.good)
    columns = read.columns.take(good)
    scores = scorer.score(columns, activities, np.full(len(good), as_of))
    lead = scorer.fields[scorer.fields.lead]
    out = pd.DataFrame(
        {
            lead.column: _ids(frame, lead, columns, good),
            "score": scores.shown.astype(np.int64),
            "likelihood": np.round(scores.likelihood, 6),
            "likelihood_low": np.round(scores.low, 6),
            "likelihood_high": np.round(scores.high, 6),
            "grade": scores.grades,
            "agreed_score": scores.agreed.astype(np.int64),
            "handed_over": scores.handed_over,
            "disagreement": [_disagreement(scores, i) for i in range(scores.n)],
            "reasons": [scores.explain(i).in_short() for i in range(scores.n)],
        }
    )
    out = out.assign(**_beside(scores))
    stated, amounts = scorer.rulebook.value, scores.amounts
    if stated is not None and amounts is not None:
        worth = np.round(scores.likelihood * amounts.mean, 2)
        out = out.assign(value=worth, amount=np.round(amounts.mean, 2), currency=stated.currency)
        if stated.retention == "one_year" and scores.stays is not None:
            out = out.assign(retention=np.round(scores.stays.likelihood, 6))
    # A first chunk without any good row must not settle that texts are nothing.
    out = out.astype({"grade": "str", "disagreement": "str", "reasons": "str"})
    versions = scorer.versions
    told = {"model": versions.model, "rulebook": versions.rulebook, "as_of": f"{as_of}Z"}
    # What a simulated company scored must never pass for the real thing, in any file.
    return out.assign(**told, **({"simulated": True} if scorer.simulated else {}))


def _disagreement(scores: Scores, i: int) -> str:
    """How agreed and learned score part beyond the tolerance, and by what; "" where they agree."""
    found = label(scores, i)
    return "" if found.responsible is None else found.says


def _beside(scores: Scores) -> dict[str, Any]:
    """Columns that only some editions tell: fit, engagement, their cell, and the other routes."""
    told: dict[str, Any] = {name: np.round(x, 6) for name, x in scores.sub_scores.items()}
    book = scores.told.rulebook
    if book.grid is not None:
        told["grid"] = pd.Series(scores.cells, dtype="str")
    if book.disqualifiers:
        ways = [(d.id, d.route) for d in book.disqualifiers] + [("", "")]
        found = [ways[place] for place in scores.disqualified.tolist()]
        told["disqualified"] = pd.Series([name for name, _ in found], dtype="str")
        told["route"] = pd.Series([route for _, route in found], dtype="str")
    return told


def _ids(frame: pd.DataFrame, lead: Field, columns: Columns, good: Ints) -> pd.Series[Any]:
    """The leads' ids as the file holds them; `#` and the row, from 1, where it has none."""
    if lead.column not in frame.columns:
        return pd.Series([f"#{row}" for row in frame[ROW].iloc[good]], dtype="str")
    cells = frame[lead.column].iloc[good].reset_index(drop=True)
    if pd.api.types.is_integer_dtype(cells):
        return cells
    return pd.Series(columns[lead.name], dtype="str")
