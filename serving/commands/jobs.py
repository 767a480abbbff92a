"""Work beside requests, from the operator's shell: bring, rescore, store verify."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import LeadpactError
from models.workspace import Workspace
from serving.commands.operations import room
from serving.commands.store import HERE, Folder, Store

if TYPE_CHECKING:
    from models.scorer import Scorer

app = typer.Typer()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


class AlreadySweeping(LeadpactError):
    """Another process looks at the scores now."""


@app.command()
def bring(workspace: Folder = HERE, database_url: Store = None) -> None:
    """Queue the workspace's leads, with what happened to them, for the record, once.

    The service takes them in as jobs as soon as it runs; Health shows how far it is.
    """
    from serving.beginning.first_leads import bring as queue
    from serving.beginning.folder import Beginning
    from serving.bootstrap import now, opened_store

    home = Workspace(workspace)
    with opened_store(home, database_url) as database:
        did = queue(Beginning(home, database, now), home.fields())
    typer.echo(
        "Queued. `leadpact serve` takes the leads in beside its requests; Health shows how far."
        if did
        else "They were queued for the record before; nothing was done."
    )


@app.command()
def rescore(
    workspace: Folder = HERE,
    database_url: Store = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Score every lead anew, also those that cannot differ.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at every score that waits; score anew what has moved. Beside a running service too."""
    from models.scorer import Scorer
    from serving.answering import answering
    from serving.bootstrap import now, opened_store
    from serving.refreshing import LEASE, Counts, sweep
    from serving.storage.leads import LeadStore
    from serving.storage.leases import Lease

    home, lease, counts = Workspace(workspace), Lease(LEASE), Counts()
    began = time.perf_counter()
    with opened_store(home, database_url) as database:
        scorer = answering(database, Scorer.load(home.champion()), now())
        if not lease.take(database, now()):
            raise AlreadySweeping(
                "Another process sweeps now, so nothing was done. Try again when it has finished."
            )
        try:
            if everything:
                with database.transaction() as connection:
                    LeadStore(connection).mark_all_stale()
            for batch in sweep(database, lambda: scorer, now, lease):
                counts += batch
        finally:
            lease.release(database)
    seconds = time.perf_counter() - began
    if as_json:
        typer.echo(json.dumps(vars(counts) | {"seconds": round(seconds, 3)}))
        return
    typer.echo(
        f"Looked at {counts.looked:,} scores in {seconds:,.1f} s: {counts.rescored:,} scored anew, "
        f"{counts.untouched:,} untouched."
    )


@room.command()
def verify(workspace: Folder = HERE, database_url: Store = None, as_json: AsJson = False) -> None:
    """Make every current score anew from its lead's history and compare every bit."""
    from models.scorer import Scorer
    from serving.bootstrap import now, opened_store
    from serving.verifying import verify as run

    home = Workspace(workspace)

    @cache
    def scorer_of(model: str) -> Scorer:
        return Scorer.load(home.bundle(model))

    with opened_store(home, database_url) as database:
        found = run(database, scorer_of(home.champion().name), scorer_of, now())
    if as_json:
        typer.echo(json.dumps(vars(found) | {"faults": [vars(f) for f in found.faults]}))
    else:
        for fault in found.faults:
            typer.echo(f"x {fault.lead_id}: {fault.why}")
        typer.echo(
            f"{found.scores:,} scores of {found.leads:,} leads made anew: {len(found.faults):,} "
            f"differ; {found.waiting:,} wait for a sweep and say so."
        )
    raise typer.Exit(1 if found.faults else 0)
