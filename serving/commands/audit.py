"""Looking after the audit log: `leadpact audit verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from models.workspace import Workspace
from serving.commands.store import Folder, Store

app = typer.Typer()
room = typer.Typer(help="The audit log.", no_args_is_help=True)
app.add_typer(room, name="audit")
_HERE = Path()


@room.callback()
def audit() -> None:
    """The audit log: who did what, in a chain."""


@room.command()
def verify(
    workspace: Folder = _HERE,
    database_url: Store = None,
    noted: Annotated[
        str | None,
        typer.Option(help="A head that was kept elsewhere (COUNT:HASH); the log must hold it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Walk the whole log; exit code 1 when anything was changed, removed, put in or moved."""
    from serving.bootstrap import opened_store
    from serving.storage.audit import read_head
    from serving.storage.audit import verify as run

    head = None if noted is None else read_head(noted)
    home = Workspace(workspace)
    with opened_store(home, database_url) as database, database.reading() as connection:
        found = run(connection, head)
    if as_json:
        told = {"whole": not found.faults, "entries": found.entries, "faults": found.faults}
        typer.echo(json.dumps(told | {"head": found.head and str(found.head)}))
    elif found.faults:
        typer.echo("The audit log was tampered with:\n- " + "\n- ".join(found.faults))
    else:
        typer.echo(
            f"{found.entries} entries, whole. Keep this head elsewhere, and hand it to --noted "
            f"later:\n{found.head}"
        )
    raise typer.Exit(1 if found.faults else 0)
