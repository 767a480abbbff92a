"""A file of leads in, a file of scores out, in chunks: memory stays flat for any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.columns import readable
from features.frames import Read, read_frame
from features.timeline import Activities
from models.scorer import Scorer
from training.intake import Rejected, rejected_of, with_rows, write_quarantine
from training.tables import CHUNK, iter_tables, open_writer


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
    ids = (
        frame[lead.column].iloc[good].to_numpy()
        if lead.column in frame.columns
        else [f"#{row}" for row in good]
    )
    out = pd.DataFrame(
        {
            lead.column: ids,
            "score": scores.shown.astype(np.int64),
            "likelihood": np.round(scores.likelihood, 6),
            "likelihood_low": np.round(scores.low, 6),
            "likelihood_high": np.round(scores.high, 6),
            "grade": scores.grades,
            "agreed_score": scores.agreed.astype(np.int64),
            "handed_over": scores.shown >= scorer.rulebook.hand_over_from,
            "reasons": [scores.explain(i).in_short() for i in range(scores.n)],
        }
    )
    versions = scorer.versions
    told = {"model": versions.model, "rulebook": versions.rulebook, "as_of": f"{as_of}Z"}
    # What a simulated company scored must never pass for the real thing, in any file.
    return out.assign(**told, **({"simulated": True} if scorer.simulated else {}))
