"""`leadpact init`: from a leads file to a workspace's two drafts."""

from __future__ import annotations

import os
from pathlib import Path

from features.activity_frames import from_activity_frame
from features.fields import Fields, Sources, Timing
from training.draft.fields import draft_fields
from training.draft.rulebook import draft_rulebook
from training.draft.write import refuse_existing, write_drafts
from training.labels import from_outcome_frame
from training.tables import read_table

_AGES = (0.0, 7.0, 30.0)
"""Ages at which leads are looked at where activities and dated outcomes are known."""


def draft_workspace(
    leads: Path,
    folder: Path,
    *,
    converted: str,
    as_of: str | None = None,
    lead: str | None = None,
    force: bool = False,
    activities: Path | None = None,
    outcomes: Path | None = None,
) -> list[str]:
    """Draft `fields.yaml` and `rulebook.yaml` in `folder`; gives notes for the person.

    Args:
        leads: the CRM's export.
        folder: the workspace; made where it is not there.
        converted: column that tells the outcome.
        as_of: column with each lead's instant.
        lead: column with the lead's id.
        force: replace drafts that are there.
        activities: a file of what the leads did.
        outcomes: a file of what became of them, and when.

    Raises:
        InputRefused: when a file cannot be read, a column is not there, or drafts would be
            replaced without `force`.
    """
    refuse_existing(folder, force)
    frame = read_table(leads)
    fields, notes = draft_fields(
        frame,
        converted=converted,
        as_of=as_of,
        lead=lead,
        leads_path=_relative(leads, folder),
        company=company_of(folder),
    )
    fields = _with_files(fields, folder, activities, outcomes)
    did = None if activities is None else from_activity_frame(read_table(activities))[0]
    became = None if outcomes is None else from_outcome_frame(read_table(outcomes))[0]
    rulebook = draft_rulebook(fields, frame, did, became)
    write_drafts(folder, fields, rulebook, notes, overwrite=force)
    return notes


def company_of(folder: Path) -> str:
    """What the company is called until somebody says otherwise: as the workspace's folder."""
    return folder.resolve().name.replace("_", " ").replace("-", " ") or "this company"


def _with_files(
    fields: Fields, folder: Path, activities: Path | None, outcomes: Path | None
) -> Fields:
    sources = Sources(
        leads=fields.sources.leads,
        activities=None if activities is None else _relative(activities, folder),
        outcomes=None if outcomes is None else _relative(outcomes, folder),
    )
    timing: Timing = fields.timing
    # Without dated outcomes, what a lead did later may have come after the conversion.
    if activities is not None and outcomes is not None and timing.as_of:
        timing = timing.model_copy(update={"snapshot_ages_days": _AGES})
    return fields.model_copy(update={"sources": sources, "timing": timing})


def _relative(path: Path, folder: Path) -> str:
    """`path` as seen from the workspace, so that both can be moved together."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
