"""Find the leads a person asks about: by id in the workspace's leads file, or all of a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from features.columns import Columns, lead_ids, readable
from features.errors import InputRefused
from features.fields import Fields
from features.frames import as_text, read_frame
from training.intake import files_of, with_rows
from training.tables import iter_tables


def find_leads(what: str, folder: Path, fields: Fields, most: int) -> tuple[Columns, list[str]]:
    """The leads of the file `what`, at most `most`; or the one lead of that id.

    Raises:
        InputRefused: when there is no such lead, or its row cannot be read.
    """
    path = Path(what)
    by_id = not path.is_file()
    source = files_of(fields, folder).leads if by_id else path
    row = 0
    for chunk in iter_tables(source):
        frame = with_rows(chunk, row + 1)
        row += len(chunk)
        if by_id:
            column = fields[fields.lead].column
            if column not in frame.columns:
                raise InputRefused(f"{source} has no column {column!r} to find a lead by.")
            frame = frame[[as_text(cell).strip() == what for cell in frame[column]]]
        if len(frame):
            read = read_frame(frame.iloc[: 1 if by_id else most], readable(fields))
            if not read.good.any():
                told = "; ".join(p.sentence() for p in read.problems)
                raise InputRefused(f"{what} cannot be scored: {told}", read.problems)
            columns = read.columns.take(np.flatnonzero(read.good))
            return columns, [str(v) for v in lead_ids(columns, fields)]
    raise InputRefused(
        f"No lead {what!r} in {source} ({row:,} rows), and no file of that name. Ids are in the "
        f"column {fields[fields.lead].column!r}."
    )
