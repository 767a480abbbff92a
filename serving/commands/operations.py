"""Running it: what may be set, what is counted, copies of the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from models.workspace import Workspace
from serving.commands.store import Folder, Store

app = typer.Typer()
room = typer.Typer(help="Copies of the store.", no_args_is_help=True)
app.add_typer(room, name="store")
_HERE = Path()
_MARKDOWN = typer.Option("--markdown", help="The table as in docs/operations.md.")


@app.command()
def settings(
    workspace: Folder = _HERE,
    markdown: Annotated[bool, _MARKDOWN] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Every setting: what it is now and where that comes from. Secrets are not shown."""
    from serving.configuration import as_markdown, values_now

    if markdown:
        typer.echo(as_markdown(), nl=False)
        return
    now = list(values_now(workspace))
    if as_json:
        told = [{"name": s.name, "value": value, "from": source} for s, value, source in now]
        typer.echo(json.dumps(told))
        return
    wide = max(len(setting.name) for setting, _, _ in now)
    for setting, value, source in now:
        typer.echo(f"{setting.name:{wide}}  {value or '-'}  ({source})")


@app.command()
def metrics() -> None:
    """Print the table of figures that `/metrics` tells, as in docs/operations.md."""
    from serving.freshness import FIGURES
    from serving.telemetry import Telemetry, as_markdown

    typer.echo(as_markdown([*Telemetry().figures, *FIGURES]), nl=False)


@room.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
    workspace: Folder = _HERE,
    database_url: Store = None,
) -> None:
    """Copy a SQLite store into FILE, also while it is in use; the copy is checked."""
    from serving.bootstrap import store_of
    from serving.storage.backup import back_up

    database = store_of(Workspace(workspace), database_url)
    try:
        back_up(database, file)
    finally:
        database.close()
    typer.echo(f"The store is copied to {file}. It holds people's data: keep it as such.")


@room.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `leadpact store backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite the store that is there.")
    ] = False,
    workspace: Folder = _HERE,
    database_url: Store = None,
) -> None:
    """Bring a copy of a SQLite store back, and up to this version."""
    from serving.bootstrap import store_of
    from serving.storage.backup import restore as run
    from serving.storage.migrate import migrate

    home = Workspace(workspace)
    home.home.mkdir(parents=True, exist_ok=True)
    database = store_of(home, database_url)
    try:
        run(database, file, replace=replace)
        migrate(database)
    finally:
        database.close()
    typer.echo(f"The store is that of {file} again.")
