"""Who may do what, from the operator's shell: the first link, a key, the table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.workspace import Workspace
from serving.commands.store import Folder, Store

app = typer.Typer()
room = typer.Typer(help="Who may do what.", no_args_is_help=True)
app.add_typer(room, name="access")
_HERE = Path()
OPERATOR = "operator"
"""Who acts in the audit log when it is done at the machine itself."""


@room.command("first-link")
def first_link(workspace: Folder = _HERE, database_url: Store = None) -> None:
    """A new one-time link that makes the first admin; exit code 1 when there is an admin."""
    from serving.access.people import first_start_link
    from serving.bootstrap import now, opened_store

    with opened_store(Workspace(workspace), database_url) as database:
        link = first_start_link(database, now())
    if link is None:
        typer.echo("There is an admin already; they add everybody else.")
        raise typer.Exit(1)
    typer.echo(f"Open {link.path} in this service, until {link.expires_at}Z. It works once.")


@room.command("key")
def make_key(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    role: Annotated[str, typer.Option(help="Whose permissions it has.")] = "crm",
    scope: Annotated[
        list[str] | None, typer.Option(help="Only this permission of the role; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days until it expires.", min=1, max=3650)] = 365,
    workspace: Folder = _HERE,
    database_url: Store = None,
) -> None:
    """Make an API key and print it, this once."""
    import numpy as np

    from serving.access.keys import make_key as run
    from serving.bootstrap import now, opened_store

    at, home = now(), Workspace(workspace)
    until = at + np.timedelta64(days, "D")
    with opened_store(home, database_url) as database, database.transaction() as connection:
        made = run(connection, OPERATOR, name, role, scope, until, at)
    typer.echo(made.text)


@room.command()
def permissions() -> None:
    """Print the table of who may do what, as in docs/permissions.md."""
    from serving.access.permissions import as_markdown

    typer.echo(as_markdown(), nl=False)
