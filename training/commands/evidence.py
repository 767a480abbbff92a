"""What history says about the agreement: evidence, replay, reconcile."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from models.workspace import Workspace
from training.commands.common import (
    HERE,
    Activities,
    AsJson,
    Folder,
    Leads,
    Outcomes,
    progress,
    say,
)

app = typer.Typer()


@app.command()
def evidence(
    workspace: Folder = HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    suggest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a proposed edition into FILE.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What history says each criterion is worth, with a verdict."""
    from rich.console import Console

    from models.evidence.suggest import suggest_edition
    from training.console_evidence import show_evidence, show_suggestion
    from training.dataset import load_dataset
    from training.evidence import evidence_of, try_suggestion

    with progress(as_json) as told:
        told("Reading the history", 1, 3)
        dataset = load_dataset(Workspace(workspace), leads, activities, outcomes)
        told("Weighing every criterion", 2, 3)
        found = evidence_of(dataset)
        told("Trying older evidence on newer leads", 3, 3)
        trial = try_suggestion(dataset)
    suggestion = suggest_edition(dataset.rulebook, found, dataset.fields)
    if suggest is not None:
        suggest.write_text(suggestion.edition.text(), encoding="utf-8")
    if as_json:
        say(
            {
                **asdict(found),
                "trial": None if trial is None else asdict(trial),
                "suggestion": {
                    "edition": suggestion.edition.edition,
                    "file": None if suggest is None else str(suggest),
                    "changes": [asdict(change) for change in suggestion.changes],
                    "tests_left_out": suggestion.left_out,
                },
                "simulated": dataset.fields.simulated,
            }
        )
        return
    show_evidence(Console(), found, trial, dataset.fields.simulated)
    if suggest is not None:
        show_suggestion(Console(), suggestion, suggest)
