"""Looking after the store: migrate, reproduce."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from models.workspace import Workspace

app = typer.Typer()
Folder = Annotated[Path, typer.Option("-w", "--workspace", help="The workspace's folder.")]
Store = Annotated[
    str | None,
    typer.Option("--database-url", help="Without it the setting `database_url`."),
]
HERE = Path()


@app.command()
def migrate(
    workspace: Folder = HERE,
    database_url: Store = None,
    revision: Annotated[str, typer.Option(help="`head`, `base` or a revision.")] = "head",
) -> None:
    """Bring the store's tables to this version (or back to an earlier one)."""
    from serving.bootstrap import store_of
    from serving.storage.migrate import migrate as run
    from serving.storage.migrate import revision_of

    home = Workspace(workspace)
    home.home.mkdir(parents=True, exist_ok=True)
    database = store_of(home, database_url)
    run(database, revision)
    with database.reading() as connection:
        typer.echo(f"The store is at revision {revision_of(connection) or 'none'}.")
    database.close()


@app.command()
def reproduce(
    score_id: Annotated[str, typer.Argument(help="As told by the API.")],
    workspace: Folder = HERE,
    database_url: Store = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Make a past score again from stored history and the model that made it; compare every bit."""
    from models.scorer import Scorer
    from serving.bootstrap import opened_store
    from serving.reproducing import model_of
    from serving.reproducing import reproduce as run

    home = Workspace(workspace)
    with opened_store(home, database_url) as database, database.reading() as connection:
        scorer = Scorer.load(home.bundle(model_of(connection, score_id)))
        found = run(connection, scorer, score_id)
    if as_json:
        told = {"score_id": found.score_id, "lead_id": found.lead_id, "model": found.model}
        same = {"same": found.same, "differs": list(found.differs)}
        typer.echo(json.dumps(told | same | {"score_exact": found.again["score_exact"]}))
    elif found.same:
        exact = found.again["score_exact"]
        typer.echo(f"Score {score_id} of {found.lead_id}: {exact!r}, the same in every bit.")
    else:
        typer.echo(f"Score {score_id} differs in {', '.join(found.differs)}.")
    raise typer.Exit(0 if found.same else 1)
