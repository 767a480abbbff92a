"""`leadpact export-training`: the store's history in the form that `leadpact train` takes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from models.workspace import Workspace
from serving.commands.access import OPERATOR
from serving.commands.store import Folder, Store

app = typer.Typer()
_HERE = Path()


@app.command("export-training")
def export_training(
    to: Annotated[Path, typer.Option(help="Folder to write; files there are replaced.")],
    workspace: Folder = _HERE,
    database_url: Store = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Write a copy of the history for training, without who was erased or does not want to teach.

    The store remembers the folder, so that whoever is erased later is cut out of the copy too.
    """
    from serving.bootstrap import now, opened_store
    from serving.privacy.copies import note_copy
    from serving.training_export import FILES, export_history

    home, at, folder = Workspace(workspace), now(), to.resolve()
    fields, rulebook = home.fields(), home.rulebook()
    with opened_store(home, database_url) as database:
        with database.reading() as connection:
            done = export_history(connection, fields, rulebook, folder)
        with database.transaction() as connection:
            lead_column = fields[fields.lead].column
            cut = note_copy(connection, folder, lead_column, done.leads, OPERATOR, at)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **asdict(done), "cut": cut}))
        return
    typer.echo(
        f"{done.leads:,} leads, {done.activities:,} activities and {done.outcomes:,} outcomes are "
        f"in {to}; {done.opted_out:,} leads are left out, as their persons wish."
    )
    if done.late:
        typer.echo(
            f"{done.late:,} leads came here only after the instant at which they are looked at: "
            "their fields may know what was not known then.",
            err=True,
        )
    options = zip(("--leads", "--activities", "--outcomes"), FILES, strict=True)
    told = " ".join(f"{option} {to / name}" for option, name in options)
    typer.echo(f"Next: leadpact train -w {workspace} {told}")
