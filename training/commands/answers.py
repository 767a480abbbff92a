"""Asking a model: score, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.commands.common import (
    HERE,
    Activities,
    AsJson,
    AsOf,
    Folder,
    activities_of,
    champion,
    instant,
    progress,
    say,
)

app = typer.Typer()


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="Leads: CSV, Parquet or NDJSON.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Scores: the same formats.")],
    workspace: Folder = HERE,
    activities: Activities = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Score a file of leads with the champion, streaming."""
    from training.score_file import score_file

    scorer = champion(workspace)
    with progress(as_json) as told:
        done = score_file(
            scorer,
            file,
            out,
            activities_of(workspace, scorer.fields.sources.activities, activities),
            instant(as_of),
            lambda rows: told(f"Scored {rows:,} rows", 1, 1),
        )
    if as_json:
        say(vars(done) | {"out": str(out), "simulated": scorer.simulated})
    else:
        typer.echo(f"{done.scored:,} leads scored into {out}.")
        if done.set_aside:
            typer.echo(f"{done.set_aside:,} rows set aside; why is in {done.quarantine}.", err=True)
    raise typer.Exit(1 if done.set_aside else 0)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="LEAD_ID|FILE", help="A lead, or a leads file.")],
    workspace: Folder = HERE,
    activities: Activities = None,
    as_of: AsOf = None,
    most: Annotated[int, typer.Option(help="Leads of a file to explain.", min=1)] = 5,
    as_json: AsJson = False,
) -> None:
    """Take a lead's score apart, to the last point."""
    import numpy as np
    from rich.console import Console

    from models.answer import answer
    from training.console import show_lead
    from training.explain import find_leads

    scorer = champion(workspace)
    columns, ids = find_leads(what, workspace, scorer.fields, most)
    seen = activities_of(workspace, scorer.fields.sources.activities, activities)
    scores = scorer.score(columns, seen, np.full(columns.n, instant(as_of)))
    if as_json:
        say([answer(lead, scores, i, scorer) for i, lead in enumerate(ids)])
        return
    for i, lead in enumerate(ids):
        show_lead(Console(), lead, scores, i, scorer)
